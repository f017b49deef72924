"""Replacing a file while others write to it."""

from __future__ import annotations

import errno
import functools
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, Literal

import pytest
from notifykit_contract import swap
from notifykit_contract.patch import read_at, seek_and_read, seek_and_write, write_at
from processes import somebody_waits_for, wait_until

from notifykit import durable


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
    exchange = durable.exchange

    def exchange_and_be_overtaken(one: Path, other: Path) -> bool:
        late.start()
        opened.wait()
        return exchange(one, other)

    sync = durable.sync_folder

    def sync_folder(folder: Path) -> None:
        sync(folder)
        replaced.set()

    monkeypatch.setattr(durable, "exchange", exchange_and_be_overtaken)
    monkeypatch.setattr(swap, "kept_from_others", lambda *_, **__: nullcontext(durable.Hold(0, held=False)))
    monkeypatch.setattr(durable, "sync_folder", sync_folder)
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    late.join()
    assert path.read_bytes() == b"id,flag\n1,sent\n2,N\n"


linux = pytest.mark.skipif(sys.platform != "linux", reason="names are exchanged on Linux only")


@pytest.fixture
def at_exchange(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets other programs act just before and just after names are exchanged, each time one of these.

    Nothing holds them up, as on a file of another account.
    """
    exchange = durable.exchange
    monkeypatch.setattr(swap, "kept_from_others", lambda *_, **__: nullcontext(durable.Hold(0, held=False)))

    def arm(
        *, before: list[Callable[[], object]] | None = None, after: list[Callable[[], object]] | None = None
    ) -> None:
        def act(turns: list[Callable[[], object]] | None) -> None:
            if turns:
                turns.pop(0)()

        def exchange_among_others(one: Path, other: Path) -> bool:
            act(before)
            done = exchange(one, other)
            act(after)
            return done

        monkeypatch.setattr(durable, "exchange", exchange_among_others)

    return arm


def save(path: Path, data: bytes) -> None:
    """What most programs do: a new file takes the name."""
    fresh = path.with_suffix(".saved")
    fresh.write_bytes(data)
    fresh.replace(path)


ONLY_THE_FILE = ["x.csv"]


@linux
def test_what_another_program_saves_at_the_last_moment_stays(tmp_path: Path, at_exchange: Callable[..., None]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    at_exchange(before=[lambda: save(path, b"id,flag\n1,N\n2,N\n")])
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    assert path.read_bytes() == b"id,flag\n1,N\n2,N\n"
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


@linux
def test_of_what_is_saved_again_and_again_the_last_stays(tmp_path: Path, at_exchange: Callable[..., None]) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    saves = [b"id,flag\n1,N\n%b" % (b"2,N\n" * number) for number in range(1, 4)]
    at_exchange(before=[functools.partial(save, path, data) for data in saves])
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    assert path.read_bytes() == saves[-1]
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


@linux
def test_a_program_that_moves_the_file_away_to_save_keeps_what_it_saved(
    tmp_path: Path, at_exchange: Callable[..., None]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    at_exchange(
        before=[lambda: save(path, b"id,flag\n1,N\n2,N\n"), lambda: path.rename(tmp_path / "x.csv.bak")],
    )
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    assert path.read_bytes() == b"id,flag\n1,N\n2,N\n"
    assert {item.name for item in tmp_path.iterdir()} == {"x.csv", "x.csv.bak"}


@linux
def test_a_file_that_is_rewritten_when_it_has_lost_its_name_gets_it_back(
    tmp_path: Path, at_exchange: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was appended meanwhile to the file that had its name is taken along."""
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n2,N\n")
    opened = path.open("r+b")

    def rewrite() -> None:
        opened.truncate(0)
        opened.write(b"id,flag\n2,N\n1,N\n")
        opened.close()
        with path.open("ab") as file:
            file.write(b"3,N\n")

    at_exchange(after=[rewrite])
    monkeypatch.setattr(swap, "has_writer", lambda _: False)  # it is opened after the last look
    swap.swap(path, b"id,flag\n1,N\n2,N\n", b"id,flag\n1,sent\n2,sent\n")
    assert path.read_bytes() == b"id,flag\n2,N\n1,N\n3,N\n"
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


@linux
def test_a_program_that_keeps_open_what_has_lost_its_name_gets_it_back(
    tmp_path: Path, at_exchange: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    log: list[BinaryIO] = []
    at_exchange(before=[lambda: log.append(path.open("ab"))])
    monkeypatch.setattr(swap, "WAIT_AFTER", 0.02)
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    with log[0] as file:
        file.write(b"2,N\n")
    assert path.read_bytes() == b"id,flag\n1,N\n2,N\n"
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


@linux
@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_a_program_that_is_about_to_write_gets_its_file_back_before_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Literal["ab", "wb"]
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"id,flag\n1,N\n")
    file, written = path.stat().st_ino, []

    def write() -> None:
        with path.open(mode) as opened:
            written.append(os.fstat(opened.fileno()).st_ino == path.stat().st_ino)
            opened.write(b"2,N\n")

    other = threading.Thread(target=write)
    exchange = durable.exchange

    def exchange_among_others(one: Path, target: Path) -> bool:
        if not other.ident:
            other.start()
            wait_until(lambda: somebody_waits_for(path), every=0.01)
        return exchange(one, target)

    monkeypatch.setattr(durable, "exchange", exchange_among_others)
    swap.swap(path, b"id,flag\n1,N\n", b"id,flag\n1,sent\n")
    other.join()
    assert written == [True]
    assert path.stat().st_ino == file
    assert path.read_bytes() == (b"id,flag\n1,N\n2,N\n" if mode == "ab" else b"2,N\n")
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


@linux
@pytest.mark.parametrize(
    "moment", ["before the exchange", "when it is replaced", "when others have saved", "saved since"]
)
def test_what_a_killed_process_left_is_finished_by_the_next(tmp_path: Path, moment: str) -> None:
    """It is what others wrote to the file that counts."""
    path, copy = tmp_path / "x.csv", tmp_path / "copy"
    path.write_bytes(b"id,flag\n1,N\n")
    copy.write_bytes(b"id,flag\n1,sent\n")
    left = copy.rename(tmp_path / f".x.csv.notifykit-{path.stat().st_ino}-12-{copy.stat().st_ino}.tmp")
    expected = b"id,flag\n1,N\n"
    if moment != "before the exchange":
        if moment == "when others have saved":
            expected = b"id,flag\n1,N\n2,N\n"
            kept = path.open("rb")  # as the killed process had: its number is not given to another file
            save(path, expected)
            kept.close()
        assert durable.exchange(left, path)
        if moment == "when it is replaced":
            with left.open("ab") as late:
                late.write(b"2,N\n")
            expected = b"id,flag\n1,sent\n2,N\n"
        if moment == "saved since":
            expected = b"id,flag\n1,sent\n3,N\n"
            save(path, expected)
    swap.swap(path, b"not this", b"nor this")
    assert path.read_bytes() == expected
    assert [item.name for item in tmp_path.iterdir()] == ONLY_THE_FILE


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
