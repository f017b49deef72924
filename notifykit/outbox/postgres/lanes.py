"""Order per recipient: whose turn it is, and who may look.

A lane is the ordered tasks of one channel to one recipient; a task without an order has a lane of its own. Whatever
changes tasks of lanes holds these first, all at once and in one order, and finds their turns anew in the same
transaction. Lanes are held by one statement and looked at by the next: what a statement sees is as old as its
beginning, and the lane that it waited for may be newer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import Cursor

from notifykit.outbox.postgres import advisory, channel_times, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.names import short

# `hold_of`, `holding`: the lanes of some tasks.
_HOLD_OF = """
SELECT id FROM outbox.lanes
 WHERE id = ANY (ARRAY(SELECT lane FROM outbox.tasks WHERE id = ANY (%s::bigint[]))) ORDER BY id FOR UPDATE
"""

# `hold_for`, `hold_both`: make the lanes of recipients that have none. In one order: who makes the same waits.
_MAKE = """
INSERT INTO outbox.lanes (channel, name)
SELECT channel, name FROM json_to_recordset(%s::json) AS new (channel text, name text)
 WHERE NOT EXISTS (SELECT 1 FROM outbox.lanes WHERE lanes.channel = new.channel AND lanes.name = new.name AND id > 0)
 ORDER BY channel COLLATE "C", name COLLATE "C"
ON CONFLICT DO NOTHING
"""

# `hold_for`: the lanes of recipients.
_HOLD_FOR = """
SELECT lanes.id, lanes.channel, lanes.name, lanes.due_at
  FROM json_to_recordset(%s::json) AS wanted (channel text, name text)
  JOIN outbox.lanes ON lanes.channel = wanted.channel AND lanes.name = wanted.name AND lanes.id > 0
 ORDER BY lanes.id FOR UPDATE OF lanes
"""

# `hold_both`: the lanes of some tasks, and those of recipients.
_HOLD_BOTH = """
SELECT id, channel, name FROM outbox.lanes
 WHERE id = ANY (ARRAY(SELECT lane FROM outbox.tasks WHERE id = ANY (%(ids)s::bigint[])))
    OR id = ANY (ARRAY(
       SELECT lanes.id FROM json_to_recordset(%(wanted)s::json) AS wanted (channel text, name text)
         JOIN outbox.lanes ON lanes.channel = wanted.channel AND lanes.name = wanted.name AND lanes.id > 0))
 ORDER BY id FOR UPDATE
"""

# `hold_due`: the first due lanes of channels, of each no more than it has room for and than are wanted, and none that
# somebody else holds. How many of which channel are among the first is found before any is held.
_HOLD_DUE = """
WITH wanted AS (SELECT * FROM json_to_recordset(%(rooms)s::json) AS wanted (channel text, room integer)),
first AS (
    SELECT channel, count(*) AS many FROM (
        SELECT wanted.channel FROM wanted CROSS JOIN LATERAL (
            SELECT due_at, next_id FROM outbox.lanes WHERE lanes.channel = wanted.channel AND due_at <= %(now)s
             ORDER BY due_at, next_id LIMIT wanted.room) AS due
         ORDER BY due.due_at, due.next_id LIMIT %(slots)s) AS due
     GROUP BY channel)
SELECT due.due_at, due.next_id, due.id, first.channel FROM first CROSS JOIN LATERAL (
    SELECT id, due_at, next_id FROM outbox.lanes WHERE lanes.channel = first.channel AND due_at <= %(now)s
     ORDER BY due_at, next_id LIMIT first.many FOR UPDATE SKIP LOCKED) AS due
"""

# `hold_due`: the first due lanes of some campaigns in channels: the first task of each is theirs.
_HOLD_DUE_OF = """
SELECT due.due_at, due.next_id, due.id, wanted.channel
  FROM json_to_recordset(%(rooms)s::json) AS wanted (channel text, room integer)
 CROSS JOIN unnest(%(campaigns)s::text[]) AS named (campaign)
 CROSS JOIN LATERAL (
    SELECT lanes.id, lanes.due_at, lanes.next_id
      FROM outbox.tasks AS first JOIN outbox.lanes ON lanes.id = first.lane AND lanes.next_id = first.id
     WHERE first.status = 'queued' AND first.campaign = named.campaign AND first.channel = wanted.channel
       AND lanes.due_at <= %(now)s
     ORDER BY first.queued_at, first.id LIMIT wanted.room FOR UPDATE OF lanes SKIP LOCKED) AS due
