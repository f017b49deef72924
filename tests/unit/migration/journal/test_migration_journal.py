"""A line that was written is read again, or its damage is told; a torn last line is cut."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.journal.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def filled(path: Path, count: int = 3) -> bytes:
    with Journal(path, clock=lambda: 12.5) as journal:
        for number in range(count):
            journal.append("begun", step=f"步骤 {number}", number=number)
    return path.read_bytes()


def numbers(path: Path) -> list[int]:
    return [entry.fields["number"] for entry in Journal.read(path)]


def test_what_is_written_is_read(path: Path) -> None:
    fields = {
        "text": '签约 "喜报"\n',
        "none": None,
        "list": [1, 2.5, True],
        "name": "no\udcfftext",
        "kind": "x",
        "sum": "",
    }
    with Journal(path, clock=lambda: 12.5) as journal:
        assert not journal.entries
        entry = journal.append("migrate_begun", **fields)
        assert journal.entries == (entry,)
    assert Journal.read(path) == (entry,)
    assert Journal(path).entries == (entry,)
    assert (entry.kind, entry.at, entry.fields) == ("migrate_begun", 12.5, fields)


def test_each_line_is_json(path: Path) -> None:
    lines = filled(path).decode().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["begun"] * 3


def test_reading_makes_nothing(path: Path) -> None:
    assert Journal.read(path) == ()
    assert Journal(path).entries == ()
    with Journal(path):
        pass
    assert list(path.parent.iterdir()) == []


def test_a_later_run_goes_on(path: Path) -> None:
    filled(path)
    with Journal(path) as journal:
        journal.append("done", number=3)
        journal.append("done", number=4)
    assert numbers(path) == [0, 1, 2, 3, 4]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(path: Path) -> None:
    filled(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_is_ignored_and_then_cut(path: Path) -> None:
    """Torn at every byte."""
    data = filled(path)
    end = data.rindex(b"\n", 0, -1) + 1
    for length in range(end, len(data)):
        path.write_bytes(data[:length])
        whole = length == len(data) - 1
        assert numbers(path) == ([0, 1, 2] if whole else [0, 1])
        assert path.read_bytes() == data[:length], "reading changes nothing"
        with Journal(path) as journal:
            journal.append("done", number=9)
        assert numbers(path) == ([0, 1, 2, 9] if whole else [0, 1, 9])


def test_a_torn_first_line(path: Path) -> None:
    path.write_bytes(b'{"kind": "beg')
    assert Journal.read(path) == ()
    with Journal(path) as journal:
        journal.append("done", number=9)
    assert numbers(path) == [9]


def test_a_file_system_may_have_left_zeros(path: Path) -> None:
    path.write_bytes(filled(path) + bytes(300))
    assert numbers(path) == [0, 1, 2]


def test_every_flipped_bit_is_caught(path: Path) -> None:
    data = filled(path)
    missed = []
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                Journal.read(path)
            except VerificationError:
                continue
            missed.append((place, bit))
    assert missed == []


@pytest.mark.parametrize("order", [(0, 2), (1, 0, 2), (0, 1, 1, 2), (1, 2), (0, 2, 1)])
def test_lines_that_are_lost_or_exchanged(path: Path, order: tuple[int, ...]) -> None:
    lines = filled(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[number] for number in order))
    with pytest.raises(VerificationError, match=r"journal\.jsonl:[12345]: the journal is damaged here"):
        Journal.read(path)


def test_a_damaged_journal_is_not_written(path: Path) -> None:
    data = filled(path).replace(b'"number": 1', b'"number": 7')
    path.write_bytes(data)
    with pytest.raises(VerificationError, match=r"jsonl:2: "), Journal(path) as journal:
        journal.append("done")
    assert path.read_bytes() == data


def test_a_line_that_does_not_fit(path: Path) -> None:
    """What was written of it is cut by the next line: the disk has room again."""
    if sys.platform == "win32":
        pytest.skip("needs a limit for files")
    import resource

    filled(path)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(path) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
        try:
            with pytest.raises(PreflightError, match=r"journal\.jsonl: cannot be written .*it goes on here"):
                journal.append("done", number=3)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.stat().st_size == size + 20
        assert numbers(path) == [0, 1, 2]
        journal.append("done", number=4)
    assert numbers(path) == [0, 1, 2, 4]


def test_a_journal_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="cannot be read"):
        Journal.read(tmp_path)
    with pytest.raises(PreflightError, match="cannot be written"), Journal(tmp_path / "missing" / "j") as journal:
        journal.append("begun")
