"""What the fence is made of, and who sends other programs' messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import plans
import pytest
from notifykit_migration.errors import PreflightError
from notifykit_migration.rollback.old_schema import Restoration
from notifykit_migration.store import fence, migrated

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import Database
from notifykit.testing import FakeClock

LEGACY_TABLE = """CREATE TABLE tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, task_type TEXT NOT NULL, recipient TEXT NOT NULL, message TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending', created_at TIMESTAMP, updated_at TIMESTAMP)"""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """The database of an old program, with an index and a view of its own."""
    with closing(Database(tmp_path / "tasks.db", FakeClock())) as opened:
        opened.execute(LEGACY_TABLE)
        opened.execute("CREATE INDEX by_recipient ON tasks (recipient)")
        opened.execute("CREATE VIEW waiting AS SELECT * FROM tasks WHERE status = 'pending'")
        yield opened


def put_up(db: Database, **others: str) -> None:
    with db.transaction():
        fence.remember_schema(db)
        schema.upgrade(db)
        fence.install(db, plans.plan(), others=others)


def names(db: Database) -> set[str]:
    return {name for (name,) in db.all("SELECT name FROM sqlite_master")}


def test_the_schema_is_remembered_word_for_word_before_anything_is_added(db: Database) -> None:
    before = db.all("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")
    put_up(db)
    assert db.all("SELECT type, name, tbl_name, sql FROM legacy_schema ORDER BY rowid") == before
    assert ("table", "tasks", "tasks", LEGACY_TABLE) in before
    put_up(db)  # a later migration
    assert db.all("SELECT type, name, tbl_name, sql FROM legacy_schema ORDER BY rowid") == before


def test_what_notifykit_added_before_is_not_the_old_programs(db: Database) -> None:
    before = db.all("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid")
    with db.transaction():
        schema.upgrade(db)
    put_up(db)
    assert db.all("SELECT type, name, tbl_name, sql FROM legacy_schema ORDER BY rowid") == before


def test_it_stands_whole_and_a_second_time_changes_nothing(db: Database) -> None:
    put_up(db)
    assert list(fence.missing(db.connection)) == []
    whole = list(db.connection.iterdump())
    put_up(db)
    assert list(db.connection.iterdump()) == whole
    assert db.all("SELECT * FROM fence") == [
        ("send_wechat_message", "测试管家1", "beijing-aug"),
        ("send_wecom_message", "北京签约喜报群", "beijing-aug"),
    ]


def test_a_later_migration_adds_its_pairs(db: Database) -> None:
    put_up(db)
    later = plans.plan(plans.campaign("shanghai-aug"))
    fence.install(db, later, others={})
    assert {campaign for *_, campaign in db.all("SELECT * FROM fence")} == {"beijing-aug", "shanghai-aug"}


def test_what_is_gone_or_changed_is_named_and_put_up_again(db: Database) -> None:
    put_up(db)
    db.execute("DROP TRIGGER fence_refuses")
    db.execute("DROP TRIGGER fence_hears")
    db.execute("CREATE TRIGGER fence_hears AFTER UPDATE ON tasks BEGIN SELECT 1; END")
    assert list(fence.missing(db.connection)) == ["trigger fence_refuses is missing", "trigger fence_hears was changed"]
    put_up(db)
    assert list(fence.missing(db.connection)) == []


def test_an_old_database_has_none_of_it(db: Database) -> None:
    assert [line.rpartition(" ")[2] for line in fence.missing(db.connection)] == ["missing"] * 10
    assert not migrated.carried_out(db.connection, plans.HASH)


def test_it_is_taken_down_without_a_trace(db: Database) -> None:
    with db.transaction():
        schema.upgrade(db)
    before = names(db)
    put_up(db)
    assert names(db) - before >= {*fence.TABLES, *fence.TRIGGERS}
    fence.remove(db)
    assert names(db) == before


def test_a_table_of_another_program_by_one_of_our_names_is_left_alone(db: Database) -> None:
    db.execute("CREATE TABLE migrations (version TEXT)")
    before = list(db.connection.iterdump())
    with pytest.raises(PreflightError, match="has a table `migrations` of another program"):
        put_up(db)
    assert list(db.connection.iterdump()) == before


def test_what_was_done_is_recorded(db: Database) -> None:
    put_up(db)
    migrated.record(db, plans.plan(), backup="b-1", soak_until=5.0, journal_mode="delete", sequence=324)
    now = db.clock.now()
    assert db.all("SELECT * FROM migrations") == [("b-1", now, "b-1", plans.HASH, 5.0, None, "delete", 324)]
    assert db.all("SELECT * FROM migrated") == [
        ("beijing-aug", "b-1", "state/send_status_bj_aug.json", "state/PerformanceData-BJ-Aug.csv", "发送成功")
    ]
    assert migrated.carried_out(db.connection, plans.HASH)
    assert not migrated.carried_out(db.connection, "another")


def test_the_statements_of_a_plan_are_all_that_is_run(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "by-hand.db", isolation_level=None)) as by_hand:
        by_hand.execute("PRAGMA synchronous = OFF")
        by_hand.execute(LEGACY_TABLE)
        for statement in fence.statements(None):
            by_hand.execute(statement)
        assert list(fence.missing(by_hand)) == []
    SqliteOutbox.open(tmp_path / "by-hand.db", create=False).close()


def test_a_rollback_drops_the_same_tables() -> None:
    assert set(fence.TABLES) == {name for name in fence._ours(planned=False) if name not in fence.TRIGGERS}
    Restoration(rows={}, removed=(), beginnings=(), sequence=None, tables=fence.TABLES)
