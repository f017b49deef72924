"""What another program's writing bars for ever: what cannot be read, claims of nobody, turns that are none."""

from __future__ import annotations

from notifykit.model import Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import channel_times, digests, events, lanes, rows
from notifykit.outbox.sqlite.database import Database

# `set_aside`: a task, as it is.
_AS_IT_IS = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE id = ?"

# `set_aside`: put a queued task aside.
_SET_ASIDE = """
UPDATE tasks SET status = 'failed', updated_at = :local, due_at = NULL, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params
 WHERE id = :id AND status = 'queued'
"""

# `give_up_claims`: what is `sending` as nobody of ours claims.
_NO_CLAIMS = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND campaign IS NOT NULL AND NOT {rows.claimed()} ORDER BY id
"""

# `give_up_claims`: a person decides. The number stays, by which a late result is known.
_GIVE_UP = """
UPDATE tasks SET status = 'in_doubt', updated_at = :local, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params, worker = NULL, started_at = NULL, lease = NULL, beat = NULL
 WHERE id = :id
"""

# `mend_turns`: the channels in which something waits, by one seek in the index for each.
_CHANNELS = """
WITH RECURSIVE waiting (channel) AS (
    SELECT min(channel) FROM tasks INDEXED BY tasks_lane WHERE status = 'queued' AND ordered = 1
     UNION ALL
    SELECT (SELECT min(channel) FROM tasks INDEXED BY tasks_lane
             WHERE status = 'queued' AND ordered = 1 AND channel > waiting.channel)
      FROM waiting WHERE channel IS NOT NULL)
SELECT channel FROM waiting WHERE channel IS NOT NULL
"""

# `mend_lanes`: the lanes whose first task has no turn, though nothing of them is on the wire. Each is found by one seek
# or two: the next recipient of the channel, or else the next channel.
_LANES_OF_NOBODY = """
WITH RECURSIVE lane (channel, recipient) AS (
    SELECT * FROM (SELECT channel, recipient FROM tasks INDEXED BY tasks_lane
                    WHERE status = 'queued' AND ordered = 1 AND channel IS NOT NULL
                    ORDER BY channel, recipient LIMIT 1)
     UNION ALL
    SELECT next.channel, next.recipient FROM lane JOIN tasks AS next ON next.id = coalesce(
        (SELECT id FROM tasks INDEXED BY tasks_lane
          WHERE status = 'queued' AND ordered = 1 AND channel = lane.channel AND recipient > lane.recipient
          ORDER BY recipient LIMIT 1),
        (SELECT id FROM tasks INDEXED BY tasks_lane
          WHERE status = 'queued' AND ordered = 1 AND channel > lane.channel ORDER BY channel, recipient LIMIT 1)))
SELECT channel, recipient FROM lane
 WHERE (SELECT due_at FROM tasks INDEXED BY tasks_lane
         WHERE status = 'queued' AND ordered = 1 AND tasks.channel = lane.channel AND tasks.recipient = lane.recipient
         ORDER BY id LIMIT 1) IS NULL
   AND NOT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_sending
                    WHERE status = 'sending' AND ordered = 1
                      AND tasks.channel = lane.channel AND tasks.recipient = lane.recipient)
"""

# `_nobodys_turn`: the first turn in a channel. Texts and blobs are beyond all numbers.
_FIRST_TURN = """
SELECT min(due_at) FROM tasks INDEXED BY tasks_due WHERE status = 'queued' AND due_at IS NOT NULL AND channel = ?
"""

# `_nobodys_turn`: whether something of a channel is being sent, after which others have their turn.
_ON_WIRE = "SELECT 1 FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND channel = ? LIMIT 1"

# `_give_turns`: a turn that is no time is now.
_NO_TIMES = """
UPDATE tasks INDEXED BY tasks_due SET due_at = 0.0
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = ? AND due_at >= ''
"""

# `_give_turns`: the lanes of a channel in which something waits.
_LANES = """
SELECT DISTINCT recipient FROM tasks INDEXED BY tasks_lane WHERE status = 'queued' AND ordered = 1 AND channel = ?
"""


def set_aside(db: Database, claimed: Task, now: float) -> None:
    """Move a queued task that cannot be read to `failed`, with the reason, so that it bars no other.

    `claimed`: as it would be if it were claimed. Within an open transaction. Its lane is whichever it was before
    somebody wrote into it, so all are looked through.
    """
    as_it_is = rows.task(db.one(_AS_IT_IS, (claimed.id,)))
    task = as_it_is if as_it_is.damaged else claimed
    values = {"id": task.id, "local": db.local_time(now), **cells.reason_values(task.reason)}
    db.execute(_SET_ASIDE, values)
    events.record(db, task.id, "set_aside", "dispatch", str(task.reason or ""), at=now)
    digests.take_along(db, task.id, now)
    _give_turns(db, task.channel)


def give_up_claims(db: Database, now: float) -> None:
    """Move what is `sending` under a claim that cannot be read to `in_doubt`, with the reason: nobody would end it.

    Within an open transaction.
    """
    for row in db.all(_NO_CLAIMS):
        task = rows.task(row)
        db.execute(_GIVE_UP, {"id": task.id, "local": db.local_time(now), **cells.reason_values(task.reason)})
        events.record(db, task.id, "set_aside", "dispatch", str(task.reason or ""), at=now)
        digests.take_along(db, task.id, now)
        _give_turns(db, task.channel)


def mend_turns(db: Database) -> None:
    """Find whose turn it is in each channel where nobody has it: another program took away what had it.

    Within an open transaction.
    """
    for (channel,) in db.all(_CHANNELS):
        if _nobodys_turn(db, channel):
            _give_turns(db, channel)


def mend_lanes(db: Database) -> None:
    """Find whose turn it is in each lane where nobody has it, whatever goes on in the rest of its channel.

    Within an open transaction. It costs a few microseconds for each recipient with something queued.
    """
    lanes.advance(db, db.all(_LANES_OF_NOBODY))


def _nobodys_turn(db: Database, channel: str) -> bool:
    (first,) = db.one(_FIRST_TURN, (channel,))
    return not isinstance(first, float) and db.one(_ON_WIRE, (channel,)) is None


def _give_turns(db: Database, channel: str) -> None:
    db.execute(_NO_TIMES, (channel,))
    channel_times.lower(db, [(channel, 0.0, 0)])
    lanes.advance(db, [(channel, recipient) for (recipient,) in db.all(_LANES, (channel,))])
