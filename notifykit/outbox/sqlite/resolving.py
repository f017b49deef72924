"""A person's decisions on the SQLite outbox, each with an event that tells who and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifykit.model import Status, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.wording.host import DECIDED

_KIND = {
    Status.QUEUED: "retried",
    Status.SENT: "resolved",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "resolved",
}

# `decide`: put a task where a person wants it. One that is queued again has its tries anew, and where another program
# wrote over the number of its attempts, that of the latest that is known.
_SET = """
UPDATE tasks SET status = :status, updated_at = :local, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params, worker = NULL, started_at = NULL,
                 attempts = CASE WHEN typeof(attempts) = 'integer' THEN attempts ELSE coalesce((
                     SELECT max(number) FROM attempts WHERE task_id = tasks.id), 0) END,
                 lease = NULL, beat = NULL, due_at = NULL, hold_until = NULL, not_before = 0.0,
                 tries = CASE WHEN :status = 'queued' THEN 0 ELSE tries END,
                 doubted_at = CASE WHEN :status = 'queued' THEN NULL ELSE doubted_at END,
                 sent_at = CASE :status WHEN 'sent' THEN :now WHEN 'queued' THEN NULL ELSE sent_at END
 WHERE id = :id
"""

# `decide`, `resend`: a task as it is now.
_TASK = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE id = ?"

# `resend`: queue the latest round of a message again as the next one, if that was sent.
_NEW_ROUND = """
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, attempts, tries, queued_at, not_before)
SELECT task_type, recipient, message, 'queued', :local, :local, metadata, campaign, record_key,
       message_name, round + 1, channel, ordered, 0, 0, :now, 0.0
  FROM tasks AS latest
 WHERE campaign = :campaign AND record_key = :key AND message_name = :message AND status IN ('sent', 'completed')
   AND round = (SELECT max(round) FROM tasks WHERE campaign = latest.campaign AND record_key = latest.record_key
                                               AND message_name = latest.message_name)
"""


class Resolving:
    """Methods of the outbox for a person's decisions."""

    db: Database

    def decide(self, ids: Iterable[int], status: Status, *, who: str, why: str, of: Sequence[Status]) -> list[Task]:
        """Move those of the tasks that are in one of the statuses `of`."""
        db = self.db
        now = db.clock.now()
        reason = cells.reason_values(DECIDED(why=why))
        moved = []
        with db.transaction():
            for id_ in ids:
                before = self._task(id_)
                if before is None or before.status not in of:
                    continue
                db.execute(_SET, {"id": id_, "status": status.value, "local": db.local_time(now), "now": now, **reason})
                events.record(db, id_, _KIND[status], who, f"{before.status.value} to {status.value}: {why}", at=now)
                self._requeue(before, queued=status is Status.QUEUED)
                after = self._task(id_)
                assert after is not None  # noqa: S101
                moved.append(after)
        return moved

    def _requeue(self, task: Task, *, queued: bool) -> None:
        if task.ordered:
            lanes.advance(self.db, [(task.channel, task.recipient)])
        elif queued:
            lanes.place_unordered(self.db, [task.id])

    def resend(self, campaign: str, key: str, messages: Sequence[str], *, who: str, why: str) -> list[Task]:
        """Open a new round for messages that were sent."""
        db = self.db
        now = db.clock.now()
        opened = []
        with db.transaction():
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
                lanes.place_new(db, id_ - 1)
                events.record(db, id_, "resent", who, why)
                task = self._task(id_)
                assert task is not None  # noqa: S101
                opened.append(task)
        return opened

    def _task(self, id_: int) -> Task | None:
        row = self.db.one(_TASK, (id_,))
        return rows.task(row) if row else None
