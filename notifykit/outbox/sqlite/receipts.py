"""What services told later of what they had accepted, and what came of sent tasks, in the SQLite outbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from notifykit.messages.receipts import Receipt, ReceiptStatus, SentOutcome
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events
from notifykit.outbox.sqlite.database import Database

# `keep_receipt`: what is known of a task that was tried.
_KNOWN = "SELECT receipt, receipt_at FROM tasks WHERE id = ? AND campaign IS NOT NULL AND attempts > 0"

# `keep_receipt`: what is told of it now.
_KEEP = "UPDATE tasks SET receipt = ?, receipt_at = ? WHERE id = ?"

# `outcomes`: what came of tasks: of their accepted attempts, or else of their latest ones.
_OUTCOMES = """
SELECT tasks.id, sent_at, receipt, receipt_at, verdict, vendor_id, undelivered
  FROM tasks LEFT JOIN attempts ON task_id = tasks.id AND number = (
       SELECT coalesce(max(CASE WHEN verdict = 'accepted' THEN number END), max(number))
         FROM attempts AS one WHERE one.task_id = tasks.id)
 WHERE tasks.id IN (SELECT value FROM json_each(?))
"""

# `accepted_as`: the tasks of which an attempt was accepted under an id.
_ACCEPTED_AS = """
SELECT DISTINCT task_id FROM attempts INDEXED BY attempts_vendor
 WHERE vendor_id = :vendor_id AND verdict = 'accepted' AND (:channel IS NULL OR channel = :channel) ORDER BY task_id
"""

# `counted`: how many receipts of which kind.
_COUNTED = """
SELECT campaign, receipt, count(*) FROM tasks INDEXED BY tasks_receipts
 WHERE receipt IS NOT NULL GROUP BY campaign, receipt
"""


_KINDS = frozenset(status.value for status in ReceiptStatus)


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
                events.record(db, task_id, "receipt", who, told)
            if not receipt.counts_after(before):
                return False
            db.execute(_KEEP, (receipt.status.value, receipt.at, task_id))
        return True

    def outcomes(self, ids: Sequence[int]) -> Mapping[int, SentOutcome]:
        """Return what came of tasks, by id."""
        return {id_: cells.sent_outcome(*row) for id_, *row in self.db.all(_OUTCOMES, (json.dumps(list(ids)),))}

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
        if isinstance(campaign, str) and status in _KINDS:  # another program may have written what is none
            found.setdefault(campaign, {})[ReceiptStatus(status)] = number
    return found
