"""What the old task table says by itself: which rows were tried, and whether rows were deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import other_versions
import pytest
from legacy_project import TABLE
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy import task_table as rows
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.model import Attempt, Stopped

from notifykit.outbox import SqliteOutbox

MADE = "2025-08-20 09:30:00"
BEFORE, LATER = "2025-08-20 09:00:00.000001", "2025-08-20 10:00:00.000001"

NEVER, PERHAPS, RAISED = Attempt.NEVER, Attempt.PERHAPS, Attempt.RAISED


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(TABLE)
        yield connection


def fill(db: sqlite3.Connection, *statuses: str, updated: str = LATER) -> None:
    for status in statuses:
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at)"
            " VALUES ('send_wecom_message', '群', '喜报', ?, ?, ?)",
            (status, MADE, MADE if status == "pending" else updated),
        )


def attempts(db: sqlite3.Connection, stopped: Stopped, log: LegacyLog | None = None) -> dict[int, Attempt]:
    known = rows.read_attempts(db, stopped, log)
    pending = db.execute("SELECT id, created_at FROM tasks WHERE status = 'pending'").fetchall()
    return {id_: known.of(id_, created, "send_wecom_message", planned=False)[0] for id_, created in pending}


P, C = "pending", "completed"


@pytest.mark.parametrize(
    ("statuses", "unknown", "idle"),
    [
        ((P,), {1: PERHAPS}, {1: NEVER}),
        ((P, P, P), {1: PERHAPS, 2: NEVER, 3: NEVER}, {1: NEVER, 2: NEVER, 3: NEVER}),
        ((C, P, P), {2: PERHAPS, 3: NEVER}, {2: NEVER, 3: NEVER}),
        ((P, C), {1: RAISED}, {1: RAISED}),
        ((P, C, P, P, C, P, P), {1: RAISED, 3: RAISED, 4: RAISED, 6: PERHAPS, 7: NEVER}, {6: NEVER, 7: NEVER}),
        ((C, "failed", P), {3: PERHAPS}, {3: NEVER}),
    ],
)
def test_the_order_of_ids(
    db: sqlite3.Connection, statuses: tuple[str, ...], unknown: dict[int, Attempt], idle: dict[int, Attempt]
) -> None:
    fill(db, *statuses)
    assert attempts(db, Stopped.UNKNOWN) == unknown
    assert attempts(db, Stopped.IDLE) == unknown | idle


def test_a_later_row_that_was_completed_before_this_one_was_made_proves_nothing(db: sqlite3.Connection) -> None:
    fill(db, P, C, updated=BEFORE)
    assert attempts(db, Stopped.IDLE) == {1: PERHAPS}


def test_one_of_the_later_rows_is_enough(db: sqlite3.Connection) -> None:
    """The clock was set back between two successes: the later one of them was after this row was made."""
    fill(db, P, C)
    fill(db, C, updated=BEFORE)
    assert attempts(db, Stopped.IDLE) == {1: RAISED}


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (LegacyLog(), {1: RAISED, 3: PERHAPS, 4: NEVER}),
        (LegacyLog(begun={2}), {1: RAISED, 3: NEVER, 4: NEVER}),
        (LegacyLog(begun={1}), {1: PERHAPS, 3: PERHAPS, 4: NEVER}),
        (LegacyLog(begun={1}, raised={1}), {1: RAISED, 3: PERHAPS, 4: NEVER}),
        (LegacyLog(begun={1, 2, 3}, done={2, 3}), {1: PERHAPS, 3: PERHAPS, 4: NEVER}),
        (LegacyLog(begun={2, 4}), {1: RAISED, 3: NEVER, 4: PERHAPS}),
    ],
)
def test_a_log_tells_more_where_it_says_something(
    db: sqlite3.Connection, log: LegacyLog, expected: dict[int, Attempt]
) -> None:
    fill(db, P, C, P, P)
    assert attempts(db, Stopped.UNKNOWN, log) == expected


def test_every_answer_says_how_it_is_known(db: sqlite3.Connection) -> None:
    fill(db, P, C, P, P)
    for log in (None, LegacyLog(begun={1, 2, 3, 4}), LegacyLog(raised={1}, done={3})):
        known = rows.read_attempts(db, Stopped.UNKNOWN, log)
        assert all(known.of(id_, MADE, "send_wecom_message", planned=False)[1].code for id_ in (1, 3, 4))


# Signs that rows were deleted.


def test_a_whole_table_was_not_purged(db: sqlite3.Connection) -> None:
    assert rows.purged(db) is None
    fill(db, C, C, P)
    assert rows.purged(db) is None


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("id = 1", "1 of 4 rows are gone from the table, the first has id 2"),
        ("id = 2", "1 of 4 rows are gone from the table"),
        ("id = 4", "1 of 4 rows are gone from the table"),
        ("id < 4", "3 of 4 rows are gone from the table, the first has id 4"),
        ("1", "4 of 4 rows are gone from the table"),
    ],
)
def test_a_gap_is_seen(db: sqlite3.Connection, where: str, what: str) -> None:
    fill(db, C, C, P, P)
    db.execute(f"DELETE FROM tasks WHERE {where}")
    assert str(rows.purged(db)) == what


def test_rows_that_a_rollback_took_are_no_gap(db: sqlite3.Connection) -> None:
    fill(db, C, C, P, P)
    db.execute("DELETE FROM tasks WHERE id IN (2, 3)")
    assert rows.purged(db, 2) is None
    assert rows.purged(db, 1) is not None


# The table itself.


def test_the_old_programs_table(db: sqlite3.Connection) -> None:
    assert rows.tasks_table(db)
    db.execute("DROP TABLE tasks")
    assert not rows.tasks_table(db)


def test_a_table_that_somebody_extended(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE tasks ADD COLUMN priority TEXT")
    with pytest.raises(PreflightError, match="DROP COLUMN priority"):
        rows.tasks_table(db)


def test_a_table_after_the_first_step_of_the_published_plan(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE tasks ADD COLUMN metadata TEXT")
    assert rows.tasks_table(db)
    fill(db, C, P)
    db.execute("UPDATE tasks SET metadata = '{}' WHERE id = 2")
    assert [row.metadata for row in rows.read_rows(db)] == [None, "{}"]


WECHAT, WECOM = "send_wechat_message", "send_wecom_message"


@pytest.mark.parametrize(
    ("made", "planned", "others"),
    [
        # A later group message was sent: every award before it had its turn.
        (((WECHAT, P), (WECOM, C)), {1: RAISED}, {}),
        # Awards come first: those that were sent say nothing of a group message with a lower id, but ids did before.
        (((WECOM, P), (WECOM, P), (WECHAT, C)), {1: PERHAPS, 2: NEVER}, {2: RAISED}),
        # The first of either type may have been in flight: the list was read before the other one was made.
        (((WECOM, P), (WECHAT, P), (WECHAT, P)), {1: PERHAPS, 2: PERHAPS, 3: NEVER}, {}),
    ],
)
def test_an_index_by_type_changes_the_order(
    db: sqlite3.Connection, made: list[tuple[str, str]], planned: dict[int, Attempt], others: dict[int, Attempt]
) -> None:
    db.execute("CREATE INDEX idx_tasks_status_type ON tasks (status, task_type)")
    for kind, status in made:
        fill(db, status)
        db.execute("UPDATE tasks SET task_type = ? WHERE id = last_insert_rowid()", (kind,))
    known = rows.read_attempts(db, Stopped.UNKNOWN, None)
    pending = [(id_, MADE, kind) for id_, (kind, status) in enumerate(made, 1) if status == P]
    assert {row[0]: known.of(*row, planned=True)[0] for row in pending} == planned
    assert {row[0]: known.of(*row, planned=False)[0] for row in pending} == planned | others


def test_a_name_that_is_taken(db: sqlite3.Connection) -> None:
    db.execute("CREATE VIEW events AS SELECT * FROM tasks")
    with pytest.raises(PreflightError, match="is called events"):
        rows.tasks_table(db)


def test_what_notifykit_sent_says_nothing_of_the_old_schedulers_order(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "x.db") as outbox:
        db = outbox.db.connection
        db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', 'm')")
        for attempts in (0, 1):
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message, status, campaign, attempts)"
                " VALUES ('t', 'r', 'm', 'completed', 'beijing', ?)",
                (attempts,),
            )
        assert [id_ for id_, _ in rows.read_attempts(db, Stopped.IDLE, None).by_id.completed] == [2]


def test_another_table_of_that_name(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE tasks")
    db.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)")
    with pytest.raises(PreflightError, match="has the columns id, title; the old program's begin with id, task_type"):
        rows.tasks_table(db)


def test_a_newer_store(db: sqlite3.Connection) -> None:
    rows.check_version(db, "tasks.db")
    other_versions.add_a_step_of_tomorrow(db)
    with pytest.raises(PreflightError, match=r"tasks\.db: written by a newer notifykit"):
        rows.check_version(db, "tasks.db")


def test_rows_whatever_their_types(db: sqlite3.Connection) -> None:
    fill(db, P)
    db.execute("UPDATE tasks SET message = 5, created_at = NULL")
    (row,) = rows.read_rows(db)
    assert (row.text, row.created_at) == ("5", "None")
    assert rows.read_owned(db) == {}


def test_a_time_is_of_the_zone_that_is_told() -> None:
    assert rows.epoch("2025-08-20 09:30:00", "Asia/Shanghai") == datetime(2025, 8, 20, 1, 30, tzinfo=UTC).timestamp()
    said = datetime(2025, 8, 20, 9, 30, tzinfo=UTC)
    assert rows.epoch(str(said), "Asia/Shanghai") == said.timestamp()


@pytest.mark.parametrize("text", ["", "None", "yesterday", "2025-13-01 00:00:00"])
def test_a_time_that_is_none(text: str) -> None:
    assert rows.epoch(text, "") is None


@pytest.mark.parametrize("text", [MADE, LATER, "2025-08-20T09:30:00"])
def test_a_time(text: str) -> None:
    assert rows.epoch(text, "") is not None
