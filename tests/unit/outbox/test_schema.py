from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import other_versions
import pytest

from notifykit.errors import StoreError
from notifykit.model import Draft, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS
from notifykit.outbox.sqlite.steps import steps
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.testing.outbox.steps import take


def schema_of(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def draft(key: str, **more: object) -> Draft:
    facts = {"campaign": "c", "name": "group", "recipient": "r", "text": "t", "channel": "ch", "task_type": "x"}
    return Draft(key=key, **(facts | more))  # type: ignore[arg-type]


def test_an_upgraded_legacy_table_is_the_same_as_a_new_one(legacy_file: Path, tmp_path: Path) -> None:
    SqliteOutbox.open(legacy_file).close()
    SqliteOutbox.open(tmp_path / "new.db").close()
    assert [name for name, _ in schema_of(legacy_file)] == [name for name, _ in schema_of(tmp_path / "new.db")]
    columns = []
    for file in (legacy_file, tmp_path / "new.db"):
        with closing(sqlite3.connect(file)) as connection:
            columns.append(connection.execute("PRAGMA table_info(tasks)").fetchall())
    assert columns[0] == columns[1]
    assert tuple(row[1] for row in columns[0][:7]) == LEGACY_COLUMNS


def test_a_new_store_is_to_the_letter_what_the_steps_make_one_by_one(tmp_path: Path) -> None:
    for count in range(1, len(steps()) + 1):
        other_versions.upgrade_so_far(tmp_path / "old.db", count)
    SqliteOutbox.open(tmp_path / "new.db").close()
    assert schema_of(tmp_path / "old.db") == schema_of(tmp_path / "new.db")


def test_upgrading_keeps_every_row_and_positional_readers(legacy_file: Path) -> None:
    with closing(sqlite3.connect(legacy_file)) as connection:
        before = connection.execute("SELECT * FROM tasks").fetchall()
    SqliteOutbox.open(legacy_file).close()
    SqliteOutbox.open(legacy_file).close()  # and again changes nothing
    with closing(sqlite3.connect(legacy_file)) as connection:
        rows = connection.execute("SELECT * FROM tasks").fetchall()
        assert [row[:7] for row in rows] == before
        pending = connection.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
        assert [row[1:4] for row in pending] == [("send_wecom_message", "测试群", "第一条")]


def test_the_legacy_program_still_inserts_and_completes_its_own_rows(legacy_file: Path) -> None:
    with SqliteOutbox.open(legacy_file) as outbox:
        outbox.enqueue([draft("k")])
        with closing(sqlite3.connect(legacy_file)) as old, old:
            old.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'r', 'm')")
            old.execute("UPDATE tasks SET status = 'completed' WHERE id = 1")
            unsent = old.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
        assert [row[0] for row in unsent] == [4]
        assert take(outbox, "w", 9, {"ch": ChannelBounds()}, 60)[0].task.key == "k"
        foreign = list(outbox.tasks(Filter(statuses=(Status.PENDING,))))
        assert [(task.campaign, task.text) for task in foreign] == [("", "m")]


def test_a_row_of_ours_shows_old_readers_local_times(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft("k")])
    created, updated = outbox.db.one("SELECT created_at, updated_at FROM tasks")
    assert created == updated
    assert len(created) == len("2025-08-01 10:00:00")


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_store_from_a_newer_version_is_refused_and_left_alone(tmp_path: Path, journal: str) -> None:
    file = tmp_path / "outbox.db"
    SqliteOutbox.open(file).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        other_versions.add_a_step_of_tomorrow(connection)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=f"written by a newer notifykit .* {other_versions.OF_TOMORROW}.* update"):
        SqliteOutbox.open(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"not a database at all, just some text" * 40, "not an SQLite database"), (b"SQLite format 3\0torn", "database")],
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "outbox.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=complaint):
        SqliteOutbox.open(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("version", [0, 1])
def test_somebody_elses_tasks_table_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    before = file.read_bytes()
    with pytest.raises(StoreError, match="id, title, which is not an outbox"):
        SqliteOutbox.open(file)
    assert file.read_bytes() == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        SqliteOutbox.open(tmp_path)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be made"):
        SqliteOutbox.open(tmp_path / "file" / "state" / "outbox.db")


def test_looking_neither_makes_nor_upgrades_a_store(legacy_file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no outbox yet"):
        SqliteOutbox.open(tmp_path / "none.db", create=False)
    assert not (tmp_path / "none.db").exists()
    before = legacy_file.read_bytes()
    with pytest.raises(StoreError, match="is not an outbox yet"):
        SqliteOutbox.open(legacy_file, create=False)
    assert legacy_file.read_bytes() == before


def test_a_failed_upgrade_changes_nothing(legacy_file: Path) -> None:
    with closing(sqlite3.connect(legacy_file)) as connection:
        connection.execute("CREATE TABLE events (mine TEXT)")
    with pytest.raises(StoreError, match="events"):
        SqliteOutbox.open(legacy_file)
    with closing(sqlite3.connect(legacy_file)) as connection:
        assert len(connection.execute("PRAGMA table_info(tasks)").fetchall()) == 7
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_what_is_committed_is_durable(outbox: SqliteOutbox) -> None:
    assert outbox.db.one("PRAGMA journal_mode") == ("wal",)
    assert outbox.db.one("PRAGMA synchronous") == (2,)
