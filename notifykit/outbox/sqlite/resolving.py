"""A person's decisions on the SQLite outbox, each with an event that tells who and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifykit.model import Status, Task
from notifykit.outbox.decided import KINDS, may_queue_again
from notifykit.outbox.sqlite import deciding, events, lanes
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import DIGESTS
from notifykit.wording.host import DECIDED

# `resend`: queue the latest round of the last period of a message again as the next one, if that was sent.
_NEW_ROUND = """
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, limit_key, attempts, tries, queued_at, not_before, options,
                   period)
SELECT task_type, recipient, message, 'queued', :local, :local, metadata, campaign, record_key,
       message_name, round + 1, channel, ordered, limit_key, 0, 0, :now, 0.0, options, period
  FROM tasks AS latest
 WHERE campaign = :campaign AND record_key = :key AND message_name = :message AND status IN ('sent', 'completed')
   AND (coalesce(period, ''), round) = (
       SELECT coalesce(period, ''), round FROM tasks
        WHERE campaign = :campaign AND record_key = :key AND message_name = :message ORDER BY 1 DESC, 2 DESC LIMIT 1)
"""


class Resolving:
    """Methods of the outbox for a person's decisions."""

    db: Database

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        """Move those of the tasks that are in one of the statuses `of`."""
        from notifykit.outbox.digests import messages_of, planned  # few commands ask
        from notifykit.outbox.sqlite import digests

        db = self.db
        reason = DECIDED(why=why)
        moved: list[Task] = []
        decision = None
        ids = list(ids)
        with db.transaction():
            now = db.clock.now()
            plan = planned(ids, status, of, digests.of_decision(db, ids))
            for id_ in plan.ids:
                before = deciding.task_of(db, id_)
                if before is None or before.status not in of or not self._may_go(before, status):
                    continue
                if decision is None:
                    decision = deciding.begin(db, KINDS[status], who=who, why=why, at=now)
                deciding.note(db, decision, before, status)
                deciding.move(db, before, status, reason, now)
                events.record(db, id_, KINDS[status], who, f"{before.status.value} to {status.value}: {why}", at=now)
                after = deciding.task_of(db, id_)
                assert after is not None  # noqa: S101
                moved.append(after)
            if decision is not None:
                self._close(decision, plan.closed, who, why, now)
                if status is Status.QUEUED:
                    digests.gather(db, [task.id for task in moved], at_once=True)
        return messages_of(moved)

    def _close(self, decision: int, ids: Sequence[int], who: str, why: str, now: float) -> None:
        """Cancel digests of which nothing is left."""
        for id_ in ids:
            before = deciding.task_of(self.db, id_)
            assert before is not None  # noqa: S101
            deciding.note(self.db, decision, before, Status.CANCELLED)
            deciding.move(self.db, before, Status.CANCELLED, DECIDED(why=why), now)
            detail = f"{before.status.value} to {Status.CANCELLED.value}: {why}"
            events.record(self.db, id_, KINDS[Status.CANCELLED], who, detail, at=now)

    def _may_go(self, task: Task, status: Status) -> bool:
        if task.status is Status.CANCELLED and status is Status.QUEUED:
            return may_queue_again(task, lambda id_: events.of_task(self.db, id_))
        return True

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent."""
        from notifykit.outbox.sqlite import contents, digests  # few commands ask

        db = self.db
        opened: list[Task] = []
        decision = None
        if campaign.startswith(DIGESTS):
            return []  # it is made of messages, which can be sent again
        with db.transaction():
            now = db.clock.now()
            for message in messages:
                values = {
                    "campaign": campaign,
                    "key": key,
                    "message": message,
                    "local": db.local_time(now),
                    "now": now,
                }
                cursor = db.execute(_NEW_ROUND, values)
                if not cursor.rowcount or cursor.lastrowid is None:
                    continue
                id_ = cursor.lastrowid
                if not digests.wait_as(db, id_):
                    lanes.place_new(db, id_ - 1)
                contents.attach_like(db, id_)
                events.record(db, id_, "resent", who, why)
                task = deciding.task_of(db, id_)
                assert task is not None  # noqa: S101
                if decision is None:
                    decision = deciding.begin(db, "resent", who=who, why=why, at=now)
                deciding.note(db, decision, task, Status.QUEUED, new=True)
                opened.append(task)
        return opened
