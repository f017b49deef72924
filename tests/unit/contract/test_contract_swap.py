"""Replacing a file while others write to it."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from notifykit_contract import swap
from notifykit_contract.patch import read_at, seek_and_read, seek_and_write, write_at
from notifykit_contract.swap import has_writer

from notifykit import durable


def test_a_writer_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"x")
    with path.open("rb") as reader:
        assert not has_writer(reader.fileno())
        with path.open("ab"):
            assert has_writer(reader.fileno())
        assert not has_writer(reader.fileno())


def test_where_the_system_cannot_tell_nobody_is_waited_for() -> None:
    reading, writing = os.pipe()
    try:
        assert not has_writer(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_rows_of_a_program_that_had_the_old_file_open_are_carried_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opened the file after we looked, and writes when the file has lost its name."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    replaced, opened = threading.Event(), threading.Event()

    def append_late() -> None:
        with path.open("ab") as file:
            opened.set()
            replaced.wait()
            time.sleep(0.05)
            file.write(b"2,N\n")

    late = threading.Thread(target=append_late)
    take_along = swap._take_along

    def take_along_and_be_overtaken(original: BinaryIO, file: BinaryIO) -> None:
        take_along(original, file)
        if not replaced.is_set():
            late.start()
            opened.wait()

    sync = durable.sync_folder

    def sync_folder(folder: Path) -> None:
        sync(folder)
        replaced.set()

    monkeypatch.setattr(swap, "_take_along", take_along_and_be_overtaken)
    monkeypatch.setattr(durable, "sync_folder", sync_folder)
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    late.join()
    assert path.read_bytes() == b"id,flag\n1,sent\n2,N\n"


@pytest.mark.parametrize("now", [b"id,flag\n2,N\n1,N\n", b"id,flag\n", b""])
def test_a_file_that_was_rewritten_is_not_replaced(tmp_path: Path, now: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(now)
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    assert path.read_bytes() == now
    assert [item.name for item in tmp_path.iterdir()] == ["x.csv"]


def test_rows_appended_since_the_file_was_read_are_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n2,N\n")
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    assert path.read_bytes() == b"id,flag\n1,sent\n2,N\n"
    assert [item.name for item in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize(("read", "write"), [(read_at, write_at), (seek_and_read, seek_and_write)])
def test_bytes_are_read_and_written_at_an_offset(tmp_path: Path, read: type, write: type) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"0123456789")
    with path.open("r+b", buffering=0) as file:
        assert read(file.fileno(), 3, 4) == b"456"
        assert write(file.fileno(), b"ab", 4) == 2
        assert read(file.fileno(), 9, 8) == b"89"
    assert path.read_bytes() == b"0123ab6789"


def test_a_file_marked_read_only_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(PermissionError) as caught:
        swap.swap(path, b"a", b"b")
    assert caught.value.errno == errno.EACCES
    assert path.read_bytes() == b"a"
