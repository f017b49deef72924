"""A send-status file is read as far as it is whole."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.status_file import parse_status, read_status_file

WORDS = {"2025080000000000001": "发送成功", 'with "quotes" \\ and 引号': "别的", "x": 1, "y": None}


def text(words: dict[str, object]) -> bytes:
    return json.dumps(words, ensure_ascii=False, indent=4).encode()


def test_a_whole_file() -> None:
    status = parse_status(text(WORDS))
    assert (status.words, status.torn) == (WORDS, False)


def test_a_file_that_was_cut_anywhere_gives_what_stands_before_the_cut() -> None:
    whole = text(WORDS)
    items = list(WORDS.items())
    for cut in range(len(whole)):
        status = parse_status(whole[:cut])
        assert status.torn
        assert list(status.words.items()) == items[: len(status.words)]
    assert len(parse_status(whole[:-1]).words) >= len(items) - 1


def test_zero_bytes_after_a_power_cut_are_a_tear() -> None:
    assert parse_status(b"\0" * 64).torn
    assert parse_status(text(WORDS)[:60] + b"\0" * 20).torn


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    status = read_status_file(tmp_path / "no.json", "no.json")
    assert (status.words, status.torn, status.there) == ({}, False, False)


@pytest.mark.parametrize(
    ("data", "what"), [(b"[]", "array"), (b"3", "number"), (b'"a"', "string"), (b"null", "null"), (b"<html>", "'<'")]
)
def test_something_else_than_an_object_is_refused(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(data)
    with pytest.raises(PreflightError, match=what) as caught:
        read_status_file(path, "state.json")
    assert str(caught.value).startswith("state.json: ")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="cannot be read"):
        read_status_file(tmp_path, "state")


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PreflightError, match=r"cannot be read \(it is a pipe or a device\)"):
        read_status_file(tmp_path / "pipe", "x.json")
