"""The generating side of the SQLite outbox: offer drafts, and know what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from notifykit.model import Claim, Draft
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, inserting, key_forms, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import DIGESTS, Enqueued
from notifykit.wording.host import FLAG_UNSET

_PRUNED = "pruned CROSS JOIN pruned_messages ON pruned_messages.id = message"

_MANY = 8
"""Tasks of a lane for which to look at each takes as long as to look at the lane."""

# `_not_pruned`: whether anything was moved to an archive.
_ANY_PRUNED = "SELECT EXISTS (SELECT 1 FROM pruned)"

# `_not_pruned`: whether a draft was, or one of a later period.
_IS_PRUNED = f"""
SELECT 1 FROM {_PRUNED}
 WHERE record_key = ? AND campaign = ? AND message_name = ?
   AND (pruned.period > ? OR (pruned.period = ? AND rounds >= ?))
"""

# `_not_past`: whether any message has a period.
_ANY_PERIODS = "SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_periods WHERE period IS NOT NULL)"

# `_not_past`: the last known period of a message.
_LAST_PERIOD = """
SELECT max(period) FROM tasks INDEXED BY tasks_periods
 WHERE campaign = ? AND record_key = ? AND message_name = ? AND period IS NOT NULL
"""

# `ledger`: the messages of a campaign that are neither sent nor cancelled. Round 1 only: a resend is no
# drift.
_WAITING = f"""
SELECT record_key, message_name, status, period FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status, period FROM tasks INDEXED BY tasks_lane
 WHERE status = 'queued' AND ordered = 1 AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status, period FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status, period FROM tasks INDEXED BY tasks_stuck
 WHERE (status = 'failed' OR status = 'in_doubt') AND campaign = :campaign AND round = 1
UNION ALL SELECT record_key, message_name, status, period FROM digest_members JOIN tasks ON tasks.id = task_id
 WHERE stands = 1 AND status = 'queued' AND round = 1 AND digest IN (
       SELECT id FROM tasks INDEXED BY tasks_open WHERE status = 'queued' AND {rows.OPEN} AND campaign = :digests
        UNION ALL
       SELECT id FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND campaign = :digests)
"""

# `ledger`: whether anything of a campaign was ever queued.
_ANY = """
SELECT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_dedup WHERE campaign = :campaign)
    OR EXISTS (SELECT 1 FROM pruned_messages WHERE campaign = :campaign)
"""

# `ledger`: how many messages of a key were sent, and how many still wait or expired; of one period where one is named.
_DELIVERED = f"""
SELECT sum(status IN ('sent', 'completed')), sum({rows.waits("tasks")} OR {rows.expired("tasks")}),
       EXISTS (SELECT 1 FROM {_PRUNED}
                WHERE record_key = :key AND campaign = :campaign AND (:period IS NULL OR pruned.period >= :period))
  FROM tasks
 WHERE campaign = :campaign AND record_key = :key AND (:period IS NULL OR coalesce(period, '') = :period)
"""

# `ledger`: whether a message of a key was ever queued, in this period or a later one.
_KNOWN = f"""
SELECT 1 FROM tasks
 WHERE campaign = :campaign AND record_key = :key AND message_name = :message AND coalesce(period, '') >= :period
 UNION ALL
SELECT 1 FROM {_PRUNED}
 WHERE record_key = :key AND campaign = :campaign AND message_name = :message AND pruned.period >= :period
 LIMIT 1
"""

# `ledger`: the messages of some keys that were ever queued, and where each stands.
_KNOWN_OF = f"""
SELECT record_key, message_name, status, coalesce(period, '') FROM tasks
 WHERE campaign = :campaign AND record_key IN (SELECT value FROM json_each(:keys))
 UNION ALL
SELECT record_key, message_name, 'completed', pruned.period FROM {_PRUNED}
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

