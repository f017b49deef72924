"""A person's decisions on the PostgreSQL outbox, each with an event that tells who and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifykit.model import Status, Task
from notifykit.outbox.decided import KINDS, may_queue_again
from notifykit.outbox.digests import is_digest, messages_of, planned
from notifykit.outbox.postgres import advisory, channel_times, contents, deciding, digests, events, gathering, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.postgres.queueing import new_ids
from notifykit.outbox.values import Event

# `decide`: the tasks that are where they must be.
_STANDING = """
SELECT id, status FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND status = ANY (%s::text[])
 ORDER BY id FOR UPDATE
"""

# `resend`: the latest rounds of the last periods of messages.
_LATEST = """
SELECT DISTINCT ON (message_name) m.id, message_name, t.channel
  FROM outbox.messages AS m JOIN outbox.tasks AS t ON t.id = m.id
 WHERE m.campaign = %s AND record_key = %s AND message_name = ANY (%s::text[])
 ORDER BY message_name, period DESC, round DESC
"""

# `resend`: those that were sent.
_SENT = "SELECT id FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND status IN ('sent', 'completed') FOR UPDATE"

# `resend`: queue these as the next rounds.
_NEW_ROUNDS = """
WITH new AS (
    SELECT new.id, new.old, m.campaign, record_key, message_name, round + 1 AS round, task_type, recipient, text,
           metadata, options, period, channel, limit_key, CASE WHEN lane > 0 THEN lane ELSE -new.id END AS lane
      FROM json_to_recordset(%(pairs)s::json) AS new (id bigint, old bigint)
      JOIN outbox.messages AS m ON m.id = new.old
      JOIN outbox.tasks AS t ON t.id = m.id),
messages AS (
    INSERT INTO outbox.messages (id, campaign, record_key, message_name, round, task_type, recipient, text, metadata,
                                 options, period)
    SELECT id, campaign, record_key, message_name, round, task_type, recipient, text, metadata, options, period
      FROM new),
lanes AS (
    INSERT INTO outbox.lanes (id, channel, name) SELECT lane, channel, '' FROM new WHERE lane < 0
       AND NOT EXISTS (SELECT 1 FROM outbox.digest_members WHERE task_id = new.old))
INSERT INTO outbox.tasks (id, lane, campaign, channel, status, queued_at, limit_key)
SELECT id, lane, campaign, channel, 'queued', %(now)s, limit_key FROM new RETURNING lane
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
            held, lane_of = gathering.hold(db, self.lanes, ids)
            plan = planned(ids, status, of, digests.of_decision(db, ids))
            ids = list(plan.ids)
            before = dict(db.all(_STANDING, (ids, [str(one) for one in of])))
            if status is Status.QUEUED:
                self._leave_what_no_person_cancelled(before)
            if not before:
                return []
            decision = deciding.begin(db, KINDS[status], who=who, why=why, at=now)
            deciding.note(db, decision, list(before), status)
            deciding.move(db, list(before), status, why, now)
            told = [(id_, f"{before[id_]} to {status.value}: {why}") for id_ in ids if id_ in before]
            events.record(
                db, [Event(at=now, task_id=id_, kind=KINDS[status], who=who, detail=detail) for id_, detail in told]
            )
            self._close(decision, plan.closed, who, why, now)
            gathered = (
                gathering.gather(db, list(before), held, lane_of, at_once=True) if status is Status.QUEUED else []
            )
            self.lanes.find_turns([*held, *gathered])
            return messages_of(deciding.tasks_of(db, [id_ for id_, _ in told]))

    def _close(self, decision: int, ids: Sequence[int], who: str, why: str, now: float) -> None:
        """Cancel digests of which nothing is left."""
        to = Status.CANCELLED
        before = deciding.tasks_of(self.db, ids)
        deciding.note(self.db, decision, ids, to)
        deciding.move(self.db, ids, to, why, now)
        details = {task.id: f"{task.status.value} to {to.value}: {why}" for task in before}
        events.record(
            self.db,
            [Event(at=now, task_id=id_, kind=KINDS[to], who=who, detail=detail) for id_, detail in details.items()],
        )

    def _leave_what_no_person_cancelled(self, before: dict[int, str]) -> None:
        cancelled = [id_ for id_, status in before.items() if status == Status.CANCELLED]
        for task in deciding.tasks_of(self.db, cancelled):
            if not may_queue_again(task, lambda id_: events.of_task(self.db, id_)):
                del before[task.id]

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent."""
        db = self.db
        if is_digest(campaign):
            return []  # it is made of messages, which can be sent again
        with db.transaction():
            now = db.now()
            advisory.hold(db, "campaign", [campaign])
            found = db.all(_LATEST, (campaign, key, list(messages)))
            channels = {channel for *_, channel in found}
            self.lanes.announce(channels)
            channel_times.know(db, channels)
            held, lane_of = gathering.hold(db, self.lanes, [id_ for id_, *_ in found])
            sent = {id_ for (id_,) in db.all(_SENT, ([id_ for id_, *_ in found],))}
            latest = {message: id_ for id_, message, _ in found if id_ in sent}
            olds = [latest[message] for message in dict.fromkeys(messages) if message in latest]
            if not olds:
                return []
            opened = new_ids(db, len(olds))
            pairs = [{"id": new, "old": old} for new, old in zip(opened, olds, strict=True)]
            made = db.all(_NEW_ROUNDS, {"pairs": rows.many(pairs), "now": now})
            contents.attach_like(db, opened, olds)
            decision = deciding.begin(db, "resent", who=who, why=why, at=now)
            deciding.note(db, decision, opened, Status.QUEUED, new=True)
            events.record(db, [Event(at=now, task_id=id_, kind="resent", who=who, detail=why) for id_ in opened])
            gathered = gathering.wait_as(db, pairs, held, lane_of)
            self.lanes.find_turns([*(lane for (lane,) in made), *gathered])
            return deciding.tasks_of(db, opened)
