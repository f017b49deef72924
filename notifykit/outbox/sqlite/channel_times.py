"""When a channel may next be worth a look: claims begin there, and cost what is due, not what is configured.

`next_at` and `next_id` are never behind the first turn of the channel that may be claimed, by time and then by id;
`next_at` is NULL where nothing waits. Whatever gives a task its turn lowers them, in the same transaction. A claim that
has looked raises them: to the next turn, to the end of a pause, to when the rates leave a place again. Every few
seconds all channels of which something waits are looked at again: rates may be others now, the clock may have been set
back, and other programs write into the store.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database

# `lower`: something of a channel has its turn then.
_LOWER = """
INSERT INTO channels (channel, next_at, next_id) VALUES (?, ?, ?)
ON CONFLICT (channel) DO UPDATE SET next_at = excluded.next_at, next_id = excluded.next_id
  WHERE next_at IS NULL OR (next_at, next_id) > (excluded.next_at, excluded.next_id)
"""

# `new_turns`, `turns_of`: the first turn of each channel. One that is no time is mended by `setting_aside`.
_FIRST_OF_THESE = """
SELECT channel, min(CASE WHEN typeof(due_at) = 'real' THEN due_at ELSE 0.0 END), min(id) FROM tasks NOT INDEXED
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel IS NOT NULL
"""

# `new_turns`: among the tasks beyond an id.
_NEW_TURNS = f"{_FIRST_OF_THESE} AND id > ? GROUP BY channel"

# `turns_of`: among these tasks.
_TURNS_OF = f"{_FIRST_OF_THESE} AND id IN (SELECT value FROM json_each(?)) GROUP BY channel"

# `put_off`: nothing of a channel may be claimed before then; NULL: nothing waits.
_PUT_OFF = "UPDATE channels SET next_at = ?, next_id = 0 WHERE channel = ?"

# `first_turn`: the first turn of a channel.
_FIRST_TURN = """
SELECT due_at, id FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = ? AND campaign IS NOT NULL ORDER BY due_at, id LIMIT 1
"""

# Part of `_TURN_OF_CAMPAIGN`: what may have a turn, in the index of what is open. See
# `_DUE_OF_CAMPAIGN`.
_OF_CAMPAIGN = f"""tasks INDEXED BY tasks_open
 WHERE status = 'queued' AND {rows.OPEN} AND campaign = :campaign AND channel = :channel AND due_at IS NOT NULL"""

# `first_turn_of`: the first turn of a campaign in a channel: one that is due, in the order of queueing, or else the
# next one that will be.
_TURN_OF_CAMPAIGN = f"""
SELECT coalesce((SELECT due_at FROM {_OF_CAMPAIGN} AND due_at <= :now ORDER BY queued_at LIMIT 1),
                (SELECT min(due_at) FROM {_OF_CAMPAIGN}))
"""

# `to_first_turn`: nothing of a channel comes before that.
_NEXT = "UPDATE channels SET next_at = ?, next_id = ? WHERE channel = ?"

# `worth_a_look`: the channels of which something may be claimed, by when they are to be looked at; until when each is
# paused; and whether it has an outage.
_WORTH_A_LOOK = """
SELECT channel, next_at, next_id, coalesce((SELECT until FROM pauses WHERE pauses.channel = channels.channel), 0.0),
       EXISTS (SELECT 1 FROM outages WHERE outages.channel = channels.channel)
  FROM channels WHERE next_at <= ? ORDER BY next_at, next_id
"""

# `waiting`: the channels of which anything waits, the first ones first.
_WAITING = "SELECT channel, next_at FROM channels WHERE next_at IS NOT NULL ORDER BY next_at"

# `look_again`: the channels of which something waits, by one seek in the index for each.
_LOOK_AGAIN = """
INSERT OR REPLACE INTO channels (channel, next_at, next_id)
WITH RECURSIVE waiting (channel) AS (
    SELECT min(channel) FROM tasks INDEXED BY tasks_due WHERE status = 'queued' AND due_at IS NOT NULL
     UNION ALL
    SELECT (SELECT min(channel) FROM tasks INDEXED BY tasks_due
             WHERE status = 'queued' AND due_at IS NOT NULL AND channel > waiting.channel)
      FROM waiting WHERE channel IS NOT NULL)
SELECT channel, 0.0, 0 FROM waiting WHERE channel IS NOT NULL
"""


class Ready(NamedTuple):
    """A channel of which something may be claimed."""

    name: str
    next_at: float
    next_id: int
    """Of the first turn; 0 where the channel was put off, and its first turn is not known."""
    paused_until: float
    """0 where it is not paused."""
    has_outage: bool


def lower(db: Database, first: Iterable[tuple[str, float, int]]) -> None:
    """Know that something of these channels has its turn: from when on, and its id."""
    for channel, at, id_ in first:
        db.execute(_LOWER, (channel, at, id_))


def new_turns(db: Database, last: int) -> None:
    """Know of the turns of the tasks with ids beyond `last`."""
    lower(db, db.all(_NEW_TURNS, (last,)))


def turns_of(db: Database, ids: Sequence[int]) -> None:
    """Know of the turns of these tasks."""
    lower(db, db.all(_TURNS_OF, (json.dumps(ids),)))


def put_off(db: Database, channel: str, until: float) -> None:
    """Look at a channel no earlier."""
    db.execute(_PUT_OFF, (until, channel))


def first_turn(db: Database, channel: str) -> tuple[object, int]:
    """Return when the first turn of a channel comes, and its id; None where nothing waits.

    What another program wrote there may be no time: `setting_aside` mends that.
    """
    return db.one(_FIRST_TURN, (channel,)) or (None, 0)


def first_turn_of(db: Database, channel: str, campaigns: Collection[str]) -> object:
    """Return when the first turn of a channel comes, of these campaigns where any are named; None where none waits."""
    if not campaigns:
        return first_turn(db, channel)[0]
    values = {"channel": channel, "now": db.clock.now()}
    turns = [db.one(_TURN_OF_CAMPAIGN, {**values, "campaign": name})[0] for name in campaigns]
    return min((turn for turn in turns if isinstance(turn, float)), default=None)


def to_first_turn(db: Database, channel: str) -> None:
    """Look at a channel when its first turn comes; where nothing waits, not before something of it is queued."""
    at, id_ = first_turn(db, channel)
    if at is None or isinstance(at, float):
        db.execute(_NEXT, (at, id_, channel))


def worth_a_look(db: Database, now: float) -> list[Ready]:
    """Return the channels of which something may be claimed: those that were put off, whose first turn may be earlier
    than that, then the others in the order of their first turns."""
    return sorted(map(Ready._make, db.all(_WORTH_A_LOOK, (now,))), key=lambda one: one.next_id != 0)


def waiting(db: Database) -> list[tuple[str, float]]:
    """Return the channels of which anything waits, each with the moment before which nothing of it may be claimed."""
    return db.all(_WAITING)


def look_again(connection: sqlite3.Connection) -> None:
    """Look at every channel again of which something waits, whatever it was put off for. Raises sqlite3.Error."""
    connection.execute(_LOOK_AGAIN)
