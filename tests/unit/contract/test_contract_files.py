"""Reading a file whole while others write to it, and the words for what went wrong."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from notifykit_contract import files
from notifykit_contract.files import explain, read_whole, starts_with

from notifykit.errors import CampaignError


@pytest.fixture
def while_reading(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Lets another program act between two readings of a file."""

    def arm(act: Callable[[], None]) -> None:
        compare = files.in_pieces

        def act_first(data: bytes) -> Iterator[memoryview]:
            act()
            return compare(data)

        monkeypatch.setattr(files, "in_pieces", act_first)

    return arm


def test_appends_do_not_disturb_a_reader(tmp_path: Path, while_reading: Callable[[Callable[[], None]], None]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"1\n")

    def append() -> None:
        with path.open("ab") as file:
            file.write(b"2\n")

    while_reading(append)
    assert read_whole(path) == b"1\n"


def test_a_rewrite_makes_a_reader_read_again(
    tmp_path: Path, while_reading: Callable[[Callable[[], None]], None]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"old\n")
    contents = [b"new\nand longer\n"]

    def rewrite_once() -> None:
        if contents:
            path.write_bytes(contents.pop())

    while_reading(rewrite_once)
    assert read_whole(path) == b"new\nand longer\n"


def test_a_file_that_is_rewritten_all_the_time_waits_for_the_next_pass(
    tmp_path: Path, while_reading: Callable[[Callable[[], None]], None]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"")
    sizes = iter(range(1, 100))

    def rewrite() -> None:
        path.write_bytes(b"%d" % 10 ** next(sizes) + b"x")

    while_reading(rewrite)
    with pytest.raises(CampaignError, match=r"x\.csv: it was rewritten 5 times while it was read; the next pass"):
        read_whole(path)


@pytest.mark.parametrize("before", [b"old\n", b""])
def test_a_rewrite_that_neither_size_nor_time_tells_of_is_noticed(
    tmp_path: Path, while_reading: Callable[[Callable[[], None]], None], before: bytes
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(before)
    long_ago = 1_500_000_000 * 10**9  # the clock of another machine, or of a disk that counts in steps of 2 s
    os.utime(path, ns=(long_ago, long_ago))
    contents = [b"new\n"]

    def rewrite_once() -> None:
        if contents:
            path.write_bytes(contents.pop())
        os.utime(path, ns=(long_ago, long_ago))

    while_reading(rewrite_once)
    assert read_whole(path) == b"new\n"


def test_the_start_of_a_file_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    content = bytes(range(256)) * 5000
    path.write_bytes(content + b"more")
    assert starts_with(path, [content])
    assert starts_with(path, [content[:7], b"", content[7:]])
    assert starts_with(path, [])
    assert not starts_with(path, [content[:7], content])
    assert not starts_with(path, [content[:-1], b"x"])
    path.write_bytes(content[:-1])
    assert not starts_with(path, [content[:-1], content[-1:]])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOENT, "x.csv: there is no such file; put it back"),
        (errno.EACCES, "x.csv: permission denied; close the program that holds it open"),
        (errno.EPERM, "x.csv: permission denied"),
        (errno.ENOSPC, "x.csv: the disk is full; free some space"),
        (errno.EROFS, "x.csv: its file system is read-only"),
        (errno.EIO, "x.csv: Input/output error; mend that and run again"),
        (None, "x.csv: odd; mend that and run again"),
    ],
)
def test_an_error_of_the_system_is_told_with_its_mend(number: int | None, text: str) -> None:
    error = OSError("odd") if number is None else OSError(number, {errno.EIO: "Input/output error"}.get(number, "?"))
    assert explain(Path("x.csv"), error).text.startswith(text)
