"""Pruning the SQLite outbox."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pruned_digests_contract import PrunedDigestsContract, send_digest
from pruning_contract import DAY, PruningContract, send_all

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import Batch
from notifykit.operate.archives import files_here, findings, located, lost_places
from notifykit.operate.pruning import archived, bring_back, prune
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.digests import digests_of
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.sqlite.backup import back_up
from notifykit.outbox.sqlite.store import SqliteAddress
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.carrying import LOGO, TERMS, carrying, kept
from notifykit.testing.outbox.steps import queue, queue_drafts
from notifykit.testing.samples import draft


class TestSqlitePruning(PruningContract, PrunedDigestsContract):
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
    tables = (
        "tasks",
        "attempts",
        "events",
        "attached",
        "contents",
        "digests",
        "digest_members",
        "pruned",
        "pruned_messages",
        "archives",
    )
    keys = {"events": "at, task_id, kind, who, detail"}
    return [sorted(outbox.db.all(f"SELECT {keys.get(table, '*')} FROM {table}"), key=repr) for table in tables]


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_digests_come_back_with_their_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    batch = Batch(wait=0.0, most=9)
    with closing(address.open(clock)) as outbox:
        queue_drafts(outbox, [draft(key=key, recipient="r", batch=batch) for key in "ab"])
        send_digest(outbox)
        queue_drafts(outbox, [carrying("C", TERMS)])
        send_all(outbox)
        before = whole(outbox)
        clock.advance(2 * DAY)
        assert prune(outbox, address, archive, outbox.now() - DAY, clock) == 3
        monkeypatch.setattr("notifykit.operate.pruning.BATCH", at_once)
        assert bring_back(outbox, archive, clock) == 3
        assert whole(outbox) == before
        clock.advance(2 * DAY)
        prune(outbox, address, archive, outbox.now() - DAY, clock)
        outbox.rename_campaign("sample", "new", who="me", why="x")
        assert bring_back(outbox, archive, clock) == 3
        assert {task.campaign for task in outbox.tasks(Filter())} == {"new", digests_of("new")}
        assert len(outbox.memberships([1, 2])) == 2


def test_what_was_moved_comes_back_as_it_was(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    with closing(address.open(clock)) as outbox:
        queue_drafts(outbox, [carrying("A", TERMS), *(draft(key=key) for key in "BCD"), carrying("E", TERMS, LOGO)])
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
            files = list(shelf.files(page))
        assert outbox.pruning().take_back(page, files) == 2  # and killed
        assert [kept(outbox, file) for file in (TERMS, LOGO)] == [True, False]
        assert [task.id for task in outbox.stored().tasks_in_brief()] == [1, 2, 3, 4, 5]
        assert bring_back(outbox, archive, clock) == 3
        assert whole(outbox) == before
        assert not archive.exists()
        assert bring_back(outbox, archive, clock) == 0


def test_periods_come_back_as_they_were_and_go_on_where_they_ended(tmp_path: Path) -> None:
    clock, address, archive = FakeClock(), SqliteAddress(tmp_path / "outbox.db"), tmp_path / "outbox-archive.db"
    with closing(address.open(clock)) as outbox:
        queue_drafts(outbox, [draft(period=period) for period in ("", "1", "2")])
        send_all(outbox)
        before = whole(outbox)
        clock.advance(2 * DAY)
        assert prune(outbox, address, archive, outbox.now() - DAY, clock) == 3
        assert bring_back(outbox, archive, clock) == 3
        assert whole(outbox) == before
        assert [outbox.enqueue([draft(period=period)]).new for period in ("2", "1", "3")] == [0, 0, 1]


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


class Restored:
    """A store that goes back to a copy of itself, with its archive beside it."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.address = FakeClock(), SqliteAddress(folder / "outbox.db")
        self.archive, self.copy = folder / "outbox-archive.db", folder / "copy.db"

    def live(self, *keys: str) -> int:
        """Send messages of these keys, and prune them; returns how many were moved."""
        with closing(self.address.open(self.clock)) as outbox:
            queue(outbox, *keys)
            send_all(outbox)
            self.clock.advance(2 * DAY)
            return prune(outbox, self.address, self.archive, outbox.now() - DAY, self.clock)

    def go_back(self) -> None:
        self.address.file.unlink()
        back_up(self.copy, self.address.file, replace=False)

    def archived(self) -> list[tuple[str, int, int, int]]:
        """The key, id, attempts and events of all that is in the archive."""
        with closing(self.address.open(self.clock)) as outbox:
            identity = outbox.identity
        with Archive.look(self.archive, identity=identity, clock=self.clock) as shelf:
            found = shelf.outbox
            return sorted(
                (task.key, task.id, len(found.attempts(task.id)), len(found.events(task.id)))
                for task in found.tasks(Filter())
            )


@pytest.fixture
def restored(tmp_path: Path) -> Restored:
    """A store that knows of A, B and C in its archive no more, and gives their ids again."""
    world = Restored(tmp_path)
    with closing(world.address.open(world.clock)):
        pass
    back_up(world.address.file, world.copy, replace=False)
    assert world.live("A", "B", "C") == 3
    world.go_back()
    return world


