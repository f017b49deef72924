"""Statements that change many rows cannot end half-way with the transaction still open.

For one that could, SQLite copies each page before it is changed: as much work as the change itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import digests, writeback
from notifykit.outbox.values import Filter, Transition
from notifykit.testing import FakeClock
from notifykit.testing.outbox.digests import fixed
from notifykit.testing.outbox.steps import claim_one, finish, queue

OE_ABORT = 2
"""How SQLite's programs say that a statement may end with the transaction still open."""

ROLLBACK = "OR ROLLBACK "

STATEMENTS = {
    "complete": writeback._COMPLETE.format(or_rollback=ROLLBACK),
    "uncounted": digests._UNCOUNTED,
    "follow": digests._FOLLOW.format(or_rollback=ROLLBACK),
}

ANOTHER_PROGRAM = """
CREATE TABLE seen (what TEXT PRIMARY KEY);
CREATE TRIGGER note AFTER UPDATE ON tasks BEGIN INSERT OR IGNORE INTO seen VALUES (new.status); END
"""


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_row_that_cannot_be_kept_ends_the_transaction(outbox: SqliteOutbox, name: str) -> None:
    program = [row[1:] for row in outbox.db.all(f"EXPLAIN {STATEMENTS[name]}", _values(STATEMENTS[name]))]
    halts = [step for step in program if step[0] in {"Halt", "HaltIfNull"} and step[1]]
    assert halts
    assert not [step for step in halts if step[2] == OE_ABORT]


def test_flags_are_recorded_by_such_a_statement(outbox: SqliteOutbox) -> None:
    asked: list[str] = []
    outbox.db.connection.set_trace_callback(asked.append)
    outbox.complete([1, 2])
    assert [sql for sql in asked if sql.strip().startswith("UPDATE OR ROLLBACK tasks")]


def test_triggers_of_another_program_do_as_they_say(outbox: SqliteOutbox) -> None:
    queue(outbox, "K-1", "K-2", "K-3")
    for _ in range(3):
        assert finish(outbox, claim_one(outbox), Outcome.accepted(), Transition(status=Status.SENT))
    outbox.db.connection.executescript(ANOTHER_PROGRAM)
    outbox.complete(task.id for task in outbox.owed("sample"))
    assert [task.status for task in outbox.tasks(Filter())] == [Status.COMPLETED] * 3
    assert outbox.db.all("SELECT * FROM seen") == [("completed",)]


def test_so_they_do_where_the_messages_of_a_digest_are_moved(tmp_path: Path) -> None:
    clock = FakeClock()
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as outbox:
        one, ids = fixed(outbox, clock, "a", "b", "c")
        outbox.db.connection.executescript(ANOTHER_PROGRAM)
        assert finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT))
        assert [task.status for task in outbox.tasks(Filter(ids=tuple(ids)))] == [Status.SENT] * 3
        assert outbox.db.all("SELECT * FROM seen") == [("sent",)]


def _values(sql: str) -> object:
    return [None] * sql.count("?") or dict.fromkeys(
        (word.strip(":,)") for word in sql.split() if word.startswith(":")), None
    )
