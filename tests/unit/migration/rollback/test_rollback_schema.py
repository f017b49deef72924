"""The old program's database again: schema, rows, sequence, journal mode, word for word."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.reading import content_digest
from notifykit_migration.rollback.old_schema import (
    Beginning,
    Restoration,
    alone,
    clear_journal,
    put_back,
    set_journal_mode,
)

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.stored import StoredOutbox

OLD = """
CREATE TABLE other (x);
CREATE TABLE IF NOT EXISTS tasks ( -- of the old program
    id INTEGER PRIMARY KEY AUTOINCREMENT, task_type TEXT NOT NULL, recipient TEXT NOT NULL, message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP  );
CREATE INDEX by_status ON tasks (status, task_type);
CREATE TRIGGER counting AFTER INSERT ON tasks BEGIN INSERT INTO other VALUES (new.id); END;
CREATE VIEW waiting AS SELECT * FROM tasks WHERE status = 'pending';
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) VALUES
    ('send_wecom_message', '测试群', '签约喜报 1', 'pending', '2025-08-20 10:00:00', '2025-08-20 10:00:00'),
    ('send_wecom_message', '测试群', x'00ff', 'completed', '2025-08-20 10:00:00', '2025-08-20 10:00:04.000617'),
    ('send_wechat_message', '测试管家1', 'gone', 'pending', '2025-08-20 10:00:00', '2025-08-20 10:00:00');
