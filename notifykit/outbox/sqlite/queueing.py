"""The generating side of the SQLite outbox: offer drafts, and know what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from notifykit.model import Draft
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, key_forms, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import Enqueued
from notifykit.wording.host import FLAG_UNSET

_PRUNED = "pruned CROSS JOIN pruned_messages ON pruned_messages.id = message"

# `enqueue`: a task for a draft, unless it is known. Whose turn it is comes after. One row in a statement: for several,
# in case that it fails half-way, SQLite copies each page before it changes it, which is many times what is queued.
_INSERT = """
INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key,
                   message_name, round, channel, ordered, limit_key, attempts, tries, queued_at, not_before, options)
VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0.0, ?)
ON CONFLICT DO NOTHING
"""

# `_not_pruned`: whether anything was moved to an archive.
_ANY_PRUNED = "SELECT EXISTS (SELECT 1 FROM pruned)"

# `_not_pruned`: whether a draft was.
_IS_PRUNED = f"SELECT 1 FROM {_PRUNED} WHERE record_key = ? AND campaign = ? AND message_name = ? AND rounds >= ?"

# `ledger`: the messages of a campaign that are neither sent nor cancelled. Round 1 only: a resend is no
# drift.
_WAITING = """
SELECT record_key, message_name, status FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status FROM tasks INDEXED BY tasks_lane
 WHERE status = 'queued' AND ordered = 1 AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status FROM tasks INDEXED BY tasks_stuck
 WHERE (status = 'failed' OR status = 'in_doubt') AND campaign = :campaign AND round = 1
"""

# `ledger`: whether anything of a campaign was ever queued.
_ANY = """
SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_dedup WHERE campaign = :campaign)
    OR EXISTS (SELECT 1 FROM pruned_messages WHERE campaign = :campaign)
"""

# `ledger`: how many messages of a key were sent, and how many still wait.
_DELIVERED = f"""
SELECT sum(status IN ('sent', 'completed')), sum({rows.waits("tasks")}),
       EXISTS (SELECT 1 FROM {_PRUNED} WHERE record_key = :key AND campaign = :campaign)
  FROM tasks WHERE campaign = :campaign AND record_key = :key
"""

# `ledger`: whether a message of a key was ever queued.
_KNOWN = f"""
SELECT 1 FROM tasks WHERE campaign = :campaign AND record_key = :key AND message_name = :message
 UNION ALL
SELECT 1 FROM {_PRUNED} WHERE record_key = :key AND campaign = :campaign AND message_name = :message LIMIT 1
"""

# `ledger`: the messages of some keys that were ever queued, and where each stands.
_KNOWN_OF = f"""
SELECT record_key, message_name, status FROM tasks
 WHERE campaign = :campaign AND record_key IN (SELECT value FROM json_each(:keys))
 UNION ALL
SELECT record_key, message_name, 'completed' FROM {_PRUNED}
 WHERE campaign = :campaign AND record_key IN (SELECT value FROM json_each(:keys))
"""

# `ledger`: whether a message of a key was moved to an archive.
_ARCHIVED = f"SELECT EXISTS (SELECT 1 FROM {_PRUNED} WHERE record_key = :key AND campaign = :campaign)"

# `ledger`: whether any message of a key is completed.
_WRITTEN_BACK = "SELECT 1 FROM tasks WHERE campaign = ? AND record_key = ? AND status = 'completed' LIMIT 1"

# `enqueue`, `_ids`: the highest id that was ever given.
_LAST_ID = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks'"

# `_ids`: the new tasks: nobody else queues meanwhile.
_NEW_IDS = "SELECT id FROM tasks WHERE id > ? ORDER BY id"

# `enqueue`: how many of the new tasks are of which campaign.
_NEW_BY_CAMPAIGN = "SELECT campaign, count(*) FROM tasks WHERE id > ? GROUP BY campaign"

# `enqueue`: count the drafts that were known.
_COUNT_DUPLICATES = """
INSERT INTO campaigns (campaign, duplicates_prevented) VALUES (?, ?)
ON CONFLICT (campaign) DO UPDATE SET duplicates_prevented = duplicates_prevented + excluded.duplicates_prevented
"""

# `reopen_write_back`: the completed tasks of a key.
_COMPLETED = f"""
SELECT id, completed_at FROM tasks
 WHERE campaign = ? AND record_key = ? AND status = 'completed' AND NOT {rows.overwritten()}
"""

# `reopen_write_back`: a completed task owes its write-back again.
_REOPEN = """
UPDATE tasks SET status = 'sent', completed_at = NULL, updated_at = :local, refusal = :refusal,
                 refusal_code = :refusal_code, refusal_params = :refusal_params
 WHERE id = :id