"""

# `take`: claim one task of each of these lanes, and leave the lane without a turn. `firm` is the first task that lets
# nobody pass: not one whose time to hold others back is over, nor one that waits and holds nobody back. What may go
# before it ends at its id, so that the index ends there, too: a lane may be long. `held` is looked for once in a lane:
# for each task, a planner takes it for so dear that it no longer tells plans apart, and reads all tasks. `front`, what
# stands first, is nearly always `firm`; both are looked for by lane and id, in the order of both, for which there is
# one index: by the id alone, all that was ever sent would be read, by a plan that was made when there was little. What
# stands before `firm` is looked for where anything does.
_TAKE = f"""
WITH busy AS (UPDATE outbox.lanes SET due_at = NULL, next_id = NULL WHERE id = ANY (%(lanes)s::bigint[]))
UPDATE outbox.tasks AS t
   SET status = 'sending', attempts = attempts + 1, tries = tries + 1, worker = %(worker)s, started_at = %(now)s,
       lease = %(lease)s, beat = 0
  FROM unnest(%(lanes)s::bigint[]) AS lane (id)
  LEFT JOIN LATERAL (
       SELECT id, not_before FROM outbox.tasks AS one
        WHERE one.lane BETWEEN lane.id AND lane.id AND status = 'queued'
          AND NOT coalesce(hold_until <= %(now)s, not_before > %(now)s)
        ORDER BY one.lane, id LIMIT 1) AS firm ON true
 CROSS JOIN LATERAL (
       SELECT id FROM outbox.tasks AS one
        WHERE one.lane BETWEEN lane.id AND lane.id AND status = 'queued' ORDER BY one.lane, id LIMIT 1) AS front
 CROSS JOIN LATERAL (
       SELECT max(hold_until) AS until FROM (
           SELECT hold_until FROM outbox.tasks AS one
            WHERE front.id < firm.id
              AND one.lane = lane.id AND id < firm.id AND status = 'queued') AS before) AS held
 CROSS JOIN LATERAL (
       SELECT id FROM (
           SELECT firm.id, firm.not_before WHERE front.id = firm.id AND firm.not_before <= %(now)s
            UNION ALL
           SELECT * FROM (
               SELECT id, not_before FROM outbox.tasks AS one
                WHERE front.id IS DISTINCT FROM firm.id
                  AND one.lane = lane.id AND id <= coalesce(firm.id, 9223372036854775807)
                  AND status = 'queued' AND not_before <= %(now)s) AS one) AS one
        ORDER BY CASE WHEN id = firm.id THEN greatest(not_before, held.until) ELSE not_before END, id LIMIT 1) AS turn
  JOIN outbox.messages AS m ON m.id = turn.id
 WHERE t.id = turn.id
   AND (%(campaigns)s::text[] = '{{}}' OR t.campaign = ANY (%(campaigns)s::text[]))
   AND NOT EXISTS (SELECT 1 FROM outbox.tasks AS busy WHERE busy.lane = lane.id AND busy.status = 'sending')
RETURNING t.lane, t.attempts, t.limit_key, {rows.TASK}
"""

# `find_turns`: the first queued task of each lane. Where its time has not come, everything behind it waits until
# its `hold_until`, and not at all where it has none. Returns the channels of which a turn comes sooner than they are to
# be looked at.
_FIND_TURNS = """
WITH turns AS MATERIALIZED (
    SELECT lane.id, CASE WHEN NOT EXISTS (
               SELECT 1 FROM outbox.tasks AS busy WHERE busy.lane = lane.id AND busy.status = 'sending')
           THEN least(waiting.turn, CASE WHEN ready.id IS NOT NULL
                                         THEN ARRAY[greatest(ready.not_before, waiting.held), ready.id] END) END AS turn
      FROM unnest(%(lanes)s::bigint[]) AS lane (id)
      LEFT JOIN LATERAL (
           SELECT id, not_before FROM outbox.tasks AS one
            WHERE one.lane BETWEEN lane.id AND lane.id AND status = 'queued' AND not_before <= %(now)s
            ORDER BY one.lane, id LIMIT 1) AS ready ON true
      LEFT JOIN LATERAL (
           SELECT id FROM outbox.tasks AS one
            WHERE one.lane BETWEEN lane.id AND lane.id AND status = 'queued'
            ORDER BY one.lane, id LIMIT 1) AS front ON true
      LEFT JOIN LATERAL (
           SELECT min(ARRAY[not_before, id]) AS turn, max(hold_until) AS held FROM (
               SELECT id, not_before, hold_until FROM outbox.tasks AS one
                WHERE front.id IS DISTINCT FROM ready.id
                  AND one.lane = lane.id AND id < coalesce(ready.id, 9223372036854775807)
                  AND status = 'queued' AND not_before > %(now)s) AS before) AS waiting ON true),
