"""Whether something is migrated, as stores of every kind say it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import plans
import pytest
from notifykit_migration.store import fence
from notifykit_migration.store.migrated import (
    StoredCampaign,
    StoredMigration,
    carried_out,
    holds_old_rows,
    is_migrated,
    migrated_campaigns,
    migrations,
    record,
)

from notifykit.clock import SystemClock
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import Database

OLD_TABLE = """
CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task_type TEXT NOT NULL, recipient TEXT NOT NULL,
 message TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
 updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)
"""
OLD_ROW = "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wecom_message', '群', '签约')"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        yield made


def migrate(path: Path, backup: str, sequence: int | None) -> None:
    db = Database(path, SystemClock())
    with db.transaction():
        fence.remember_schema(db)
        schema.upgrade(db)
        fence.install(db, plans.plan(), others={})
        record(db, plans.plan(), backup=backup, soak_until=None, journal_mode="delete", sequence=sequence)
    db.close()


def nothing(connection: sqlite3.Connection) -> bool:
    return (
        migrations(connection) == ()
        and not is_migrated(connection)
        and migrated_campaigns(connection) == {}
        and not carried_out(connection, plans.HASH)
    )


def test_an_empty_database(connection: sqlite3.Connection) -> None:
    assert nothing(connection)
    assert not schema.is_outbox(connection)
    assert not schema.is_old_table(connection)
    assert not holds_old_rows(connection)


def test_an_old_table_that_was_never_used(connection: sqlite3.Connection) -> None:
    connection.execute(OLD_TABLE)
    assert nothing(connection)
    assert not holds_old_rows(connection)


@pytest.mark.parametrize("purged", [False, True])
def test_an_old_table_is_in_force_even_when_its_rows_were_deleted(connection: sqlite3.Connection, purged: bool) -> None:
    connection.execute(OLD_TABLE)
    connection.execute(OLD_ROW)
    if purged:
        connection.execute("DELETE FROM tasks")
    assert nothing(connection)
    assert schema.is_old_table(connection)
    assert holds_old_rows(connection)


def test_an_old_table_that_only_notifykit_generate_extended(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(OLD_TABLE)
        old.execute(OLD_ROW)
    db = Database(path, SystemClock())
    with db.transaction():
        schema.upgrade(db)
    assert nothing(db.connection)
    assert schema.is_outbox(db.connection)
    assert not schema.is_old_table(db.connection)
    assert holds_old_rows(db.connection)
    db.close()


def test_a_migrated_store(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(OLD_TABLE)
        old.execute(OLD_ROW)
    migrate(path, "b-1", 7)
    with closing(sqlite3.connect(path)) as connection:
        assert migrations(connection) == (StoredMigration("b-1", "b-1", "delete", 7),)
        assert is_migrated(connection)
        assert migrated_campaigns(connection) == {
            "beijing-aug": StoredCampaign(
                "state/send_status_bj_aug.json", "state/PerformanceData-BJ-Aug.csv", "发送成功"
            )
        }
        assert carried_out(connection, plans.HASH)
        assert not carried_out(connection, "another")
        assert not holds_old_rows(connection)


def test_tables_of_another_program_by_the_same_names_say_nothing(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE migrations (version TEXT)")
    connection.execute("INSERT INTO migrations VALUES ('1')")
    connection.execute("CREATE TABLE migrated (at TEXT)")
    assert nothing(connection)
