"""When a channel may next be worth a look: claims begin there, and cost what is due, not what is configured.

`next_at` and `next_id` are never behind the first turn of the channel that may be claimed, by time and then by id;
`next_at` is NULL where nothing waits. Whatever gives a lane its turn lowers them, and has announced that beforehand. A
claim that has looked raises them: to the next turn, to the end of a pause, to when the rates leave a place again, but
not while somebody has announced a turn that cannot be seen yet. Every few seconds all channels of which something waits
are looked at again: rates may be others now, and the clock may have been set back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import isfinite
from typing import NamedTuple

from notifykit.outbox.postgres import advisory, rows
from notifykit.outbox.postgres.database import Database

# `know`: channels of which nothing was ever queued.
_KNOW = """
INSERT INTO outbox.channels (channel) SELECT name FROM unnest(%(names)s::text[]) AS name
 WHERE NOT EXISTS (SELECT 1 FROM outbox.channels WHERE channel = name) ORDER BY name COLLATE "C" ON CONFLICT DO NOTHING
"""

# `lower`: turns that come sooner than their channels were to be looked at.
_LOWER = """
WITH first AS (SELECT * FROM json_to_recordset(%s::json) AS first (channel text, at double precision, id bigint)),
sooner AS (
    SELECT channel FROM outbox.channels JOIN first USING (channel)
     WHERE next_at IS NULL OR (next_at, next_id) > (first.at, first.id) ORDER BY channel FOR UPDATE OF channels)
UPDATE outbox.channels SET next_at = first.at, next_id = first.id FROM first JOIN sooner USING (channel)
 WHERE channels.channel = first.channel AND (next_at IS NULL OR (next_at, channels.next_id) > (first.at, first.id))
"""

# `look_at`: a channel may be worth a look at once.
_LOOK_AT = "UPDATE outbox.channels SET next_at = 0, next_id = 0 WHERE channel = %s"

# `put_off`: nothing of these channels may be claimed before then; NULL: before a person says so.
_PUT_OFF = """
UPDATE outbox.channels SET next_at = coalesce(until, 'Infinity'), next_id = 0
  FROM json_to_recordset(%s::json) AS later (channel text, until double precision)
 WHERE channels.channel = later.channel
"""

# `to_first_turns`: nothing of these channels comes before that.
_TO_FIRST_TURNS = """
UPDATE outbox.channels SET next_at = first.due_at, next_id = coalesce(first.next_id, 0)
  FROM unnest(%s::text[]) AS looked LEFT JOIN LATERAL (
       SELECT due_at, next_id FROM outbox.lanes WHERE lanes.channel = looked AND due_at IS NOT NULL
        ORDER BY due_at, next_id LIMIT 1) AS first ON true
 WHERE channels.channel = looked
   AND (next_at, channels.next_id) IS DISTINCT FROM (first.due_at, coalesce(first.next_id, 0))
"""

_UNTIL = (
    """coalesce(pauses.until, 0), CASE WHEN several AND kind = 'unreachable' THEN outages.last_at + outages.wait END"""
)
"""Until when a channel is paused, and when it is to be probed, where its outage pauses it."""

# `worth_a_look`: the channels of which something may be claimed, by when they are to be looked at; until when each is
# paused; and when it is to be probed, where its outage pauses it.
_WORTH_A_LOOK = f"""
SELECT channel, next_at, channels.next_id, {_UNTIL}
  FROM outbox.channels LEFT JOIN outbox.pauses USING (channel) LEFT JOIN outbox.outages USING (channel)
 WHERE next_at <= %s ORDER BY next_at, channels.next_id
"""

# `next_turn`: the channels of which anything waits, the first ones first, the first turn of each, and what bars it.
_WAITING = f"""
SELECT next_at, (SELECT min(due_at) FROM outbox.lanes WHERE lanes.channel = channels.channel), {_UNTIL}
  FROM outbox.channels LEFT JOIN outbox.pauses USING (channel) LEFT JOIN outbox.outages USING (channel)
 WHERE next_at IS NOT NULL AND channel = ANY (%(channels)s::text[])
