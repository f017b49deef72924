"""Files that survive a crash: what is brought to disk, in which order, and what differs between systems."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Iterator
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


LINUX = sys.platform == "linux"
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


@pytest.fixture(params=[0o000, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_whatever_the_umask_a_copy_has_the_mode_of_the_original_and_a_new_file_is_its_owners(
    tmp_path: Path, mode: int
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"1")
    source.chmod(mode)
    durable.copy_alike(source, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == mode
    durable.write_for_owner(source, b"2")
    durable.new_file(tmp_path / "new").close()
    for name in ("source", "new"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert source.read_bytes() == b"2"


def test_a_file_for_its_owner_keeps_links_and_writes_to_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    (tmp_path / ".real.notifykit.new").write_bytes(b"left by a process that was killed")
    durable.write_for_owner(tmp_path / "link", b"1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"1"
    durable.write_for_owner(Path(os.devnull), b"2")
    assert not Path(os.devnull).is_file()
    with pytest.raises(OSError, match=r"directory|Permission"):
        durable.write_for_owner(tmp_path, b"3")
    assert {path.name for path in tmp_path.iterdir()} == {"link", "real"}


def test_a_writer_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with path.open("rb") as reader:
        assert not durable.has_writer(reader.fileno())
        with path.open("ab"):
            assert durable.has_writer(reader.fileno()) is LINUX
        assert not durable.has_writer(reader.fileno())


def test_where_the_system_cannot_tell_nobody_is_waited_for() -> None:
    reading, writing = os.pipe()
    try:
        assert not durable.has_writer(reading)
        with durable.kept_from_others(reading, 60, readers_too=False) as others:
            assert not others.held
            assert not others.wanted()
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.skipif(not LINUX, reason="only Linux has leases")
def test_who_opens_a_file_waits_until_we_are_done(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    opened: list[bytes] = []

    def open_it() -> None:
        with path.open("r+b") as file:
            opened.append(file.read())

    other = threading.Thread(target=open_it)
    with (
        path.open("r+b", buffering=0) as file,
        durable.kept_from_others(file.fileno(), 1, readers_too=True) as others,
    ):
        assert others.held
        assert not others.wanted()
        other.start()
        while not others.wanted():
            pass
        assert not opened
        file.write(b"new")
    other.join()
    assert opened == [b"new"]


@pytest.mark.skipif(not LINUX, reason="only Linux has leases")
def test_who_only_reads_need_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with path.open("rb") as file, durable.kept_from_others(file.fileno(), 1, readers_too=False) as others:
        assert others.held
        assert path.read_bytes() == b"old"
        assert not others.wanted()


def test_a_program_that_has_the_file_open_is_not_waited_for_without_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with (
        path.open("rb"),
        path.open("r+b", buffering=0) as file,
        durable.kept_from_others(file.fileno(), 0.01, readers_too=True) as others,
    ):
        assert not others.held


def test_two_files_exchange_their_names_or_nothing_happens(tmp_path: Path) -> None:
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    done = durable.exchange(one, other)
    assert (one.read_bytes(), other.read_bytes()) == ((b"2", b"1") if done else (b"1", b"2"))
    assert done or not LINUX
    if done:
        with pytest.raises(FileNotFoundError):
            durable.exchange(one, tmp_path / "none")


@pytest.mark.parametrize("can", [True, False])
def test_a_file_takes_the_name_of_a_known_one_only(
    tmp_path: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch, can: bool
) -> None:
    if not can:
        monkeypatch.setattr(durable, "exchange", lambda *_: False)
    target, fresh = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"old")
    fresh.write_bytes(b"new")
    assert not durable.replace_if(fresh, target, lambda path: path.read_bytes() == b"other")
    assert (target.read_bytes(), fresh.read_bytes()) == (b"old", b"new")
    assert durable.replace_if(fresh, target, lambda path: path.read_bytes() == b"old")
    assert target.read_bytes() == b"new"
    assert not fresh.exists() or fresh.read_bytes() == b"old"
    assert noted[-len(FOLDER) :] == FOLDER


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
        (OSError(errno.ENOENT, "No such file"), "(No such file): check its path"),
        (OSError(errno.EINVAL, "it is a folder"), "(it is a folder): check its path"),
        (OSError(errno.EIO, "Input/output error"), "(Input/output error): see the system's log"),
    ],
)
def test_the_mend_fits_what_the_system_says(error: OSError, told: str) -> None:
    assert durable.mend(error) == told
