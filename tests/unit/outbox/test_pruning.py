"""Pruning the SQLite outbox."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pruning_contract import DAY, PruningContract, send_all

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.operate.pruning import bring_back, prune
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.steps import queue


class TestSqlitePruning(PruningContract):
    def open_outbox(self, folder: Path, clock: Clock) -> SqliteOutbox:
        return SqliteOutbox.open(folder / "outbox.db", clock)


@pytest.fixture
def pruned(tmp_path: Path) -> Path:
    """An archive."""
    clock, address = FakeClock(), SqliteAddress(tmp_path / "outbox.db")
    with closing(address.open(clock)) as outbox:
        address.file.chmod(0o640)
        queue(outbox, "A", "B")
        send_all(outbox)
        clock.advance(2 * DAY)
        prune(outbox, address, tmp_path / "outbox-archive.db", outbox.now() - DAY, clock)
    return tmp_path / "outbox-archive.db"


def test_nobody_works_with_an_archive(pruned: Path) -> None:
    with pytest.raises(StoreError, match="and no outbox to work with"):
        SqliteOutbox.open(pruned)
    with pytest.raises(StoreError, match="and no outbox to work with"):
        SqliteOutbox.look(pruned)


def test_an_outbox_is_no_archive(pruned: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is an outbox, and not the archive of one"):
        Archive.open(tmp_path / "outbox.db", identity="x", of="x", like=None, clock=FakeClock())
    with pytest.raises(StoreError, match="is an outbox, and not the archive of one"):
        Archive.look(tmp_path / "outbox.db", identity="x", clock=FakeClock())


def test_whoever_may_not_read_the_outbox_may_not_read_its_archive(pruned: Path) -> None:
    assert pruned.stat().st_mode & 0o777 == 0o640


def test_every_column_is_moved_as_it_is(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "a.db"
    every = "SELECT * FROM tasks ORDER BY id"
    with closing(address.open(clock)) as outbox:
        queue(outbox, "A", "B")
        send_all(outbox)
        outbox.db.execute("UPDATE tasks SET created_at = '2001-02-03', metadata = NULL, id = -id WHERE id = 1")
        outbox.db.execute("UPDATE attempts SET task_id = -1 WHERE task_id = 1")
        before = outbox.db.all(every)
        clock.advance(2 * DAY)
        assert prune(outbox, address, archive, outbox.now() - DAY, clock) == 2
    with closing(sqlite3.connect(archive)) as db:
        assert db.execute(every).fetchall() == before
        assert db.execute("SELECT count(*) FROM attempts").fetchone() == (2,)


def test_what_another_program_wrote_over_stays(tmp_path: Path) -> None:
    clock, address = FakeClock(), SqliteAddress(tmp_path / "outbox.db")
    with closing(address.open(clock)) as outbox:
        queue(outbox, "A", "B", "C")
        send_all(outbox)
        outbox.db.execute("UPDATE tasks SET sent_at = NULL WHERE id = 1")
        outbox.db.execute("UPDATE tasks SET record_key = x'00' WHERE id = 2")
        clock.advance(2 * DAY)
        assert prune(outbox, address, tmp_path / "a.db", outbox.now() - DAY, clock) == 1
        assert [task.id for task in outbox.tasks(Filter())] == [1, 2]


def whole(outbox: SqliteOutbox) -> list[list[object]]:
    """All rows about tasks, and what is known of them."""
    tables = ("tasks", "attempts", "events", "pruned", "pruned_messages", "archives")
    keys = {"events": "at, task_id, kind, who, detail"}
    return [sorted(outbox.db.all(f"SELECT {keys.get(table, '*')} FROM {table}"), key=repr) for table in tables]


def test_what_was_moved_comes_back_as_it_was(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    with closing(address.open(clock)) as outbox:
        queue(outbox, *"ABCDE")
        send_all(outbox)
        outbox.reopen_write_back("sample", ["A"])
        outbox.complete([task.id for task in outbox.owed("sample")])
        outbox.db.execute("UPDATE tasks SET metadata = NULL WHERE id = 2")
        before = whole(outbox)
        clock.advance(2 * DAY)
        assert prune(outbox, address, archive, outbox.now() - DAY, clock) == 5
        page = None
        with Archive.open(archive, identity=outbox.identity, of="x", like=None, clock=clock) as shelf:
            page = shelf.take(0, 2)
        assert outbox.pruning().take_back(page) == 2  # and killed
        assert [task.id for task in outbox.stored().tasks_in_brief()] == [1, 2, 3, 4, 5]
        assert bring_back(outbox, archive, clock) == 3
        assert whole(outbox) == before
        assert not archive.exists()
        assert bring_back(outbox, archive, clock) == 0


def test_it_comes_back_under_the_name_that_its_campaign_has_now(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    with closing(address.open(clock)) as outbox:
        queue(outbox, "A")
        send_all(outbox)
        clock.advance(2 * DAY)
        prune(outbox, address, archive, outbox.now() - DAY, clock)
        outbox.rename_campaign("sample", "new", who="me", why="x")
        assert [task.campaign for task in outbox.stored().tasks_in_brief(campaign="new")] == ["new"]
        assert list(outbox.stored().tasks_in_brief(campaign="sample")) == []
        assert outbox.stored().live_keys("new") == ["A"]
        bring_back(outbox, archive, clock)
        assert [task.campaign for task in outbox.tasks(Filter())] == ["new"]


def test_an_archive_that_lacks_something_leaves_all_as_it_is(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    with closing(address.open(clock)) as outbox:
        queue(outbox, *"ABC")
        send_all(outbox)
        clock.advance(2 * DAY)
        prune(outbox, address, archive, outbox.now() - DAY, clock)
        with Archive.open(archive, identity=outbox.identity, of="x", like=None, clock=clock) as shelf:
            shelf.outbox.db.execute("DELETE FROM tasks WHERE id = 2")
        with pytest.raises(StoreError, match="1 messages are not in the archive"):
            bring_back(outbox, archive, clock)
        assert outbox.count_pruned() == 3
        archive.unlink()
        with pytest.raises(StoreError, match=r"3 messages are in the archive .*, and that is not here"):
            bring_back(outbox, archive, clock)
