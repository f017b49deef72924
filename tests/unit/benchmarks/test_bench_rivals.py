from __future__ import annotations

import csv
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import world
from benchmarks.rivals import bare_csv, literal_plan, raw_script, raw_sqlite
from benchmarks.rivals.libraries import libraries
from benchmarks.rivals.library import Library
from notifykit.demo.contracts import COLUMNS


class Sent:
    """Notes what was sent."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []

    def __call__(self, recipient: str, text: str) -> None:
        self.texts.append((recipient, text))


@pytest.fixture
def sent() -> Sent:
    return Sent()


def flags(contracts: Path) -> list[str]:
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        return [row[world.FLAG] for row in list(csv.reader(file))[1:]]


def expected() -> list[tuple[str, str]]:
    return sorted((text.recipient, text.text) for text in world.texts(60))


def test_the_world_is_a_legacy_file_and_always_the_same(contracts: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    world.write(again, 50)
    data = contracts.read_bytes()
    assert again.read_bytes() == data
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 51
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert {len(row) for row in rows} == {29}
    assert {len(row[world.KEY]) for row in rows} == {19}
    assert len({row[world.KEY] for row in rows}) == 50
    assert len([text for row in rows for text in world.messages(row)]) == 60
    assert flags(contracts) == ["N"] * 50


def test_bare_csv_reads_every_row_and_writes_every_flag(contracts: Path) -> None:
    assert bare_csv.read(contracts) == 51
    before = contracts.read_bytes()
    bare_csv.read_and_write(contracts, world.FLAG)
    assert flags(contracts) == ["Y"] * 50
    assert contracts.read_bytes().replace(b",Y,", b",N,") == before
    assert [path.name for path in contracts.parent.glob("contracts*")] == ["contracts.csv"]


def test_the_raw_table_is_ours_and_durable(tmp_path: Path) -> None:
    with closing(raw_sqlite.connect(tmp_path / "raw.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        rows = raw_sqlite.rows_of(world.texts(60))
        raw_sqlite.insert_in_bulk(connection, rows)
        raw_sqlite.offer_again(connection, rows)
        assert raw_sqlite.statuses(connection) == {"queued": 60}
        with pytest.raises(sqlite3.IntegrityError):
            connection.executemany("INSERT INTO tasks SELECT * FROM tasks WHERE id = ?", [(1,)])


def test_the_two_commit_loop_marks_before_it_sends_and_after(tmp_path: Path) -> None:
    store = tmp_path / "raw.db"
    seen: list[dict[str, int]] = []
    with closing(raw_sqlite.connect(store)) as connection, closing(sqlite3.connect(store)) as other:
        raw_sqlite.insert_in_bulk(connection, raw_sqlite.rows_of(world.texts(3)))
        done = raw_sqlite.dispatch_with_two_commits(connection, lambda *_: seen.append(raw_sqlite.statuses(other)))
        assert done == 3
        assert raw_sqlite.statuses(connection) == {"sent": 3}
    assert seen == [
        {"queued": 2, "sending": 1},
        {"queued": 1, "sending": 1, "sent": 1},
        {"sending": 1, "sent": 2},
    ]


@pytest.mark.parametrize("mark", [True, False])
def test_the_raw_script_does_the_whole_job(contracts: Path, tmp_path: Path, sent: Sent, mark: bool) -> None:
    store = tmp_path / "raw.db"
    assert raw_script.run(contracts, store, sent, batch=7, mark=mark) == 60
    assert sorted(sent.texts) == expected()
    assert flags(contracts) == ["Y"] * 50
    with closing(sqlite3.connect(store)) as connection:
        assert raw_sqlite.statuses(connection) == {"completed": 60}


def test_the_literal_plan_sends_and_flags_one_message_at_a_time(contracts: Path, tmp_path: Path, sent: Sent) -> None:
    store = tmp_path / "tasks.db"
    literal_plan.upgrade(store)
    literal_plan.generate(contracts, store)
    literal_plan.generate(contracts, store)  # what is pending is found by LIKE
    with closing(sqlite3.connect(store)) as connection:
        (metadata,) = connection.execute("SELECT metadata FROM tasks").fetchone()
        assert raw_sqlite.statuses(connection) == {"pending": 60}
    assert set(json.loads(metadata)) == {"contract_id", "csv_file", "created_by"}
    sending = literal_plan.send_all(store, sent)
    next(sending)
    assert flags(contracts).count("Y") == 1
    with closing(sqlite3.connect(store)) as connection:
        assert raw_sqlite.statuses(connection) == {"completed": 1, "pending": 59}
    assert len(list(sending)) == 59
    assert sorted(sent.texts) == expected()
    assert flags(contracts) == ["Y"] * 50


def test_the_literal_plan_marks_what_raises_failed(contracts: Path, tmp_path: Path) -> None:
    def refuse(recipient: str, text: str) -> None:
        raise OSError(f"{recipient} {text}")

    store = tmp_path / "tasks.db"
    literal_plan.upgrade(store)
    literal_plan.generate(contracts, store)
    assert len(list(literal_plan.send_all(store, refuse))) == 60
    with closing(sqlite3.connect(store)) as connection:
        assert raw_sqlite.statuses(connection) == {"failed": 60}
    assert flags(contracts) == ["N"] * 50


@pytest.mark.parametrize("library", libraries(), ids=lambda library: library.name)
def test_each_library_hands_out_every_message_once(library: Library, tmp_path: Path, sent: Sent) -> None:
    if library.missing is not None:
        pytest.skip(f"{library.name}: {library.missing}")
    texts = world.texts(60)
    queue = library.open(tmp_path)
    try:
        queue.put_all(texts)
        assert queue.dispatch(sent) == 60
        assert queue.dispatch(sent) == 0
    finally:
        queue.close()
    assert sorted(sent.texts) == expected()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="litequeue runs here")
def test_litequeue_says_why_it_is_skipped() -> None:
    (missing,) = [library.missing for library in libraries() if library.name == "litequeue"]
    assert missing is not None
    assert "3.12" in missing
