"""The settling side of the PostgreSQL outbox: which write-backs are owed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from notifykit.model import Owed, Task
from notifykit.outbox import cells
from notifykit.outbox.postgres import advisory, rows
from notifykit.outbox.postgres.database import Database
from notifykit.wording import Reason
from notifykit.wording.host import NOT_FLAGGED

# `owing_campaigns`: those with sent tasks, found by one seek each.
_OWING = """
WITH RECURSIVE owing (campaign) AS (
    SELECT min(campaign) FROM outbox.tasks WHERE status = 'sent'
     UNION ALL
    SELECT (SELECT min(campaign) FROM outbox.tasks WHERE status = 'sent' AND campaign > owing.campaign)
      FROM owing WHERE campaign IS NOT NULL)
SELECT campaign FROM owing WHERE campaign IS NOT NULL
"""

_DUE = f"""
 WHERE t.status = 'sent' AND t.campaign = %s AND t.id > %s
   AND NOT EXISTS (SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
                    WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key
                      AND sibling.period = m.period AND {rows.NOT_TOLD})
 ORDER BY t.id LIMIT %s
"""

# `owed`: a page of sent tasks whose siblings are all sent.
_OWED = f"SELECT {rows.TASK} FROM {rows.TASKS}{_DUE}"

# `owed_briefly`: what a write-back needs of them.
_OWED_BRIEFLY = f"SELECT t.id, m.record_key, m.metadata FROM {rows.TASKS}{_DUE}"

# `begin_write_back`: flags of a campaign are being written.
_BEGIN = "INSERT INTO outbox.settling (campaign) VALUES (%s) ON CONFLICT DO NOTHING"

# `end_write_back`: none are.
_END = "DELETE FROM outbox.settling WHERE campaign = %s"

# `leave_unflagged`: whether any message of a campaign expired.
_ANY_EXPIRED = f"""
SELECT 1 FROM outbox.tasks AS its WHERE campaign = %s AND {rows.HAS_EXPIRED} LIMIT 1
"""

# `leave_unflagged`: sent tasks of records of which another message expired, and nothing waits.
_UNFLAGGED = f"""
WITH unflagged AS (
    SELECT t.id FROM {rows.TASKS}
     WHERE t.status = 'sent' AND t.campaign = %(campaign)s
       AND EXISTS (SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
                    WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key
                      AND sibling.period = m.period AND {rows.HAS_EXPIRED})
       AND NOT EXISTS (SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
                        WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key
                          AND sibling.period = m.period AND its.status NOT IN ('sent', 'completed', 'cancelled'))
     ORDER BY t.id FOR UPDATE OF t)
UPDATE outbox.tasks AS t
   SET status = 'completed', completed_at = %(now)s, refusal = %(reason)s, refusal_code = %(reason_code)s,
       refusal_params = %(reason_params)s
  FROM unflagged WHERE t.id = unflagged.id AND status = 'sent'
"""

# `complete`: sent tasks are written back.
_COMPLETE = """
WITH sent AS (
    SELECT id FROM outbox.tasks WHERE id = ANY (%s::bigint[]) AND status = 'sent' ORDER BY id FOR UPDATE)
UPDATE outbox.tasks AS t
   SET status = 'completed', completed_at = %s, refusal = NULL, refusal_code = NULL, refusal_params = NULL
  FROM sent WHERE t.id = sent.id AND status = 'sent'
"""

# `note_refused_write_back`: why sent tasks are not written back.
_REFUSED = """
WITH refused AS (SELECT * FROM json_to_recordset(%s::json) AS refused (
    id bigint, refusal text, refusal_code text, refusal_params text)),
sent AS (SELECT t.id FROM outbox.tasks AS t JOIN refused USING (id) WHERE status = 'sent' ORDER BY id FOR UPDATE OF t)
UPDATE outbox.tasks AS t
   SET refusal = refused.refusal, refusal_code = refused.refusal_code, refusal_params = refused.refusal_params
  FROM sent JOIN refused USING (id) WHERE t.id = sent.id AND status = 'sent'
"""


class WritingBack:
    """Methods of the outbox for `settle`."""

    db: Database

    def owing_campaigns(self) -> list[str]:
        """Return the campaigns with sent tasks."""
        return [campaign for (campaign,) in self.db.all(_OWING)]

    def owed(self, campaign: str, after: int = 0, limit: int = 20_000) -> list[Task]:
        """Return the `sent` tasks of keys whose every message is sent."""
        return [rows.task(row) for row in self.db.all(_OWED, (campaign, after, limit))]

    def owed_briefly(self, campaign: str, after: int = 0, limit: int = 25_000) -> list[Owed]:
        """Return the same, as far as a write-back needs it."""
        found = self.db.all(_OWED_BRIEFLY, (campaign, after, limit))
        return [Owed(id_, key, json.loads(metadata)) for id_, key, metadata in found]

    def leave_unflagged(self, campaign: str) -> int:
        """Complete, without a write-back, the sent tasks of records of which another message expired."""
        if self.db.one(_ANY_EXPIRED, (campaign,)) is None:
            return 0
        with self.db.transaction():
            values = {"campaign": campaign, "now": self.db.now(), **cells.reason_values(NOT_FLAGGED())}
            return self.db.execute(_UNFLAGGED, values)

    def begin_write_back(self, campaign: str) -> None:
        """Keep that flags of a campaign are being written. Waits for an undoing: what is owed is looked at after it."""
        with self.db.transaction():
            advisory.hold(self.db, "settling", [campaign])
            self.db.execute(_BEGIN, (campaign,))

    def end_write_back(self, campaign: str) -> None:
        """Keep that none are."""
        with self.db.transaction():
            self.db.execute(_END, (campaign,))

    def complete(self, ids: Iterable[int]) -> None:
        """Record that these sent tasks are written back."""
        with self.db.transaction():
            self.db.execute(_COMPLETE, (list(ids), self.db.now()))

    def note_refused_write_back(self, reasons: Mapping[int, Reason]) -> None:
        """Record why a write-back did not happen."""
        refused = [
            {"id": id_, **{name: rows.clean(text) for name, text in cells.reason_values(reason, "refusal").items()}}
            for id_, reason in reasons.items()
        ]
        with self.db.transaction():
            self.db.execute(_REFUSED, (rows.many(refused),))