# `_gather`: which message each of the new tasks is.
_NEW_NAMES = """
SELECT campaign, record_key, message_name, round, coalesce(period, '') FROM tasks WHERE id > ? ORDER BY id
"""

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
        waiting = {"campaign": campaign, "digests": f"{DIGESTS}{campaign}"}
        self._waiting = db.gather(cells.waiting, _WAITING, waiting)
        self._new = not db.one(_ANY, {"campaign": campaign})[0]
        self._loaded: dict[str, cells.OfKey] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Be ready to be asked of these keys which messages are known."""
        self._loaded = {key: {} for key in keys}
        asked = {"campaign": self._campaign, "keys": json.dumps(list(self._loaded))}
        for key, name, status, period in self._db.all(_KNOWN_OF, asked):
            if key in self._loaded:  # another program may have written a key that only looks like one
                cells.keep_status(self._loaded[key], name, period, status)

    def status(self, key: str, message: str, period: str = "") -> str | None:
        """Return where a message of a loaded key stands, in this period or a later one."""
        return cells.status_of(self._loaded[key], message, period)

    def waiting(self, key: str, period: str | None = None) -> bool:
        """Whether any message of this key, and of this period, is neither sent nor cancelled."""
        return self._waiting.any_of(key, period)

    def waits(self, key: str, period: str = "") -> Mapping[str, str]:
        """Return where those of its messages of a period stood that were not."""
        return self._waiting.standing.get(cells.place(key, period), cells.NOTHING)

    def delivered(self, key: str, period: str | None = None) -> bool:
        """Whether this key has messages, of this period, at least one was sent, and none still waits or expired."""
        if self._new or self.waiting(key, period):
            return False
        asked = {"campaign": self._campaign, "key": key, "period": period}
        sent, not_sent, pruned = self._db.one(_DELIVERED, asked)
        return bool(sent or pruned) and not not_sent

    def written_back(self, key: str) -> bool:
        """Whether any message of this key is completed, and in the store."""
        return self._db.one(_WRITTEN_BACK, (self._campaign, key)) is not None

    def archived(self, key: str) -> bool:
        """Whether messages of this key were moved to an archive."""
        return bool(self._db.one(_ARCHIVED, {"campaign": self._campaign, "key": key})[0])

    def known(self, key: str, message: str, period: str = "") -> bool:
        """Whether this message of this key was ever queued, in this period or a later one."""
        if (loaded := self._loaded.get(key)) is not None:
            return cells.status_of(loaded, message, period) is not None
        asked = {"campaign": self._campaign, "key": key, "message": message, "period": period}
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
        with db.transaction():
            now = db.clock.now()
            last = db.one(_LAST_ID)[0]
            asked = self._not_past(self._not_pruned(drafts))
            gathered = [draft for draft in asked if draft.batch is not None]
            if gathered:
                asked = [draft for draft in asked if draft.batch is None]
            new = inserting.insert(db, asked, now)
            ids: Sequence[int] = ()
            if new:
                key_forms.keep_forms(db, ((draft.campaign, draft.key) for draft in drafts))
                self._place(asked, last, new)
                if carrying := [draft for draft in asked if draft.attachments]:
                    from notifykit.outbox.sqlite import contents  # few do

                    contents.attach_new(db, carrying, last)
                ids = self._ids(last, new)
            if gathered:
                ids = [*ids, *self._gather(gathered, now)]
                new = len(ids)
            duplicates = len(drafts) - new
            if duplicates:
                self._count_duplicates(drafts, last, duplicates)
            for campaign, count in (known or {}).items():
                db.execute(_COUNT_DUPLICATES, (campaign, count))
                duplicates += count
        return Enqueued(ids=ids, duplicates=duplicates)

    def _gather(self, drafts: Sequence[Draft], now: float) -> list[int]:
        """Queue messages that go in digests; returns the ids of those that are new."""
        from notifykit.outbox.sqlite import digests  # few campaigns have any

        db = self.db
        last = db.one(_LAST_ID)[0]
        if not (new := inserting.insert(db, drafts, now)):
            return []
        key_forms.keep_forms(db, ((draft.campaign, draft.key) for draft in drafts))
        if carrying := [draft for draft in drafts if draft.attachments]:
            from notifykit.outbox.sqlite import contents  # few do

            contents.attach_new(db, carrying, last)
        ids = self._ids(last, new)
        if new < len(drafts):
            named = {(one.campaign, one.key, one.name, one.round, one.period): one for one in reversed(drafts)}
            drafts = [named[tuple(of)] for of in db.all(_NEW_NAMES, (last,))]
        digests.wait_for_others(db, ids, drafts, now)
        return ids

    def fix(self, claim: Claim, ids: Sequence[int], text: str) -> Claim | None:
        """Fix what a claimed digest holds."""
        from notifykit.outbox.sqlite.digests import fix  # likewise

        return fix(self.db, claim, ids, text)

    def _not_pruned(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        db = self.db
        if not db.one(_ANY_PRUNED)[0]:
            return drafts
        return [one for one in drafts if not db.one(_IS_PRUNED, _asked_of_pruned(one))]

    def _not_past(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Return those of which no later period is known: a clock that is set back opens no period again."""
        db = self.db
        if not (any(one.period for one in drafts) or db.one(_ANY_PERIODS)[0]):
            return drafts
        last: dict[tuple[str, str, str], str] = {}
        kept: list[Draft] = []
        for one in drafts:
            message = (one.campaign, one.key, one.name)
            if (known := last.get(message)) is None:
                known = db.one(_LAST_PERIOD, message)[0] or ""
            last[message] = max(known, one.period)
            if one.period >= known:
                kept.append(one)
        return kept

    def _place(self, drafts: Sequence[Draft], last: int, new: int) -> None:
        """Give new tasks their turns: lane by lane where each has many of them, or else task by task."""
        to = {(draft.channel, draft.recipient) for draft in drafts}
        if len(to) * _MANY <= new and all(draft.ordered for draft in drafts):
            lanes.advance(self.db, to)
        else:
            lanes.place_new(self.db, last)

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
        reason = FLAG_UNSET()
        refusal = cells.reason_values(reason, "refusal")
        count = 0
        with self.db.transaction():
            local = self.db.local_time(self.db.clock.now())
            for key in keys:
                for id_, completed_at in self.db.all(_COMPLETED, (campaign, key)):
                    self.db.execute(_REOPEN, {"local": local, "id": id_, **refusal})
                    events.record(self.db, id_, "written_back", "settle", "", at=completed_at)
                    events.record(self.db, id_, "write_back_owed", "generate", reason.text)
                    count += 1
        return count


def _asked_of_pruned(draft: Draft) -> tuple[object, ...]:
    return (draft.key, draft.campaign, draft.name, draft.period, draft.period, draft.round)