"""

# `next_turn`: the same, of some campaigns: of lanes whose turn is theirs.
_WAITING_OF = f"""
SELECT next_at, (
       SELECT min(due_at) FROM outbox.lanes JOIN outbox.tasks ON tasks.id = lanes.next_id
        WHERE lanes.channel = channels.channel AND due_at IS NOT NULL AND campaign = ANY (%(campaigns)s::text[])),
       {_UNTIL}
  FROM outbox.channels LEFT JOIN outbox.pauses USING (channel) LEFT JOIN outbox.outages USING (channel)
 WHERE next_at IS NOT NULL AND channel = ANY (%(channels)s::text[])
"""

# `look_again`: the channels of which something waits, and that nobody else is about.
_LOOK_AGAIN = """
UPDATE outbox.channels SET next_at = 0, next_id = 0 WHERE channel IN (
    SELECT channel FROM outbox.channels
     WHERE (next_at IS NULL OR next_at > 0)
       AND EXISTS (SELECT 1 FROM outbox.lanes WHERE lanes.channel = channels.channel AND due_at IS NOT NULL)
     ORDER BY channel FOR UPDATE SKIP LOCKED)
"""


class Ready(NamedTuple):
    """A channel of which something may be claimed."""

    name: str
    next_at: float
    next_id: int
    """Of the first turn; 0 where the channel was put off, and its first turn is not known."""
    paused_until: float
    """0 where it is not paused."""
    next_probe: float | None
    """None where it is not probed."""


def know(db: Database, channels: Collection[str]) -> None:
    """Know of channels of which something is queued."""
    db.send(_KNOW, {"names": list(channels)})


def lower(db: Database, first: Mapping[str, tuple[float, int]]) -> None:
    """Know that something of these channels has its turn: from when on, and its id."""
    if first:
        db.execute(_LOWER, (rows.many({"channel": name, "at": at, "id": id_} for name, (at, id_) in first.items()),))


def look_at(db: Database, channel: str) -> None:
    """Have a channel looked at."""
    db.execute(_LOOK_AT, (channel,))


def put_off(db: Database, until: Mapping[str, float]) -> None:
    """Look at channels no earlier, as far as nobody has announced a turn."""
    if free := advisory.try_to_hold(db, "channel", until) if until else ():
        ends = {name: until[name] if isfinite(until[name]) else None for name in sorted(free)}
        db.execute(_PUT_OFF, (rows.many({"channel": name, "until": end} for name, end in ends.items()),))


def to_first_turns(db: Database, channels: Collection[str]) -> None:
    """Look at channels when their first turns come, as far as nobody has announced others."""
    if free := advisory.try_to_hold(db, "channel", channels) if channels else ():
        db.execute(_TO_FIRST_TURNS, (sorted(free),))


def worth_a_look(db: Database, now: float) -> list[Ready]:
    """Return the channels of which something may be claimed: those that were put off, whose first turn may be earlier
    than that, then the others in the order of their first turns."""
    return sorted(map(Ready._make, db.all(_WORTH_A_LOOK, (now,))), key=lambda one: one.next_id != 0)


def next_turn(db: Database, channels: Iterable[str], campaigns: Collection[str] = ()) -> float | None:
    """Return when the next task of these channels may be claimed, of these campaigns where any are named; None where
    nothing waits."""
    found = db.all(_WAITING_OF if campaigns else _WAITING, {"channels": list(channels), "campaigns": list(campaigns)})
    return min(
        (max(at, due, paused, probe or 0.0) for at, due, paused, probe in found if due is not None), default=None
    )


def look_again(db: Database) -> None:
    """Look at every channel again of which something waits, whatever it was put off for."""
    db.execute(_LOOK_AGAIN)