def test_a_restored_store_that_gives_ids_again_replaces_nothing_in_the_archive(restored: Restored) -> None:
    assert restored.live("X", "Y") == 2
    assert restored.archived() == [("A", 1, 1, 0), ("B", 2, 1, 0), ("C", 3, 1, 0), ("X", -1, 1, 0), ("Y", -2, 1, 0)]
    with closing(restored.address.open(restored.clock)) as outbox:
        for key in "ABCXY":
            gone = archived(outbox, restored.archive, key, None, restored.clock, identity=outbox.identity)
            assert gone is not None
            assert [[task.key for task in story.tasks] for story in gone.stories] == [[key]]


def test_what_was_sent_twice_is_in_the_archive_twice(restored: Restored) -> None:
    with closing(restored.address.open(restored.clock)) as outbox:  # and nobody looked into the archive
        queue(outbox, "A")
        send_all(outbox)
    assert restored.live("X") == 2
    assert [found[:2] for found in restored.archived()] == [("A", -1), ("A", 1), ("B", 2), ("C", 3), ("X", -2)]
    assert restored.live("Z") == 1
    assert len(restored.archived()) == 6


def test_all_of_a_restored_store_comes_back(restored: Restored) -> None:
    with closing(restored.address.open(restored.clock)) as outbox:
        queue(outbox, "A")
        send_all(outbox)
    restored.live("X")
    with closing(restored.address.open(restored.clock)) as outbox:
        (waiting,) = queue(outbox, "W")
        outbox.db.execute("UPDATE tasks SET id = 2 WHERE id = ?", (waiting,))  # that of B
        assert bring_back(outbox, restored.archive, restored.clock) == 5
        found = sorted((task.key, task.round, len(outbox.attempts(task.id))) for task in outbox.tasks(Filter()))
        assert found == [("A", 1, 1), ("A", 2, 1), ("B", 1, 1), ("C", 1, 1), ("W", 1, 0), ("X", 1, 1)]
        assert not restored.archive.exists()


def test_a_store_restored_to_before_a_message_was_sent_keeps_both_of_its_stories(tmp_path: Path) -> None:
    world = Restored(tmp_path)
    with closing(world.address.open(world.clock)) as outbox:
        queue(outbox, "A")
    back_up(world.address.file, world.copy, replace=False)
    assert world.live() == 1
    world.go_back()
    assert world.live() == 1
    assert world.archived() == [("A", -1, 1, 0), ("A", 1, 1, 0)]


def test_an_archive_that_takes_each_message_once_takes_them_twice_when_it_is_opened(pruned: Path) -> None:
    with closing(sqlite3.connect(pruned)) as db:
        db.execute("DROP INDEX tasks_dedup")
        db.execute(
            "CREATE UNIQUE INDEX tasks_dedup ON tasks (campaign, record_key, message_name, round) "
            "WHERE campaign IS NOT NULL"
        )
        (identity,) = db.execute("SELECT id FROM outbox_identity").fetchone()
    Archive.open(pruned, identity=identity, of="x", like=None, clock=FakeClock()).close()
    with closing(sqlite3.connect(pruned)) as db:
        found = db.execute("SELECT \"unique\" FROM pragma_index_list('tasks') WHERE name = 'tasks_dedup'").fetchone()
    assert found == (0,)


@pytest.mark.parametrize("content", [b"", b"a diary\n" * 99])
def test_what_is_wrong_with_an_archive_is_said_of_the_archive(pruned: Path, content: bytes) -> None:
    pruned.write_bytes(content)
    with closing(SqliteOutbox.open(pruned.with_name("outbox.db"), FakeClock())) as outbox:
        queue(outbox, "C")
        send_all(outbox)
        with pytest.raises(StoreError, match="put the archive back from a backup, or move it away") as told:
            prune(outbox, SqliteAddress(pruned.with_name("outbox.db")), pruned, 1e10, FakeClock())
        assert "store:" not in str(told.value)
        (one,) = findings(outbox, pruned, FakeClock(), whole=False)
        assert (one.rule, one.held) == ("archive_unusable", False)


def test_the_archive_of_a_copied_project_is_the_one_beside_it(pruned: Path, tmp_path: Path) -> None:
    other = tmp_path / "copied"
    other.mkdir()
    for name in ("outbox.db", "outbox-archive.db"):
        (other / name).write_bytes((tmp_path / name).read_bytes())
    with closing(SqliteOutbox.open(other / "outbox.db")) as outbox:
        places = outbox.archives()
        assert [file for _, file in located(other / "outbox-archive.db", places)] == [other / "outbox-archive.db"]
        assert files_here(other / "outbox-archive.db", places) == [other / "outbox-archive.db"]
        assert list(findings(outbox, other / "outbox-archive.db", FakeClock(), whole=True)) == []
        pruned.unlink()
        assert lost_places(other / "outbox-archive.db", places) == []
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as outbox:
        assert [place.path for place in lost_places(pruned, places)] == [str(pruned)]