placed AS (
    UPDATE outbox.lanes SET due_at = turn[1], next_id = turn[2]::bigint FROM turns
     WHERE lanes.id = turns.id AND (due_at, next_id) IS DISTINCT FROM (turn[1], turn[2]::bigint)
 RETURNING channel, due_at, next_id),
first AS (
    SELECT DISTINCT ON (channel) channel, due_at, next_id FROM placed
     WHERE due_at IS NOT NULL ORDER BY channel, due_at, next_id)
SELECT channel, first.due_at, first.next_id FROM first JOIN outbox.channels USING (channel)
 WHERE next_at IS NULL OR (next_at, channels.next_id) > (first.due_at, first.next_id)
"""


class Due(NamedTuple):
    """A lane that is held, with a task that may be claimed. In the order of turns."""

    at: float
    next_id: int
    id: int
    channel: str


class Lanes:
    """The lanes of one store. All methods are called within a transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def announce(self, channels: Iterable[str]) -> None:
        """Before lanes of these channels are held: nobody who looks now may find that none has a turn."""
        advisory.share(self._db, "channel", channels)

    def hold_of(self, task_ids: Iterable[int]) -> list[int]:
        """Hold the lanes of these tasks; returns their ids."""
        return [id_ for (id_,) in self._db.all(_HOLD_OF, (rows.numbers(task_ids),))]

    def holding(self, task_ids: Iterable[int]) -> Cursor[tuple[int]]:
        """Hold them from the next statement on, after which the ids can be fetched."""
        return self._db.send(_HOLD_OF, (rows.numbers(task_ids),))

    def hold_for(self, recipients: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[int, float | None]]:
        """Hold the lanes of channels with recipients, and make those that there are not; returns ids and turns."""
        named = {(channel, short(recipient)): (channel, recipient) for channel, recipient in recipients}
        wanted = rows.many({"channel": channel, "name": name} for channel, name in named)
        self._db.send(_MAKE, (wanted,))
        found = self._db.all(_HOLD_FOR, (wanted,))
        return {named[channel, name]: (id_, due_at) for id_, channel, name, due_at in found}

    def hold_both(
        self, task_ids: Sequence[int], recipients: Collection[tuple[str, str]]
    ) -> tuple[list[int], Mapping[tuple[str, str], int]]:
        """Hold the lanes of these tasks, and those of channels with recipients, and make those that there are not.

        Returns the ids of all, and those of the recipients.
        """
        named = {(channel, short(recipient)): (channel, recipient) for channel, recipient in recipients}
        wanted = rows.many({"channel": channel, "name": name} for channel, name in named)
        self._db.send(_MAKE, (wanted,))
        found = self._db.all(_HOLD_BOTH, {"ids": task_ids, "wanted": wanted})
        of = {named[channel, name]: id_ for id_, channel, name in found if id_ > 0 and (channel, name) in named}
        return [id_ for id_, *_ in found], of

    def hold_due(self, rooms: Mapping[str, int], slots: int, now: float, campaigns: Collection[str] = ()) -> list[Due]:
        """Hold the first due lanes of channels, without waiting for who holds some; in the order of turns.

        `campaigns`: only lanes whose turn is theirs, where any are named.
        """
        wanted = rows.many({"channel": channel, "room": room} for channel, room in rooms.items())
        values = {"rooms": wanted, "slots": slots, "now": now, "campaigns": list(campaigns)}
        return sorted(map(Due._make, self._db.all(_HOLD_DUE_OF if campaigns else _HOLD_DUE, values)))

    def take(
        self, lanes: Sequence[int], worker: str, lease: float, now: float, campaigns: Collection[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Make a task of each of these lanes `sending`; returns lane, number of the attempt, limit key, and the task's
        columns.

        None of a lane that has none, after all, or not one of these campaigns, where any are named.
        """
        of = {"lanes": rows.numbers(lanes), "campaigns": list(campaigns)}
        return self._db.all(_TAKE, {**of, "worker": worker, "lease": lease, "now": now})

    def find_turns(self, lanes: Sequence[int]) -> None:
        """Find whose turn it is now, and when, in lanes that are held and were announced."""
        if lanes:
            sooner = self._db.all(_FIND_TURNS, {"lanes": rows.numbers(lanes), "now": self._db.now()})
            channel_times.lower(self._db, {channel: (at, id_) for channel, at, id_ in sooner})
