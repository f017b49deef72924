"""The fence moves a lane in SQL as notifykit/outbox/sqlite/lanes.py does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import plans
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.store import fence

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import lanes


class Member(NamedTuple):
    """A task of the lane. Times are hours from now."""

    status: str
    ordered: int
    tries: int
    not_before: int
    hold_until: int | None


MEMBERS = st.lists(
    st.builds(
        Member,
        status=st.sampled_from(["queued", "queued", "queued", "queued", "sending", "in_doubt"]),
        ordered=st.sampled_from([1, 1, 1, 0]),
        tries=st.integers(0, 1),
        not_before=st.sampled_from([-2, 1, 2, 3]),
        hold_until=st.sampled_from([None, 1, 2, 3]),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path_factory.mktemp("lanes") / "tasks.db") as opened:
        opened.db.execute("PRAGMA synchronous = OFF")
        with opened.transaction():
            fence.remember_schema(opened.db)
            fence.install(opened.db, plans.plan(), others={"t": "ch"})
        yield opened


def fill(outbox: SqliteOutbox, members: list[Member]) -> None:
    db = outbox.db
    now = db.clock.now()
    db.execute("DELETE FROM tasks")
    for id_, member in enumerate(members, 1):
        db.execute(
            "INSERT INTO tasks (id, task_type, recipient, message, status, metadata, campaign, record_key,"
            " message_name, round, channel, ordered, attempts, tries, queued_at, not_before, hold_until)"
            " VALUES (?, 't', 'r', 'm', ?, '{}', 'c', ?, 'group', 1, 'ch', ?, 0, ?, 0.0, ?, ?)",
            (
                id_,
                member.status,
                str(id_),
                member.ordered,
                member.tries,
                now + member.not_before * 3600.0,
                None if member.hold_until is None else now + member.hold_until * 3600.0,
            ),
        )
    db.execute("UPDATE tasks SET due_at = not_before WHERE status = 'queued' AND ordered = 0")
    lanes.advance(db, [("ch", "r")])


def due(outbox: SqliteOutbox, last: int) -> list[tuple[int, float | None]]:
    found = outbox.db.all("SELECT id, due_at FROM tasks WHERE status = 'queued' AND id <= ? ORDER BY id", (last,))
    return [(id_, None if at is None else round(at, 3)) for id_, at in found]


@given(MEMBERS, st.data())
def test_after_a_late_completed(outbox: SqliteOutbox, members: list[Member], data: st.DataObject) -> None:
    chosen = data.draw(st.integers(1, len(members)))
    with outbox.transaction():
        fill(outbox, members)
        outbox.db.execute("UPDATE tasks SET status = 'completed' WHERE id = ?", (chosen,))
        by_fence = due(outbox, len(members))
        fill(outbox, members)
        outbox.db.execute(
            "UPDATE tasks SET status = 'completed', completed_at = 1.0, due_at = NULL"
            " WHERE id = ? AND status IN ('queued', 'in_doubt')",  # as we do it: the fence does not hear of it
            (chosen,),
        )
        lanes.advance(outbox.db, [("ch", "r")])
        by_lanes = due(outbox, len(members))
    assert [(id_, at is None) for id_, at in by_fence] == [(id_, at is None) for id_, at in by_lanes]
    assert [at or 0.0 for _, at in by_fence] == pytest.approx([at or 0.0 for _, at in by_lanes], abs=5)


@given(MEMBERS)
def test_when_a_task_of_another_program_is_taken(outbox: SqliteOutbox, members: list[Member]) -> None:
    with outbox.transaction():
        fill(outbox, members)
        id_ = outbox.db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', 'm')").lastrowid
        assert id_ is not None
        ((_, by_fence),) = due(outbox, id_)[-1:]
        outbox.db.execute("UPDATE tasks SET due_at = NULL WHERE id = ?", (id_,))
        lanes.advance(outbox.db, [("ch", "r")])
        ((_, by_lanes),) = due(outbox, id_)[-1:]
        outbox.db.execute("DELETE FROM tasks WHERE id = ?", (id_,))
    assert (by_fence is None) == (by_lanes is None)
    assert by_fence == pytest.approx(by_lanes, abs=5)
