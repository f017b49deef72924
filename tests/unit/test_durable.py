"""Files that survive a crash: what is brought to disk, in which order, and what differs between systems."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from notifykit import durable

Noted = list[str]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    """What was synced and replaced, in order: a folder, a file with its content, a new name."""
    told: Noted = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        facts = os.fstat(descriptor)
        told.append("folder" if stat.S_ISDIR(facts.st_mode) else f"file of {facts.st_size}")
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        told.append(f"{self.name} becomes {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    return told


FOLDER = [] if sys.platform == "win32" else ["folder"]


def test_a_new_file_is_the_owners_and_on_disk(tmp_path: Path, noted: Noted) -> None:
    path = tmp_path / "a.json"
    durable.write_new(path, b"12345")
    assert path.read_bytes() == b"12345"
    assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert noted == ["file of 5"]
    with pytest.raises(FileExistsError):
        durable.write_new(path, b"")
    assert path.read_bytes() == b"12345"


def test_a_replaced_file_has_its_name_on_disk(tmp_path: Path, noted: Noted) -> None:
    (tmp_path / "a").write_bytes(b"old")
    durable.write_new(tmp_path / "b", b"new!")
    durable.replace(tmp_path / "b", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new!"
    assert noted == ["file of 4", "b becomes a", *FOLDER]


def test_a_new_folder_has_its_name_on_disk(tmp_path: Path, noted: Noted) -> None:
    durable.make_folder(tmp_path / "x")
    durable.make_folder(tmp_path / "x")
    assert noted == FOLDER
    assert sys.platform == "win32" or stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o700


def test_what_was_written_to_an_open_file_is_on_disk(tmp_path: Path, noted: Noted) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.write(b"123")
        durable.sync(file)
        durable.sync(file.fileno())
    assert noted == ["file of 3", "file of 3"]


def test_all_of_it_is_written_however_little_the_system_takes(
    tmp_path: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data[:2])))
    descriptor = os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0))
    durable.write_all(descriptor, b"12345")
    os.close(descriptor)
    assert (tmp_path / "a").read_bytes() == b"12345"
    assert noted == ["file of 5"]


def test_a_file_gets_the_mode_of_the_one_whose_place_it_takes(tmp_path: Path) -> None:
    for name, mode in (("a", 0o640), ("b", 0o600)):
        (tmp_path / name).write_bytes(b"")
        (tmp_path / name).chmod(mode)
    durable.keep_owner_and_mode(tmp_path / "b", (tmp_path / "a").stat())
    now, wanted = (tmp_path / "b").stat(), (tmp_path / "a").stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (wanted.st_mode, wanted.st_uid, wanted.st_gid)


def held_open() -> PermissionError:
    """What Windows says of a file that another program has open."""
    error = PermissionError(errno.EACCES, "the process cannot access the file")
    setattr(error, "winerror", 32)  # noqa: B010 - only Windows knows it
    return error


def test_a_file_that_another_program_holds_open_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_PAUSE", 0.0)
    tries = iter([held_open(), held_open(), None])

    def call() -> None:
        if (error := next(tries)) is not None:
            raise error

    durable.patiently(call)
    assert next(tries, "used up") == "used up"


def test_it_is_not_tried_for_ever_and_not_at_all_where_nobody_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_PAUSE", 0.0)
    monkeypatch.setattr(durable, "PATIENCE", 0.01)
    tries: list[OSError] = []

    def refuse(error: OSError) -> None:
        tries.append(error)
        raise error

    with pytest.raises(PermissionError):
        durable.patiently(lambda: refuse(held_open()))
    assert len(tries) > 1
    tries.clear()
    with pytest.raises(PermissionError):
        durable.patiently(lambda: refuse(PermissionError(errno.EACCES, "denied")))
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "(No space left on device): make room"),
        (OSError(errno.EROFS, "Read-only"), "(Read-only): check owner and mode of it and of its folder"),
        (
            held_open(),
            "(the process cannot access the file): close it in the program that has it open, a spreadsheet perhaps",
        ),
        (OSError(errno.EIO, "Input/output error"), "(Input/output error): see the system's log"),
    ],
)
def test_the_mend_fits_what_the_system_says(error: OSError, told: str) -> None:
    assert durable.mend(error) == told
