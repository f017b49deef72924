"""Whoever goes past the shim is seen. The lines that do so stand in a module of their own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from notifykit_compat.errors import ShimRefusedError
from notifykit_compat.findings import Findings
from notifykit_compat.watching import Watch

from notifykit.clock import SystemClock
from notifykit.outbox import SqliteOutbox

PROGRAM = """
import json, os, sqlite3
from pathlib import Path

def connect(path):
    sqlite3.connect(path).close()

def write(path, mode='w'):
    with open(path, mode) as file:
        pass

def write_by_pathlib(path):
    Path(path).write_text('{}')

def write_by_descriptor(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
"""


@pytest.fixture
def program(tmp_path: Path) -> Any:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM, encoding="utf-8")
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(PROGRAM, str(file), "exec"), names)
    return names


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    monkeypatch.chdir(tmp_path)
    with contextlib.ExitStack() as stack:

        def watching(*, strict: bool = False, excused: Callable[[FrameType], bool] = lambda _: False) -> list[str]:
            told: list[str] = []
            files = {tmp_path / "status.json": "writes a send-status file itself"}
            findings = Findings(told.append, strict=strict)
            made = Watch(tmp_path / "tasks.db", files, findings, program=tmp_path, dress=print, excused=excused)
            made.begin()
            stack.callback(made.end)
            return told

        yield watching


def test_a_connection_to_the_task_database_is_told_with_its_line(
    program: Any, watch: Callable[..., list[str]], tmp_path: Path
) -> None:
    told = watch()
    for path in ("tasks.db", str(tmp_path / "tasks.db"), tmp_path / "tasks.db"):
        program["connect"](path)
    program["connect"]("other.db")
    program["connect"](":memory:")
    place = f"{tmp_path / 'program.py'}:6"
    assert told == [
        (
            f"notifykit shim: {place}: connects to the task database itself; "
            "let it use task_manager, or keep it away from migrated campaigns"
        )
    ]


@pytest.mark.parametrize("way", ["write", "write_by_pathlib", "write_by_descriptor"])
def test_who_writes_a_file_of_ours_is_told(program: Any, watch: Callable[..., list[str]], way: str) -> None:
    told = watch()
    program[way]("status.json")
    program[way]("./status.json")
    program[way]("other.json")
    assert len(told) == 1
    assert "program.py:" in told[0]
    assert "writes a send-status file itself; let it use the functions of file_utils" in told[0]


def test_who_reads_or_appends_does_no_harm(program: Any, watch: Callable[..., list[str]], tmp_path: Path) -> None:
    told = watch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "status.json").touch()
    program["write"]("status.json", "a")
    program["write"]("status.json", "r")
    program["write"]("elsewhere/status.json")
    assert told == []


def test_strict_refuses_before_anything_happens(program: Any, watch: Callable[..., list[str]], tmp_path: Path) -> None:
    watch(strict=True)
    with pytest.raises(ShimRefusedError, match="connects to the task database itself"):
        program["connect"]("tasks.db")
    with pytest.raises(ShimRefusedError, match="writes a send-status file itself"):
        program["write"]("status.json")
    assert not (tmp_path / "tasks.db").exists()
    assert not (tmp_path / "status.json").exists()


def test_who_is_excused_is_let_be(program: Any, watch: Callable[..., list[str]]) -> None:
    told = watch(excused=lambda frame: frame.f_code.co_name == "connect")
    program["connect"]("tasks.db")
    assert told == []


def test_notifykit_itself_is_no_stranger(watch: Callable[..., list[str]], tmp_path: Path) -> None:
    told = watch()
    SqliteOutbox.open(tmp_path / "tasks.db", SystemClock()).close()
    assert told == []


def test_nobody_watches_when_it_is_over(program: Any, watch: Callable[..., list[str]]) -> None:
    first, second = watch(), watch()
    program["connect"]("tasks.db")
    assert (len(first), len(second)) == (0, 1)


def test_odd_arguments_are_left_to_whom_they_concern(watch: Callable[..., list[str]], tmp_path: Path) -> None:
    watch()
    with (tmp_path / "x").open("wb") as file, open(file.fileno(), "wb", closefd=False):
        pass
    with pytest.raises(TypeError):
        sqlite3.connect(3.5)  # type: ignore[call-overload]
