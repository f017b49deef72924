"""The old scheduler's log, line by line."""

from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.log import LONGEST, read_log, require_log


@pytest.mark.parametrize(
    ("line", "begun", "raised", "done"),
    [
        ("Executing task ID: 7", {7}, set(), set()),
        ("2025-08-20 09:30:00,123 - INFO - Executing task ID 7 of type send_wecom_message", {7}, set(), set()),
        ("Error executing task ID: 7: window not found (code 12)", set(), {7}, set()),
        ("Task 7 completed successfully", set(), set(), {7}),
        ("Task ID: 7 completed successfully.", set(), set(), {7}),
        ("task ID 7 completed successfully", set(), set(), {7}),
        ("Executing task ID: 7\rTask 7 completed successfully", {7}, set(), {7}),
        ("Checked 7 tasks", set(), set(), set()),
        pytest.param(f"Executing task ID: {'9' * 5000}", set(), set(), set(), id="no id of a row"),
        ("Task 7 was created", set(), set(), set()),
        ("", set(), set(), set()),
    ],
)
def test_a_line(tmp_path: Path, line: str, begun: set[int], raised: set[int], done: set[int]) -> None:
    path = tmp_path / "log"
    path.write_text(line + "\n", encoding="utf-8")
    log = read_log(path)
    assert (log.begun, log.raised, log.done) == (begun, raised, done)


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("Executing task ID: 7\n", encoding="utf-8")
    with path.open("r+b") as file:
        file.truncate(32 * LONGEST)
        file.seek(0, os.SEEK_END)
        file.write(b"\nTask 7 completed successfully\n")
    tracemalloc.start()
    log = read_log(path)
    assert tracemalloc.get_traced_memory()[1] < 8 * LONGEST
    tracemalloc.stop()
    assert (log.begun, log.done) == ({7}, {7})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_any_encoding_that_keeps_digits(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log"
    path.write_bytes("信息 Executing task ID: 7 发送\r\n错误 Error executing task ID: 8 找不到窗口".encode(encoding))
    log = read_log(path)
    assert (log.begun, log.raised) == ({7}, {8})


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: None], ids=["a folder", "nothing"])
def test_what_cannot_be_read(tmp_path: Path, make: object) -> None:
    path = tmp_path / "log"
    assert callable(make)
    make(path)
    with pytest.raises(PreflightError, match="check --log"):
        read_log(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PreflightError, match="is a pipe or a device; check --log"):
        read_log(tmp_path / "pipe")


def test_a_file_that_says_nothing_of_tasks_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("import logging\n", encoding="utf-8")
    with pytest.raises(PreflightError, match="no line of it speaks of a task"):
        require_log(path)