"""


class SqliteLedger:
    """What the outbox knows of one campaign. Waiting keys are as of when it was made."""

    def __init__(self, db: Database, campaign: str) -> None:
        self._db = db
        self._campaign = campaign
        self._waiting = db.gather(cells.standing_by_key, _WAITING, {"campaign": campaign})
        self._new = not db.one(_ANY, {"campaign": campaign})[0]
        self._loaded: dict[str, dict[str, str]] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Be ready to be asked of these keys which messages are known."""
        self._loaded = {key: {} for key in keys}
        asked = {"campaign": self._campaign, "keys": json.dumps(list(self._loaded))}
        for key, name, status in self._db.all(_KNOWN_OF, asked):
            if key in self._loaded:  # another program may have written a key that only looks like one
                cells.keep_status(self._loaded[key], name, status)

    def status(self, key: str, message: str) -> str | None:
        """Return where a message of a loaded key stands."""
        return self._loaded[key].get(message)

    def waiting(self, key: str) -> bool:
        """Whether any message of this key is neither sent nor cancelled."""
        return key in self._waiting

    def waits(self, key: str) -> Mapping[str, str]:
        """Return where those of its messages stood that were not."""
        return self._waiting.get(key, cells.NOTHING)

    def delivered(self, key: str) -> bool:
        """Whether this key has messages, at least one was sent, and none still waits."""
        if self._new or key in self._waiting:
            return False
        sent, waiting, pruned = self._db.one(_DELIVERED, {"campaign": self._campaign, "key": key})
        return bool(sent or pruned) and not waiting

    def written_back(self, key: str) -> bool:
        """Whether any message of this key is completed, and in the store."""
        return self._db.one(_WRITTEN_BACK, (self._campaign, key)) is not None

    def archived(self, key: str) -> bool:
        """Whether messages of this key were moved to an archive."""
        return bool(self._db.one(_ARCHIVED, {"campaign": self._campaign, "key": key})[0])

    def known(self, key: str, message: str) -> bool:
        """Whether this message of this key was ever queued."""
        if (loaded := self._loaded.get(key)) is not None:
            return message in loaded
        asked = {"campaign": self._campaign, "key": key, "message": message}
        return self._db.one(_KNOWN, asked) is not None


class Queueing:
    """Methods of the outbox for `generate`."""

    db: Database

    def ledger(self, campaign: str) -> SqliteLedger:
        """Return what a strategy may ask about a campaign."""
        return SqliteLedger(self.db, campaign)

    def enqueue(self, drafts: Sequence[Draft], *, known: Mapping[str, int] | None = None) -> Enqueued:
        """Queue what is not known yet, in one transaction."""
        db = self.db
        now = db.clock.now()
        local = db.local_time(now)
        with db.transaction():
            last = db.one(_LAST_ID)[0]
            values = [_values(draft, local, now) for draft in self._not_pruned(drafts)]
            new = max(0, db.executemany(_INSERT, values))
            ids: Sequence[int] = ()
            if new:
                key_forms.keep_forms(db, ((draft.campaign, draft.key) for draft in drafts))
                lanes.place_new(db, last)
                if carrying := [draft for draft in drafts if draft.attachments]:
                    from notifykit.outbox.sqlite import contents  # few do

                    contents.attach_new(db, carrying, last)
                ids = self._ids(last, new)
            duplicates = len(drafts) - new
            if duplicates:
                self._count_duplicates(drafts, last, duplicates)
            for campaign, count in (known or {}).items():
                db.execute(_COUNT_DUPLICATES, (campaign, count))
                duplicates += count
        return Enqueued(ids=ids, duplicates=duplicates)

    def _not_pruned(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        db = self.db
        if not db.one(_ANY_PRUNED)[0]:
            return drafts
        return [one for one in drafts if not db.one(_IS_PRUNED, (one.key, one.campaign, one.name, one.round))]

    def _ids(self, last: int, new: int) -> list[int]:
        """Return the ids of the new tasks: without a look at these where they leave out none."""
        if self.db.one(_LAST_ID)[0] == last + new:
            return list(range(last + 1, last + new + 1))
        return [id_ for (id_,) in self.db.all(_NEW_IDS, (last,))]

    def _count_duplicates(self, drafts: Sequence[Draft], last: int, duplicates: int) -> None:
        campaigns = {draft.campaign for draft in drafts}
        if len(campaigns) == 1:
            self.db.execute(_COUNT_DUPLICATES, (campaigns.pop(), duplicates))
            return
        new = dict(self.db.all(_NEW_BY_CAMPAIGN, (last,)))
        for campaign in campaigns:
            offered = sum(draft.campaign == campaign for draft in drafts)
            self.db.execute(_COUNT_DUPLICATES, (campaign, offered - new.get(campaign, 0)))

    def reopen_write_back(self, campaign: str, keys: Iterable[str]) -> int:
        """Owe the write-back of these completed keys again."""
        now = self.db.clock.now()
        local = self.db.local_time(now)
        reason = FLAG_UNSET()
        refusal = cells.reason_values(reason, "refusal")
        count = 0
        with self.db.transaction():
            for key in keys:
                for id_, completed_at in self.db.all(_COMPLETED, (campaign, key)):
                    self.db.execute(_REOPEN, {"local": local, "id": id_, **refusal})
                    events.record(self.db, id_, "written_back", "settle", "", at=completed_at)
                    events.record(self.db, id_, "write_back_owed", "generate", reason.text)
                    count += 1
        return count


def _values(draft: Draft, local: str, now: float) -> tuple[object, ...]:
    return (
        draft.task_type,
        draft.recipient,
        draft.text,
        local,
        local,
        cells.encode_metadata(draft.metadata),
        draft.campaign,
        draft.key,
        draft.name,
        draft.round,
        draft.channel,
        draft.ordered,
        draft.limit_key,
        now,
        None if draft.options is None else cells.encode(draft.options),
    )
