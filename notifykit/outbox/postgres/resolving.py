"""A person's decisions on the PostgreSQL outbox, each with an event that tells who and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifykit.model import Status, Task
from notifykit.outbox import cells
from notifykit.outbox.postgres import advisory, channel_times, events, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.postgres.queueing import new_ids
from notifykit.outbox.values import Event
from notifykit.wording.host import DECIDED

_KIND = {
    Status.QUEUED: "retried",
    Status.SENT: "resolved",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "resolved",
}

# `decide`: the channels of tasks.
_CHANNELS = "SELECT DISTINCT channel FROM outbox.tasks WHERE id = ANY (%s::bigint[])"

# `decide`: the tasks that are where they must be.
_STANDING = """
SELECT id, status FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND status = ANY (%s::text[])
 ORDER BY id FOR UPDATE
"""

# `decide`: put tasks where a person wants them. One that is queued again has its tries anew.
_SET = """
UPDATE outbox.tasks
   SET status = %(status)s, reason = %(reason)s, reason_code = %(reason_code)s, reason_params = %(reason_params)s,
       worker = NULL, started_at = NULL, lease = NULL, beat = NULL, hold_until = NULL, not_before = 0,
       tries = CASE WHEN %(status)s = 'queued' THEN 0 ELSE tries END,
       doubted_at = CASE WHEN %(status)s = 'queued' THEN NULL ELSE doubted_at END,
       sent_at = CASE %(status)s WHEN 'sent' THEN %(now)s::double precision WHEN 'queued' THEN NULL ELSE sent_at END
 WHERE id = ANY (%(ids)s::bigint[])
"""

# `_tasks_of`: tasks as they are now.
_TASKS = f"SELECT {rows.TASK} FROM {rows.TASKS} WHERE t.id = ANY (%s::bigint[])"

# `resend`: the latest rounds of messages.
_LATEST = """
SELECT DISTINCT ON (message_name) m.id, message_name, t.channel
  FROM outbox.messages AS m JOIN outbox.tasks AS t ON t.id = m.id
 WHERE m.campaign = %s AND record_key = %s AND message_name = ANY (%s::text[]) ORDER BY message_name, round DESC
"""

# `resend`: those that were sent.
_SENT = "SELECT id FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND status IN ('sent', 'completed') FOR UPDATE"

# `resend`: queue these as the next rounds.
_NEW_ROUNDS = """
WITH new AS (
    SELECT new.id, m.campaign, record_key, message_name, round + 1 AS round, task_type, recipient, text, metadata,
           channel, CASE WHEN lane > 0 THEN lane ELSE -new.id END AS lane
      FROM json_to_recordset(%(pairs)s::json) AS new (id bigint, old bigint)
      JOIN outbox.messages AS m ON m.id = new.old
      JOIN outbox.tasks AS t ON t.id = m.id),
messages AS (
    INSERT INTO outbox.messages (id, campaign, record_key, message_name, round, task_type, recipient, text, metadata)
    SELECT id, campaign, record_key, message_name, round, task_type, recipient, text, metadata FROM new),
lanes AS (
    INSERT INTO outbox.lanes (id, channel, name) SELECT lane, channel, '' FROM new WHERE lane < 0)
INSERT INTO outbox.tasks (id, lane, campaign, channel, status, queued_at)
SELECT id, lane, campaign, channel, 'queued', %(now)s FROM new RETURNING lane
"""


class Resolving:
    """Methods of the outbox for a person's decisions."""

    db: Database
    lanes: Lanes

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        """Move those of the tasks that are in one of the statuses `of`."""
        db = self.db
        ids = list(dict.fromkeys(ids))
        with db.transaction():
            now = db.now()
            self.lanes.announce(channel for (channel,) in db.all(_CHANNELS, (ids,)))
            held = self.lanes.hold_of(ids)
            before = dict(db.all(_STANDING, (ids, [str(one) for one in of])))
            if not before:
                return []
            reason = {name: rows.clean(text) for name, text in cells.reason_values(DECIDED(why=why)).items()}
            db.execute(_SET, {"ids": list(before), "status": status.value, "now": now, **reason})
            told = [(id_, f"{before[id_]} to {status.value}: {why}") for id_ in ids if id_ in before]
            events.record(
                db, [Event(at=now, task_id=id_, kind=_KIND[status], who=who, detail=detail) for id_, detail in told]
            )
            self.lanes.find_turns(held)
            return self._tasks_of([id_ for id_, _ in told])

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent."""
        db = self.db
        with db.transaction():
            now = db.now()
            advisory.hold(db, "campaign", [campaign])
            found = db.all(_LATEST, (campaign, key, list(messages)))
            channels = {channel for *_, channel in found}
            self.lanes.announce(channels)
            channel_times.know(db, channels)
            self.lanes.hold_of(id_ for id_, *_ in found)
            sent = {id_ for (id_,) in db.all(_SENT, ([id_ for id_, *_ in found],))}
            latest = {message: id_ for id_, message, _ in found if id_ in sent}
            olds = [latest[message] for message in dict.fromkeys(messages) if message in latest]
            opened = new_ids(db, len(olds))
            pairs = [{"id": new, "old": old} for new, old in zip(opened, olds, strict=True)]
            made = db.all(_NEW_ROUNDS, {"pairs": rows.many(pairs), "now": now})
            events.record(db, [Event(at=now, task_id=id_, kind="resent", who=who, detail=why) for id_ in opened])
            self.lanes.find_turns([lane for (lane,) in made])
            return self._tasks_of(opened)

    def _tasks_of(self, ids: Sequence[int]) -> list[Task]:
        found = {task.id: task for task in map(rows.task, self.db.all(_TASKS, (list(ids),)))}
        return [found[id_] for id_ in ids]
