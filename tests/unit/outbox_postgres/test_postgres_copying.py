"""An outbox is moved from a file to a server, and back."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from copied_store import fill, told, what_goes_out
from postgres_store import postgres_address

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.copying import KINDS
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.outbox.values import SourcePlace
from notifykit.testing import draft
from notifykit.testing.outbox.steps import queue, queue_drafts

CLOCK = SystemClock()


@pytest.fixture
def file(tmp_path: Path) -> SqliteAddress:
    return SqliteAddress(tmp_path / "here.db")


@pytest.fixture
def server(tmp_path: Path) -> PostgresAddress:
    return postgres_address(tmp_path)


def test_to_a_server_and_back(file: SqliteAddress, server: PostgresAddress, tmp_path: Path) -> None:
    with file.open(CLOCK) as outbox:
        fill(outbox)
        before = told(outbox)
        outbox.db.execute("CREATE TABLE others (a, b)")
        outbox.db.execute("INSERT INTO others VALUES ('甲', 1.5), (NULL, 2)")
    with closing(sqlite3.connect(tmp_path / "twin.db")) as twin, closing(sqlite3.connect(file.file)) as source:
        source.backup(twin)
    there = copy_store(file, server, CLOCK)
    assert all(there.counts[kind] for kind in KINDS if kind != "sources"), there.counts
    with server.open(CLOCK) as moved:
        assert told(moved) == before
    with pytest.raises(StoreError, match=re.escape(f"was moved to {server}")):
        file.open(CLOCK)
    back = SqliteAddress(tmp_path / "back.db")
    again = copy_store(server, back, CLOCK)
    assert (again.counts, again.hashes, again.turns) == (there.counts, there.hashes, there.turns)
    with pytest.raises(StoreError, match=r"was moved to .*back\.db"):
        server.open(CLOCK)
    with back.open(CLOCK) as outbox, SqliteOutbox.open(tmp_path / "twin.db") as twin_outbox:
        assert told(outbox) == before
        assert outbox.db.all("SELECT * FROM others") == [("甲", 1.5), (None, 2)]
        assert what_goes_out(outbox) == what_goes_out(twin_outbox) != []


def test_a_server_goes_on_as_the_file_would(file: SqliteAddress, server: PostgresAddress, tmp_path: Path) -> None:
    with file.open(CLOCK) as outbox:
        fill(outbox)
    with closing(sqlite3.connect(tmp_path / "twin.db")) as twin, closing(sqlite3.connect(file.file)) as source:
        source.backup(twin)
    copy_store(file, server, CLOCK)
    with server.open(CLOCK) as moved, SqliteOutbox.open(tmp_path / "twin.db") as outbox:
        assert moved.identity == outbox.identity
        assert what_goes_out(moved) == what_goes_out(outbox) != []
        assert queue(moved, "new") == queue(outbox, "new")
        assert moved.enqueue([draft(key="1")]).new == 0


def test_what_the_server_cannot_keep_stays_in_the_file(file: SqliteAddress, server: PostgresAddress) -> None:
    with file.open(CLOCK) as outbox:
        queue_drafts(outbox, [draft(key="1", text="a\0b")])
    with pytest.raises(StoreError, match="message 1 has a NUL character"):
        copy_store(file, server, CLOCK)
    with file.open(CLOCK) as outbox:
        outbox.db.execute("UPDATE tasks SET message = 'ab', record_key = ?", ("长" * 400,))
    with pytest.raises(StoreError, match="the key of message 1 has more than 1000 bytes"):
        copy_store(file, server, CLOCK)
    file.open(CLOCK).close()


def test_what_a_service_said_loses_its_nuls(file: SqliteAddress, server: PostgresAddress) -> None:
    with file.open(CLOCK) as outbox:
        fill(outbox)
        outbox.db.execute("UPDATE attempts SET detail = 'a' || char(0) || 'b' WHERE verdict = 'rejected'")
    copy_store(file, server, CLOCK)
    with server.open(CLOCK) as moved:
        found = [one.detail for task in told(moved)["tasks"] for one in moved.attempts(task.id) if one.detail]
    assert "a␀b" in found


def test_places_of_sources_go_to_another_server_and_into_no_file(server: PostgresAddress, tmp_path: Path) -> None:
    first = SourcePlace(campaign="c", place="one", host="h", path="/a.csv", since=0.0, who="", why="")
    with server.open(CLOCK) as outbox:
        fill(outbox)
        outbox.keep_place(first)
        kept = outbox.keep_place(replace(first, place="two", who="her", why="moved"), move=True)
    other = postgres_address(tmp_path / "other")
    assert copy_store(server, other, CLOCK).counts["sources"] == 2
    with other.open(CLOCK) as outbox:
        assert outbox.place_of("c") == kept
    assert copy_store(other, SqliteAddress(tmp_path / "x.db"), CLOCK).counts["sources"] == 0
