"""An outbox read through any connection: of this version, of an earlier one, and a table that is none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.model import Draft, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason


def draft(key: str, **more: object) -> Draft:
    facts = {"campaign": "c", "name": "group", "recipient": "r", "text": "t", "channel": "ch", "task_type": "x"}
    return Draft(key=key, **(facts | more))  # type: ignore[arg-type]


@pytest.fixture
def filled(outbox: SqliteOutbox) -> SqliteOutbox:
    """Three tasks of two campaigns, the first one accepted and the second one in doubt; then a row of nobody."""
    outbox.enqueue([draft("1"), draft("2", recipient="s"), draft("3", campaign="d")])
    for claim, outcome in zip(
        take(outbox, "w", 2, {"ch": ChannelBounds()}, 60), [Outcome.accepted(), Outcome.unknown("lost")], strict=True
    ):
        status = Status.SENT if outcome == Outcome.accepted() else Status.IN_DOUBT
        finish(outbox, claim, outcome, Transition(status=status, reason=Reason(outcome.code) if outcome.code else None))
    outbox.db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'r', 'm')")
    return outbox


def test_what_campaigns_own_and_what_they_do_not(filled: SqliteOutbox) -> None:
    stored = filled.stored()
    brief = list(stored.tasks_in_brief())
    assert [(task.id, task.campaign, task.key, task.status, task.attempts) for task in brief] == [
        (1, "c", "1", "sent", 1),
        (2, "c", "2", "in_doubt", 1),
        (3, "d", "3", "queued", 0),
    ]
    assert [task.id for task in stored.tasks_in_brief(campaign="c", status=Status.IN_DOUBT)] == [2]
    assert stored.owned_ids() == {1, 2, 3}
    assert stored.campaigns() == {"c", "d"}
    assert list(stored.latest_rounds()) == [("c", "1", "group", 1), ("c", "2", "group", 1), ("d", "3", "group", 1)]
    assert [(row.id, row.text) for row in stored.foreign_rows(status="pending")] == [(4, "m")]
    assert list(stored.foreign_rows(status="completed")) == []
    assert stored.foreign_span() == (1, 4)
    assert not stored.begins_foreign()


def test_cancelled_keys_are_not_live(filled: SqliteOutbox) -> None:
    filled.decide([2], Status.CANCELLED, who="p", why="y", of=[Status.IN_DOUBT])
    assert filled.stored().live_keys("c") == ["1"]
    assert filled.stored().decided_about() == {2}


def test_a_task_and_its_attempts_are_those_of_the_store(filled: SqliteOutbox) -> None:
    stored = filled.stored()
    assert [stored.task(id_) for id_ in (1, 2, 3)] == list(filled.tasks(Filter(ids=(1, 2, 3))))
    assert stored.attempts(2) == filled.attempts(2)
    assert [row[:2] for row in stored.attempt_rows()] == [(1, 1), (2, 1)]
    with pytest.raises(LookupError, match="no task 9"):
        stored.task(9)


def test_a_doubt_that_a_person_put_back_is_none(filled: SqliteOutbox) -> None:
    filled.db.execute("UPDATE tasks SET status = 'queued' WHERE id = 2")
    assert list(filled.stored().perhaps_accepted()) == [(2, "unknown", "lost")]
    filled.db.execute("UPDATE tasks SET status = 'in_doubt' WHERE id = 2")
    filled.decide([2], Status.QUEUED, who="p", why="y", of=[Status.IN_DOUBT])
    assert list(filled.stored().perhaps_accepted()) == []


def test_what_is_on_the_wire_is_told_by_worker(filled: SqliteOutbox) -> None:
    assert list(filled.stored().on_the_wire()) == []
    assert len(take(filled, "w", 1, {"ch": ChannelBounds()}, 60)) == 1
    assert list(filled.stored().on_the_wire()) == [("w", 1)]


def test_rows_that_the_outbox_sent_say_nothing_of_the_old_program(filled: SqliteOutbox) -> None:
    filled.complete([1])
    filled.db.execute("UPDATE tasks SET status = 'completed' WHERE id = 4")
    assert [id_ for id_, *_ in filled.stored().completed_unattempted()] == [4]


def test_columns_that_an_earlier_version_did_not_have_are_empty(filled: SqliteOutbox) -> None:
    filled.note_refused_write_back({1: Reason("locked")})
    assert filled.stored().task(1).reason == Reason("locked")
    filled.db.execute("ALTER TABLE tasks DROP COLUMN refusal")
    filled.db.execute("DROP INDEX attempts_vendor")
    filled.db.execute("ALTER TABLE attempts DROP COLUMN vendor_id")
    assert filled.stored().task(1).reason is None
    assert filled.stored().attempts(1)[0].vendor_id is None


def test_a_legacy_table_has_rows_of_others_only(legacy_file: Path) -> None:
    with closing(sqlite3.connect(legacy_file)) as connection:
        stored = StoredOutbox(connection)
        assert [row.text for row in stored.foreign_rows()] == ["第一条", "第二条"]
        assert stored.foreign_span() == (2, 2)
        assert stored.begins_foreign()
        assert [id_ for id_, *_ in stored.completed_unattempted()] == [2]
        assert list(stored.latest_rounds()) == []


def test_a_file_without_a_table_begins_with_nothing() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        assert not StoredOutbox(connection).begins_foreign()
