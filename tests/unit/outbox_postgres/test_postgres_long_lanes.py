"""What a visit reads does not grow with what waits behind the first message of a lane."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from postgres_store import open_postgres

from notifykit.clock import SystemClock
from notifykit.model import Outcome, Status
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import ChannelBounds, Finished, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import claim_one

READ = """
SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
 WHERE schemaname = %s AND relname = 'tasks'
"""

BLOCKS = "SELECT pg_stat_get_xact_blocks_fetched('outbox.tasks_lane'::regclass)"

LONGER = """
UPDATE pg_class SET reltuples = reltuples * 25
 WHERE oid IN ('outbox.tasks'::regclass, 'outbox.tasks_lane'::regclass, 'outbox.tasks_pkey'::regclass)
"""
"""Has the planner take the tasks for a million."""


class Read(NamedTuple):
    rows: int
    """Of `tasks` that were looked at."""
    blocks: int
    """Of the index of lanes, which also has entries that no row came of."""


def read_so_far(outbox: PostgresOutbox) -> Read:
    (rows,), (blocks,) = outbox.db.one(READ, (outbox.db.schema,)), outbox.db.one(BLOCKS)
    return Read(rows, blocks)


def read_by_a_visit(outbox: PostgresOutbox) -> Read:
    """Record a result and claim the next message; returns what that read."""
    one = claim_one(outbox)
    result = Finished(claim=one, outcome=Outcome.accepted(), then=Transition(status=Status.SENT))
    with outbox.transaction():
        before = read_so_far(outbox)  # the server counts in earlier visits for up to a second
        (next_one,) = outbox.exchange([result], "worker", 1, {"robot": ChannelBounds()}, 120.0).claims
        after = read_so_far(outbox)
    assert next_one.task.id == one.task.id + 1
    outbox.release(next_one)
    return Read(after.rows - before.rows, after.blocks - before.blocks)


def test_a_lane_of_thousands_costs_what_a_short_one_does(tmp_path: Path) -> None:
    with open_postgres(tmp_path, SystemClock()) as outbox:
        outbox.enqueue([draft(key=str(number), recipient="甲") for number in range(4)])
        short = read_by_a_visit(outbox)
        outbox.enqueue([draft(key=str(number), recipient="甲") for number in range(4, 20_000)])
        long = read_by_a_visit(outbox)
        assert long.rows <= short.rows + 5
        assert long.blocks <= 4 * short.blocks  # of the deeper index


def test_a_plan_that_was_made_for_a_few_messages_is_kept_and_right_for_thousands(tmp_path: Path) -> None:
    with open_postgres(tmp_path, SystemClock()) as outbox:
        outbox.enqueue([draft(key=str(number), recipient="甲") for number in range(10)])
        short = [read_by_a_visit(outbox) for _ in range(5)][-1]
        with open_postgres(tmp_path, SystemClock()) as other:
            other.enqueue([draft(key=str(number), recipient=f"群{number % 10}") for number in range(10, 12_000)])
            for one in other.exchange([], "other", 10, {"robot": ChannelBounds()}, 120.0).claims:
                other.release(one)
        assert read_by_a_visit(outbox).rows <= short.rows + 5


def test_many_long_lanes_cost_what_is_claimed_once_the_server_knows_how_long_they_are(tmp_path: Path) -> None:
    with open_postgres(tmp_path, SystemClock()) as outbox:
        for part in range(10):
            keys = range(part * 4_000, part * 4_000 + 4_000)
            outbox.enqueue([draft(key=str(number), recipient=f"群{number % 40}") for number in keys])
        with outbox.transaction():
            outbox.db.execute("ANALYZE outbox.tasks")
            outbox.db.execute(LONGER)  # a million would take a minute to queue
        with outbox.transaction():
            (before,) = outbox.db.one(READ, (outbox.db.schema,))
            claims = outbox.exchange([], "worker", 40, {"robot": ChannelBounds()}, 120.0).claims
            (read,) = outbox.db.one(READ, (outbox.db.schema,))
            assert outbox.db.one("SHOW jit") == ("off",), "to compile an exchange takes longer than to run it"
        assert (len(claims), read - before < 40 * 20) == (40, True), read - before
        assert outbox.db.one("SHOW jit") == ("on",), "the session is as it was"


def test_a_lane_with_a_turn_too_early_gives_nothing_before_its_message_is_due(tmp_path: Path) -> None:
    clock = FakeClock()
    with open_postgres(tmp_path, clock) as outbox:
        (id_,) = outbox.enqueue([draft(key="a", recipient="甲", not_before=clock.now() + 60)]).ids
        with outbox.transaction():
            outbox.db.execute("UPDATE outbox.lanes SET due_at = 0, next_id = %s", (id_,))
            outbox.db.execute("UPDATE outbox.tasks SET hold_until = not_before")
            outbox.db.execute("UPDATE outbox.channels SET next_at = 0")
        assert outbox.exchange([], "worker", 1, {"robot": ChannelBounds()}, 120.0).claims == []
        clock.advance(60)
        assert claim_one(outbox).task.id == id_
