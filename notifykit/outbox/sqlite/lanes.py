"""Order per recipient: whose turn it is.

A lane is the ordered tasks of one channel to one recipient. `due_at` is set on the task whose turn it is, and is
NULL on those behind it, so that a claim is one seek in an index however long the backlog. Where a task came back
before one that had its turn, both have a time, and the claim takes the first. Whatever changes a lane calls `advance`
for it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import chain

from notifykit.model import Task
from notifykit.outbox.sqlite import channel_times
from notifykit.outbox.sqlite.database import Database

LANES = 64
"""Lanes in one statement."""

# `place_new`: a new task gets its turn at once where nothing of its lane is queued before it or on the wire.
_PLACE_NEW = """
UPDATE tasks SET due_at = not_before
 WHERE id > :last AND status = 'queued' AND (ordered = 0 OR NOT (
       EXISTS (SELECT 1 FROM tasks AS earlier INDEXED BY tasks_lane
                WHERE earlier.status = 'queued' AND earlier.ordered = 1 AND earlier.channel = tasks.channel
                  AND earlier.recipient = tasks.recipient AND earlier.id < tasks.id)
    OR EXISTS (SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
                WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = tasks.channel
                  AND busy.recipient = tasks.recipient)))
"""

# `place_new`: lanes in which a new task stands behind one that may wait for its time. For how long: see `advance`.
# Lanes are fewer than tasks, so these are found first.
_BEHIND_RETRIES = """
WITH lane AS (SELECT DISTINCT channel, recipient FROM tasks NOT INDEXED
               WHERE id > :last AND status = 'queued' AND ordered = 1 AND due_at IS NULL)
SELECT channel, recipient FROM lane
 WHERE EXISTS (SELECT 1 FROM tasks AS retry INDEXED BY tasks_retrying
                WHERE retry.status = 'queued' AND retry.not_before > 0.0 AND retry.ordered = 1
                  AND retry.channel = lane.channel AND retry.recipient = lane.recipient)
"""

# `place_unordered`: the turn of a task that waits for no other. One that goes in a digest has none.
_PLACE_UNORDERED = """
UPDATE tasks SET due_at = not_before
 WHERE id = :id AND NOT EXISTS (SELECT 1 FROM digest_members WHERE task_id = :id)
"""

# `advance`: whether anything of a lane is on the wire.
_BUSY = """
SELECT 1 FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND channel = ? AND recipient = ? AND ordered = 1 LIMIT 1
"""

# `advance`: what is queued in a lane, the first one first. What another program wrote there, if it is no number, or no
# time before the year 10000, is 0: the claim then puts that task aside.
_LANE = """
SELECT id, CAST(CASE WHEN not_before <= 253402300799.0 THEN not_before ELSE 0.0 END AS REAL),
       CAST(hold_until AS REAL), due_at
  FROM tasks INDEXED BY tasks_lane
 WHERE status = 'queued' AND ordered = 1 AND channel = ? AND recipient = ? ORDER BY id
"""

# `_first_of`: the first queued task of each lane, with the values that `_LANE` has.
_FIRST = """
WITH lane (channel, recipient) AS (VALUES {})
SELECT lane.channel, lane.recipient, id,
       CAST(CASE WHEN not_before <= 253402300799.0 THEN not_before ELSE 0.0 END AS REAL), due_at
  FROM lane CROSS JOIN tasks
 WHERE id = (SELECT id FROM tasks AS first INDEXED BY tasks_lane
              WHERE first.status = 'queued' AND first.ordered = 1 AND first.channel = lane.channel
                AND first.recipient = lane.recipient ORDER BY first.id LIMIT 1)
"""

# `advance`: when a task may be claimed.
_DUE_AT = "UPDATE tasks SET due_at = ? WHERE id = ?"


def place_new(db: Database, last: int) -> None:
    """Give the tasks with ids beyond `last` their turn, or leave them behind the others of their lane."""
    db.execute(_PLACE_NEW, {"last": last})
    channel_times.new_turns(db, last)
    advance(db, db.all(_BEHIND_RETRIES, {"last": last}))


def place_unordered(db: Database, ids: Sequence[int]) -> None:
    """Give queued tasks without an order their turns: each as soon as its own backoff is over."""
    if ids:
        db.executemany(_PLACE_UNORDERED, [{"id": id_} for id_ in ids])
        channel_times.turns_of(db, ids)


def find_turn(db: Database, task: Task, *, queued: bool) -> None:
    """Find whose turn it is in the lane of a task that was moved, and had no turn; `queued`: to there."""
    if task.ordered:
        advance(db, [(task.channel, task.recipient)])
    elif queued:
        place_unordered(db, [task.id])


def advance(db: Database, lanes: Iterable[tuple[str, str]], *, free: bool = False) -> None:
    """Find whose turn it is now, in lanes: channels with recipients. `free`: nothing of them is on the wire.

    That is the first queued task. Where its time has not come, everything behind it waits until its `hold_until`, and
    not at all where it has none: it is a retry that is waited for, or was never tried and is to be sent later.
    """
    now = db.clock.now()
    turns: list[tuple[float, int]] = []
    first: dict[str, tuple[float, int]] = {}
    if not free:
        lanes = [lane for lane in lanes if not db.one(_BUSY, lane)]
    for channel, recipient, id_, not_before, due_at in _first_of(db, list(lanes)):
        found: Iterable[tuple[float, int]]
        if not_before > now:  # it lets others pass
            found = _turns(db, channel, recipient, now)
        else:
            found = [(not_before, id_)] if not_before != due_at else ()
        for turn in found:
            turns.append(turn)
            first[channel] = min(turn, first.get(channel, turn))
    if turns:
        db.executemany(_DUE_AT, turns)
        channel_times.lower(db, ((channel, *turn) for channel, turn in first.items()))


def _first_of(db: Database, lanes: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, int, float, object]]:
    """Yield the first queued task of each of these lanes that has one: by one statement for many."""
    for at in range(0, len(lanes), LANES):
        part = lanes[at : at + LANES]
        size = 1 << (len(part) - 1).bit_length()  # so that there are few statements
        values = [*chain.from_iterable(part), *[None] * (2 * (size - len(part)))]
        yield from db.all(_first_of_lanes(size), values)


@cache
def _first_of_lanes(number: int) -> str:
    return _FIRST.format(", ".join(["(?, ?)"] * number))


def _turns(db: Database, channel: str, recipient: str, now: float) -> Iterator[tuple[float, int]]:
    """Yield the tasks of a free lane whose turn is at another time than is kept: that time, and the id."""
    held_until = 0.0
    with db.explaining(), closing(db.execute(_LANE, (channel, recipient))) as found:
        for id_, not_before, hold_until, due_at in found:
            waits = not_before > now
            due = not_before if waits else max(not_before, held_until)
            if due != due_at:
                yield due, id_
            if not waits:
                break
            held_until = max(held_until, hold_until or 0.0)
