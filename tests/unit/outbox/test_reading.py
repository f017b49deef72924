"""Looking at a store leaves it as it is, whoever looks and whatever version made it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import other_versions
import pytest

from notifykit.errors import StoreChangedError, StoreError
from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import reading, schema
from notifykit.outbox.sqlite.steps import steps
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take

VERSIONS = [step.name for step in steps()[:-1]]


ROW = {
    "task_type": "x",
    "recipient": "g",
    "message": "t",
    "metadata": "{}",
    "campaign": "sample",
    "channel": "robot",
    "message_name": "m",
    "round": 1,
    "ordered": 1,
    "attempts": 1,
    "tries": 1,
    "queued_at": 1.0,
    "not_before": 0.0,
    "reason": "why",
    "worker": "w",
}
"""What all versions keep of a task."""


SECOND = 10**9


def bytes_read() -> int:
    """What this process has read of files so far. A system that does not tell it, says that it was nothing."""
    try:
        return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0


@contextmanager
def unchanged(store: Path) -> Iterator[None]:
    """Nothing is written, made or removed."""

    def tree() -> dict[str, tuple[bytes, int]]:
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in store.parent.iterdir()}

    before = tree()
    yield
    assert tree() == before


def seen(outbox: SqliteOutbox) -> dict[str, Any]:
    """All that there is to be seen."""
    tasks = list(outbox.tasks(Filter()))
    return {
        "tasks": tasks,
        "stories": [(outbox.attempts(task.id), outbox.events(task.id)) for task in tasks],
        "figures": outbox.figures(),
        "pulse": outbox.pulse(),
        "pauses": outbox.pauses(),
        "outages": outbox.outages(),
        "on_wire": outbox.on_wire(),
        "held": outbox.held_campaigns(),
        "data": outbox.campaign_data(),
        "due": outbox.next_due({"robot"}),
        "owed": [outbox.owed(figures.campaign) for figures in outbox.figures()],
        "delivered": [outbox.ledger("sample").delivered(task.key) for task in tasks],
        "spellings": outbox.other_spellings("sample", ["C-1", "0C-1"]),
        "distinct": outbox.distinct_keys("sample"),
    }


def lived(store: Path) -> None:
    """Messages in several states, left by this version."""
    with SqliteOutbox.open(store, FakeClock()) as outbox:
        outbox.enqueue([draft(key=key, recipient=key) for key in "abcde"])
        claims = take(outbox, "worker", 4, {"robot": ChannelBounds()}, 60)
        for claim, (outcome, status) in zip(
            claims,
            [(Outcome.accepted(), Status.SENT), (Outcome.rejected("no"), Status.FAILED), (Outcome.unknown("?"), "x")],
            strict=False,
        ):
            finish(outbox, claim, outcome, Transition(status=Status.IN_DOUBT if status == "x" else Status(status)))


def test_a_store_that_nobody_works_on_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with SqliteOutbox.open(store, FakeClock()) as outbox:
        wanted = seen(outbox)
    with unchanged(store), closing(SqliteOutbox.look(store, FakeClock())) as looking:
        assert seen(looking) == wanted
        looking.require_unchanged()
    assert [path.name for path in tmp_path.iterdir()] == ["outbox.db"]


def test_a_store_that_somebody_works_on_is_read_as_it_is_now(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with SqliteOutbox.open(store, FakeClock()) as outbox:
        outbox.enqueue([draft(key="new")])
        with closing(SqliteOutbox.look(store, FakeClock())) as looking:
            assert seen(looking) == seen(outbox)
            outbox.enqueue([draft(key="newer")])
            assert [task.key for task in looking.tasks(Filter())][-1] == "newer"
            looking.require_unchanged()


@pytest.mark.parametrize("name", VERSIONS)
def test_a_store_of_an_earlier_version_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    store, copy = tmp_path / "a" / "outbox.db", tmp_path / "b" / "outbox.db"
    store.parent.mkdir()
    copy.parent.mkdir()
    other_versions.upgrade_so_far(store, VERSIONS.index(name) + 1)
    with closing(sqlite3.connect(store)) as connection, connection:
        for id_, (status, sent) in enumerate([("queued", None), ("sent", 5.0), ("failed", None), ("sending", None)], 1):
            row = {"id": id_, "status": status, "record_key": f"C-{id_}", "sent_at": sent, **ROW}
            row["due_at"] = 0.0 if status == "queued" else None
            places = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO tasks ({', '.join(row)}) VALUES ({places})", tuple(row.values()))
        connection.execute("INSERT INTO pauses (channel, set_at, until, reason) VALUES ('robot', 1.0, 1e15, 'full')")
        connection.execute(
            "INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict, vendor_id,"
            " call_seconds) VALUES (2, 1, 'robot', 'w', 1.0, 2.0, 'accepted', 'v', 1.0)"
        )
    copy.write_bytes(store.read_bytes())
    SqliteOutbox.open(copy, FakeClock()).close()
    with unchanged(store), closing(SqliteOutbox.look(store, FakeClock())) as old:
        with closing(SqliteOutbox.look(copy, FakeClock())) as now:
            assert seen(old) == seen(now)
        old.require_unchanged()
    with closing(sqlite3.connect(store)) as connection:
        assert schema.applied(connection) == tuple(VERSIONS[: VERSIONS.index(name) + 1])


def test_what_is_written_while_a_store_is_read_without_locks_is_noticed(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with closing(SqliteOutbox.look(store, FakeClock())) as looking:
        list(looking.tasks(Filter()))
        with SqliteOutbox.open(store, FakeClock()) as outbox:
            outbox.enqueue([draft(key="new")])
            looking.require_unchanged()  # it is in the log, which was not there: what was read fits together
        with pytest.raises(StoreChangedError, match="written to just now") as caught:
            looking.require_unchanged()
        assert caught.value.passing


def test_a_large_store_that_was_just_written_is_not_read_whole(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with closing(sqlite3.connect(store)) as other, other:
        other.execute("CREATE TABLE ballast (content BLOB)")
        other.execute("INSERT INTO ballast VALUES (zeroblob(?))", (reading._LARGE,))
    large, before = store.stat().st_size, bytes_read()
    with closing(SqliteOutbox.look(store, FakeClock())) as looking:
        # From now on a write has another time: the clock of the file has gone on.
        assert round(time.time() - store.stat().st_mtime, 3) >= 0.1
        list(looking.tasks(Filter()))
        looking.require_unchanged()
        assert bytes_read() - before < large / 8
        with store.open("r+b") as file:  # past SQLite, at the end: no log tells it, nor does the size
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        with pytest.raises(StoreChangedError):
            looking.require_unchanged()


@pytest.mark.parametrize(("resolution", "tick"), [(SECOND, 4.0), (1, 0.1)], ids=["whole seconds", "nanoseconds"])
def test_a_write_that_leaves_the_time_of_the_file_is_noticed_while_its_clock_may_stand(
    tmp_path: Path, resolution: int, tick: float
) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    for _ in range(50):  # until this process was not held up meanwhile
        at = time.time_ns() // resolution * resolution
        os.utime(store, ns=(at, at))
        with closing(SqliteOutbox.look(store, FakeClock())) as looking:
            if time.time() - at / SECOND >= tick:
                continue
            with store.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(b"x")
            os.utime(store, ns=(at, at))
            with pytest.raises(StoreChangedError):
                looking.require_unchanged()
            return
    pytest.fail("no look was in time")


def test_nothing_can_be_written_by_who_looks(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with unchanged(store), closing(SqliteOutbox.look(store)) as looking, pytest.raises(StoreError, match="readonly"):
        looking.enqueue([draft(key="new")])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no outbox yet"),
        (b"", "is not an outbox yet"),
        (b"what is this" * 200, "it is not an SQLite database"),
    ],
)
def test_what_is_no_store_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    store = tmp_path / "outbox.db"
    if content is not None:
        store.write_bytes(content)
    with unchanged(store), pytest.raises(StoreError, match=told):
        SqliteOutbox.look(store)


def test_a_store_of_a_newer_version_is_not_guessed_at(tmp_path: Path) -> None:
    store = tmp_path / "outbox.db"
    lived(store)
    with closing(sqlite3.connect(store)) as connection:
        other_versions.add_a_step_of_tomorrow(connection)
    with pytest.raises(StoreError, match="written by a newer notifykit"):
        SqliteOutbox.look(store)


HALF = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN")
db.executemany("INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', ?)", [("x" * 900,)] * 500)
os._exit(9)
"""


def test_a_journal_that_a_killed_program_left_is_told_as_one(tmp_path: Path) -> None:
    store = tmp_path / "tasks.db"
    with closing(sqlite3.connect(store)) as db:
        db.execute(schema.LEGACY_TABLE)
    subprocess.run([sys.executable, "-c", HALF, str(store)], check=False)
    assert (tmp_path / "tasks.db-journal").stat().st_size
    with pytest.raises(StoreError, match="left a journal beside it, which a reader may not roll back"):
        SqliteOutbox.look(store)
