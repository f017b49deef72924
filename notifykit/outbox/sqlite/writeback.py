"""The settling side of the SQLite outbox: which write-backs are owed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from notifykit.model import Owed, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.inserting import has_triggers
from notifykit.wording import Reason
from notifykit.wording.host import NOT_FLAGGED

# `owing_campaigns`: those with sent tasks.
_OWING = "SELECT DISTINCT campaign FROM tasks INDEXED BY tasks_owed WHERE status = 'sent'"

# Part of `_OWED` and `_OWED_BRIEFLY`: sent tasks whose siblings of the same period are all sent. The outer scan is over
# sent tasks in id order; the inner one asks the dedup index for their siblings, and the table only for what the index
# says is another row.
_OWING_THEIRS = f"""tasks INDEXED BY tasks_owed
 WHERE status = 'sent' AND campaign = ? AND id > ? AND NOT {rows.overwritten()}
   AND NOT EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
                    WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
                      AND sibling.id <> tasks.id AND sibling.period IS tasks.period
                      AND ({rows.waits("sibling")} OR {rows.expired("sibling")}))
 ORDER BY id LIMIT ?"""

# `owed`: a page of them.
_OWED = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM {_OWING_THEIRS}"

# `owed_briefly`: the same, as far as most need it.
_OWED_BRIEFLY = f"SELECT {rows.selected(rows.BRIEF_COLUMNS, plain=rows.plain())} FROM {_OWING_THEIRS}"

# `owed_briefly`: one of them, of which that tells too little.
_WHOLE = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE id = ?"

# `begin_write_back`: flags of a campaign are being written.
_BEGIN = "INSERT OR IGNORE INTO settling (campaign) VALUES (?)"

# `end_write_back`: none are.
_END = "DELETE FROM settling WHERE campaign = ?"

_PAGE = 2_000
"""Rows that are held at once on the way to what a write-back needs of them."""

# `leave_unflagged`: whether any message of a campaign expired.
_ANY_EXPIRED = f"SELECT 1 FROM tasks INDEXED BY tasks_cancelled WHERE campaign = ? AND {rows.expired('tasks')} LIMIT 1"

# `leave_unflagged`: sent tasks of records of which another message expired, and nothing waits.
_UNFLAGGED = f"""
UPDATE tasks SET status = 'completed', completed_at = :now, updated_at = :local, refusal = :reason,
                 refusal_code = :reason_code, refusal_params = :reason_params
 WHERE id IN (
       SELECT id FROM tasks AS sent INDEXED BY tasks_owed
        WHERE status = 'sent' AND campaign = :campaign AND NOT {rows.overwritten("sent")}
          AND EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
                       WHERE sibling.campaign = sent.campaign AND sibling.record_key = sent.record_key
                         AND sibling.period IS sent.period AND {rows.expired("sibling")})
          AND NOT EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
                           WHERE sibling.campaign = sent.campaign AND sibling.record_key = sent.record_key
                             AND sibling.period IS sent.period AND {rows.waits("sibling")}))
"""

# `complete`: sent tasks are written back. See `inserting._statement` for what ends the transaction.
_COMPLETE = """
UPDATE {or_rollback}tasks SET status = 'completed', completed_at = ?, updated_at = ?, refusal = NULL,
                              refusal_code = NULL, refusal_params = NULL
 WHERE id IN (SELECT value FROM json_each(?)) AND status = 'sent'
"""

# `note_refused_write_back`: why a sent task is not written back.
_REFUSED = """
UPDATE tasks SET refusal = :refusal, refusal_code = :refusal_code, refusal_params = :refusal_params
 WHERE id = :id AND status = 'sent'
"""


class WritingBack:
    """Methods of the outbox for `settle`."""

    db: Database

    def owing_campaigns(self) -> list[str]:
        """Return the campaigns with sent tasks."""
        return rows.campaigns(self.db.all(_OWING))

    def owed(self, campaign: str, after: int = 0, limit: int = 20_000) -> list[Task]:
        """Return the `sent` tasks of keys whose every message is sent."""
        found = self.db.all(_OWED, (campaign, after, limit))
        found.reverse()
        return [rows.task(found.pop()) for _ in range(len(found))]  # a row goes as its task comes: both would be large

    def owed_briefly(self, campaign: str, after: int = 0, limit: int = 25_000) -> list[Owed]:
        """Return the same, as far as a write-back needs it."""
        db = self.db
        owed: list[Owed] = []
        while page := db.all(_OWED_BRIEFLY, (campaign, after, min(limit - len(owed), _PAGE))):
            utf8 = db.connection.text_factory is str  # otherwise a text was found that is none
            owed += [(rows.owed_plainly(row) if utf8 else None) or rows.owed(db.one(_WHOLE, row[:1])) for row in page]
            after = owed[-1].id
        return owed

    def leave_unflagged(self, campaign: str) -> int:
        """Complete, without a write-back, the sent tasks of records of which another message expired."""
        if self.db.one(_ANY_EXPIRED, (campaign,)) is None:
            return 0
        with self.db.transaction():
            now = self.db.clock.now()
            values = {"campaign": campaign, "now": now, "local": self.db.local_time(now)}
            return self.db.execute(_UNFLAGGED, values | cells.reason_values(NOT_FLAGGED())).rowcount

    def begin_write_back(self, campaign: str) -> None:
        """Keep that flags of a campaign are being written."""
        with self.db.transaction():
            self.db.execute(_BEGIN, (campaign,))

    def end_write_back(self, campaign: str) -> None:
        """Keep that none are."""
        with self.db.transaction():
            self.db.execute(_END, (campaign,))

    def complete(self, ids: Iterable[int]) -> None:
        """Record that these sent tasks are written back."""
        with self.db.transaction():
            now = self.db.clock.now()
            sql = _COMPLETE.format(or_rollback="" if has_triggers(self.db) else "OR ROLLBACK ")
            self.db.execute(sql, (now, self.db.local_time(now), json.dumps(sorted(ids))))

    def note_refused_write_back(self, reasons: Mapping[int, Reason]) -> None:
        """Record why a write-back did not happen."""
        with self.db.transaction():
            self.db.executemany(
                _REFUSED, [{"id": id_, **cells.reason_values(reason, "refusal")} for id_, reason in reasons.items()]
            )