DELETE FROM tasks WHERE id = 3;
"""


class Store:
    """An old database, and what is remembered of it."""

    def __init__(self, path: Path, script: str, mode: str = "delete") -> None:
        self.path = path
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(f"PRAGMA journal_mode = {mode}")
            db.executescript(script)
            self.digest = content_digest(db)
            self.schema = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid").fetchall()
            there = any(name == "tasks" for _, name, *_ in self.schema)
            self.beginnings: list[Beginning] = (
                db.execute("SELECT id, status, created_at, updated_at, NULL FROM tasks").fetchall() if there else []
            )

    def upgrade(self) -> Database:
        db = SqliteOutbox.open(self.path).db
        db.execute("CREATE TABLE legacy_schema (type TEXT, name TEXT, tbl_name TEXT, sql TEXT)")
        db.executemany("INSERT INTO legacy_schema VALUES (?, ?, ?, ?)", self.schema)
        return db

    def back(self, rows: Mapping[int, str], *, sequence: int | None = 3, mode: str = "delete") -> None:
        with alone(self.path) as connection:
            put_back(
                connection,
                Restoration(
                    rows=rows,
                    removed=StoredOutbox(connection).owned_ids() - rows.keys(),
                    beginnings=self.beginnings,
                    sequence=sequence,
                    tables=("legacy_schema",),
                ),
            )
            set_journal_mode(connection, self.path, mode)

    @property
    def now(self) -> str:
        with closing(sqlite3.connect(self.path)) as db:
            return content_digest(db)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(sql).fetchall()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "tasks.db", OLD)


def test_an_untouched_outbox_becomes_what_it_was(store: Store, tmp_path: Path) -> None:
    store.upgrade().close()
    store.back({})
    assert store.now == store.digest
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.db"]
    assert store.ask("PRAGMA journal_mode") == [("delete",)]


def test_rows_that_changed_and_changed_back_are_what_they_were(store: Store) -> None:
    with closing(store.upgrade()) as db:
        db.execute("UPDATE tasks SET campaign = 'beijing', status = 'queued', updated_at = 'later' WHERE id = 1")
    store.back({1: "pending"})
    assert store.now == store.digest


def test_a_row_that_was_sent_keeps_the_time_of_that(store: Store) -> None:
    with closing(store.upgrade()) as db:
        db.execute("UPDATE tasks SET campaign = 'beijing', status = 'sent', updated_at = 'later' WHERE id = 1")
    store.back({1: "completed"})
    assert store.ask("SELECT status, updated_at FROM tasks WHERE id = 1") == [("completed", "later")]


def test_rows_that_do_not_stay_are_gone_and_their_ids_are_not_given_again(store: Store) -> None:
    with closing(store.upgrade()) as db:
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, campaign) VALUES ('t', 'r', 'm', 'failed', 'b')"
        )
    store.back({}, sequence=4)
    assert store.ask("SELECT id FROM tasks ORDER BY id") == [(1,), (2,)]
    assert store.ask("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'") == [(4,)]


def test_rows_of_others_and_their_triggers_see_nothing(store: Store) -> None:
    store.upgrade().close()
    before = store.ask("SELECT count(*) FROM other")
    store.back({})
    assert store.ask("SELECT count(*) FROM other") == before
    assert store.ask("SELECT id FROM waiting") == [(1,)]


def test_a_database_that_was_in_wal_mode_stays_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "tasks.db", OLD, mode="wal")
    store.upgrade().close()
    store.back({}, mode="wal")
    assert store.ask("PRAGMA journal_mode") == [("wal",)]
    assert store.now == store.digest


def test_a_store_that_was_new_gets_a_table_only_for_what_is_to_be_sent(tmp_path: Path) -> None:
    store = Store(tmp_path / "tasks.db", "")
    with closing(store.upgrade()) as db:
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, campaign) VALUES ('t', 'r', 'm', 'queued', 'b')"
        )
    store.back({1: "pending"}, sequence=1)
    assert [row[:5] for row in store.ask("SELECT * FROM tasks")] == [(1, "t", "r", "m", "pending")]
    assert store.ask("PRAGMA user_version") == [(0,)]


def test_a_store_that_was_new_and_has_nothing_to_send_is_empty_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "tasks.db", "")
    store.upgrade().close()
    store.back({}, sequence=None)
    assert store.ask("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'") == []


def test_a_store_that_was_an_outbox_before_becomes_one_of_the_old_program(tmp_path: Path) -> None:
    SqliteOutbox.open(tmp_path / "tasks.db").close()
    store = Store(tmp_path / "tasks.db", "", mode="wal")
    with closing(SqliteOutbox.open(store.path)) as outbox:
        outbox.db.execute("CREATE TABLE legacy_schema (type TEXT, name TEXT, tbl_name TEXT, sql TEXT)")
        outbox.db.executemany("INSERT INTO legacy_schema VALUES (?, ?, ?, ?)", store.schema)
    store.back({}, sequence=None)
    columns = [row[1] for row in store.ask("PRAGMA table_info(tasks)")]
    assert tuple(columns) == schema.LEGACY_COLUMNS
    assert store.ask("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'") == [("tasks",)]


def test_a_database_that_somebody_else_has_open_is_left_alone(store: Store) -> None:
    with closing(store.upgrade()) as db:
        db.one("SELECT 1 FROM tasks")
        with (
            pytest.raises(PreflightError, match="another program has it open; nothing was changed"),
            alone(store.path, patience=0.05),
        ):
            pass
    with closing(sqlite3.connect(store.path)) as connection:
        assert schema.is_outbox(connection)


def test_nobody_reads_meanwhile(store: Store) -> None:
    store.upgrade().close()
    with (
        alone(store.path),
        closing(sqlite3.connect(store.path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("SELECT * FROM tasks").fetchall()


def test_an_error_within_leaves_everything_as_it_was(store: Store) -> None:
    with closing(store.upgrade()) as db:
        db.execute("UPDATE legacy_schema SET sql = 'CREATE INDEX by_status ON nowhere (x)' WHERE name = 'by_status'")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = store.now
    with pytest.raises(StoreError, match="nowhere"):
        store.back({})
    assert store.now == before


def test_the_spent_journal_of_a_killed_program_goes(store: Store, tmp_path: Path) -> None:
    spent = tmp_path / "tasks.db-journal"
    spent.write_bytes(bytes(512))
    with alone(store.path) as connection:
        clear_journal(connection, store.path)
    assert not spent.exists()
    assert store.now == store.digest
