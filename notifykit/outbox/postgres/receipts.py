"""What services told later of what they had accepted, and what came of sent tasks, in the PostgreSQL outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from notifykit.messages.receipts import Receipt, ReceiptStatus, SentOutcome
from notifykit.outbox import cells
from notifykit.outbox.postgres import events
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.values import Event

# `keep_receipt`: what is known of a task that was tried.
_KNOWN = "SELECT receipt, receipt_at FROM outbox.tasks WHERE id = %s AND attempts > 0 FOR UPDATE"

# `keep_receipt`: what is told of it now.
_KEEP = "UPDATE outbox.tasks SET receipt = %s, receipt_at = %s WHERE id = %s"

# `outcomes`: what came of tasks: of their accepted attempts, or else of their latest ones.
_OUTCOMES = """
SELECT t.id, t.sent_at, receipt, receipt_at, made.verdict, made.vendor_id, made.undelivered
  FROM outbox.tasks AS t LEFT JOIN LATERAL (
       SELECT verdict, vendor_id, undelivered FROM outbox.attempts WHERE task_id = t.id
        ORDER BY verdict = 'accepted' DESC, number DESC LIMIT 1) AS made ON true
 WHERE t.id = ANY (%s::bigint[])
"""

# `accepted_as`: the tasks of which an attempt was accepted under an id.
_ACCEPTED_AS = """
SELECT DISTINCT task_id FROM outbox.attempts
 WHERE vendor_id = %(vendor_id)s AND verdict = 'accepted'
   AND (%(channel)s::text IS NULL OR channel = %(channel)s) ORDER BY task_id
"""

# `counted`: how many receipts of which kind.
_COUNTED = """
SELECT campaign, receipt, count(*) FROM outbox.tasks WHERE receipt IS NOT NULL GROUP BY campaign, receipt
"""


class Receipts:
    """Methods of the outbox for what is told after a message was sent."""

    db: Database

    def keep_receipt(self, task_id: int, receipt: Receipt, *, who: str) -> bool:
        """Keep what a service told of a task that was tried, unless something later is known."""
        db = self.db
        with db.transaction():
            if (known := db.one(_KNOWN, (task_id,))) is None:
                return False
            before = cells.receipt(*known)
            if (told := receipt.told_after(before)) is not None:
                events.record(db, [Event(at=db.now(), task_id=task_id, kind="receipt", who=who, detail=told)])
            if not receipt.counts_after(before):
                return False
            db.execute(_KEEP, (receipt.status.value, receipt.at, task_id))
        return True

    def outcomes(self, ids: Sequence[int]) -> Mapping[int, SentOutcome]:
        """Return what came of tasks, by id."""
        return {id_: cells.sent_outcome(*row) for id_, *row in self.db.all(_OUTCOMES, (list(ids),))}

    def receipts(self) -> Mapping[str, Mapping[ReceiptStatus, int]]:
        """Return of how many messages of each campaign a service told what later."""
        return counted(self.db)

    def accepted_as(self, vendor_id: str, channel: str | None = None) -> list[int]:
        """Return the tasks that a service accepted under this id of its own."""
        return [id_ for (id_,) in self.db.all(_ACCEPTED_AS, {"vendor_id": vendor_id, "channel": channel})]


def counted(db: Database) -> dict[str, dict[ReceiptStatus, int]]:
    """Return how many messages of each campaign have which receipt."""
    found: dict[str, dict[ReceiptStatus, int]] = {}
    for campaign, status, number in db.all(_COUNTED):
        found.setdefault(campaign, {})[ReceiptStatus(status)] = number
    return found
