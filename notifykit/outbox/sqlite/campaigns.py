"""What the SQLite outbox keeps of campaigns beside their tasks: what they read and write, and their names."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.errors import StoreError
from notifykit.model import CampaignData
from notifykit.outbox import cells
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import DIGESTS
from notifykit.wording import Reason
from notifykit.wording.translation import gettext

# `campaign_data`: all of it, the oldest first.
_DATA = "SELECT campaign, source, target, record_key, writes FROM campaign_data ORDER BY id"

# `remember_data`: unless it is known.
_REMEMBER = """
INSERT INTO campaign_data (campaign, source, target, record_key, writes) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

# `held_campaigns`: who may queue nothing, and why.
_HELD = "SELECT campaign, reason, reason_code, reason_params FROM held_campaigns ORDER BY campaign"

# `hold_campaign`: one that may queue nothing.
_HOLD = """
INSERT OR REPLACE INTO held_campaigns (campaign, reason, reason_code, reason_params)
VALUES (:campaign, :reason, :reason_code, :reason_params)
"""

# `hold_campaign`, `rename_campaign`: one that may.
_RELEASE = "DELETE FROM held_campaigns WHERE campaign = ?"

# `shared_keys`: what cannot be under one name.
_SHARED = """
WITH known (campaign, record_key, message_name, round, period) AS (
    SELECT campaign, record_key, message_name, round, coalesce(period, '') FROM tasks
     UNION ALL
    SELECT campaign, record_key, message_name, rounds, period
      FROM pruned CROSS JOIN pruned_messages ON pruned_messages.id = message)
SELECT DISTINCT one.record_key FROM known AS one
  JOIN known AS other ON other.record_key = one.record_key AND other.message_name = one.message_name
                     AND other.round = one.round AND other.period = one.period
 WHERE one.campaign = ? AND other.campaign = ? ORDER BY 1
"""

# `rename_campaign`: every task is told, before it goes.
_TELL = """
INSERT INTO events (at, task_id, kind, who, detail)
SELECT :at, id, 'renamed', :who, :detail FROM tasks WHERE campaign = :old ORDER BY id
"""

# `rename_campaign`: the tasks.
_RENAME = "UPDATE tasks SET campaign = :new WHERE campaign = :old"

# `rename_campaign`: what was seen of it. Where the new name has the same, the older of the two stays.
_RENAME_DATA = "UPDATE OR IGNORE campaign_data SET campaign = :new WHERE campaign = :old"

# `rename_campaign`: what the new name has as well.
_FORGET_DATA = "DELETE FROM campaign_data WHERE campaign = :old"

# `rename_campaign`: the normal forms of its keys.
_RENAME_FORMS = "UPDATE OR IGNORE key_forms SET campaign = :new WHERE campaign = :old"

# `rename_campaign`: those that the new name has as well.
_FORGET_FORMS = "DELETE FROM key_forms WHERE campaign = :old"

# `rename_campaign`: the keys that are different, as a person said.
_RENAME_DISTINCT = "UPDATE OR IGNORE distinct_keys SET campaign = :new WHERE campaign = :old"

# `rename_campaign`: those that the new name has as well.
_FORGET_DISTINCT = "DELETE FROM distinct_keys WHERE campaign = :old"

# `rename_campaign`: how often a message was asked for that was there.
_ADD_COUNT = """
INSERT INTO campaigns (campaign, duplicates_prevented)
SELECT :new, duplicates_prevented FROM campaigns WHERE campaign = :old
ON CONFLICT (campaign) DO UPDATE SET duplicates_prevented = duplicates_prevented + excluded.duplicates_prevented
"""

# `rename_campaign`: the count is the new name's.
_FORGET_COUNT = "DELETE FROM campaigns WHERE campaign = :old"

# `rename_campaign`: what was counted of it.
_ADD_TOTALS = """
INSERT INTO totals (name, campaign, channel, detail, value)
SELECT name, :new, channel, detail, value FROM totals WHERE campaign = :old
ON CONFLICT DO UPDATE SET value = value + excluded.value
"""

# `rename_campaign`: the totals are the new name's.
_FORGET_TOTALS = "DELETE FROM totals WHERE campaign = :old"

# `rename_campaign`: whether its flags are being written.
_RENAME_SETTLING = "UPDATE OR REPLACE settling SET campaign = :new WHERE campaign = :old"

# `rename_campaign`: what is in an archive.
_RENAME_PRUNED = "UPDATE pruned_messages SET campaign = :new WHERE campaign = :old"

_RENAMING = (
    _RENAME_PRUNED,
    _RENAME_DATA,
    _FORGET_DATA,
    _RENAME_FORMS,
    _FORGET_FORMS,
    _RENAME_DISTINCT,
    _FORGET_DISTINCT,
    _ADD_COUNT,
    _FORGET_COUNT,
    _ADD_TOTALS,
    _FORGET_TOTALS,
    _RENAME_SETTLING,
)


class Campaigns:
    """Methods of the outbox about campaigns."""

    db: Database

    def campaign_data(self) -> list[CampaignData]:
        """Return what campaigns were seen to read and write, in the order in which they were."""
        return [
            CampaignData(campaign=campaign, source=source, target=target, key=key, writes=writes)
            for campaign, source, target, key, writes in self.db.all(_DATA)
        ]

    def remember_data(self, data: CampaignData) -> None:
        """Keep what a campaign reads and writes; what is kept already stays where it is."""
        with self.db.transaction():
            self.db.execute(_REMEMBER, (data.campaign, data.source, data.target, data.key, data.writes))

    def held_campaigns(self) -> Mapping[str, Reason]:
        """Return the campaigns that may queue nothing, as of their last pass, each with the reason."""
        return {campaign: cells.reason(*columns) for campaign, *columns in self.db.all(_HELD)}

    def hold_campaign(self, campaign: str, reason: Reason | None) -> None:
        """Keep why a campaign may queue nothing; None: it may."""
        if self.held_campaigns().get(campaign) == reason:
            return
        with self.db.transaction():
            if reason is None:
                self.db.execute(_RELEASE, (campaign,))
            else:
                self.db.execute(_HOLD, {"campaign": campaign, **cells.reason_values(reason)})

    def shared_keys(self, one: str, other: str) -> list[str]:
        """Return the keys under which two campaigns have the same message in the same round of the same period."""
        return [key for (key,) in self.db.all(_SHARED, (one, other))]

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        """Give all that is kept under one campaign's name another name; returns how many tasks that are."""
        names = {"old": old, "new": new}
        with self.db.transaction():
            if shared := self.shared_keys(old, new):
                raise StoreError(
                    gettext("{old} and {new} both have messages of {key}", old=old, new=new, key=shared[0]),
                    where=self.db.path,
                )
            told = {**names, "at": self.db.clock.now(), "who": who, "detail": f"{old} → {new}: {why}"}
            self.db.execute(_TELL, told)
            count = self.db.execute(_RENAME, names).rowcount
            for statement in _RENAMING:
                self.db.execute(statement, names)
            for statement in (_RENAME, _RENAME_PRUNED):
                self.db.execute(statement, {"old": f"{DIGESTS}{old}", "new": f"{DIGESTS}{new}"})
            for name in (old, new):
                self.db.execute(_RELEASE, (name,))
        return count
