"""What the PostgreSQL outbox keeps of campaigns beside their tasks: what they read and write, and their names."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.errors import StoreError
from notifykit.model import CampaignData
from notifykit.outbox import cells
from notifykit.outbox.digests import digests_of
from notifykit.outbox.postgres import advisory
from notifykit.outbox.postgres.database import Database
from notifykit.wording import Reason
from notifykit.wording.translation import gettext

# `campaign_data`: all of it, the oldest first.
_DATA = "SELECT campaign, source, target, record_key, writes FROM outbox.campaign_data ORDER BY id"

# `remember_data`: unless it is known.
_REMEMBER = """
INSERT INTO outbox.campaign_data (campaign, source, target, record_key, writes)
SELECT * FROM (VALUES (%(campaign)s::text, %(source)s::text, %(target)s::text, %(key)s::text, %(writes)s::text)) AS new
EXCEPT SELECT campaign, source, target, record_key, writes FROM outbox.campaign_data
"""

# `held_campaigns`: who may queue nothing, and why.
_HELD = "SELECT campaign, reason, reason_code, reason_params FROM outbox.held_campaigns ORDER BY campaign"

# `hold_campaign`: one that may queue nothing.
_HOLD = """
INSERT INTO outbox.held_campaigns (campaign, reason, reason_code, reason_params)
VALUES (%(campaign)s, %(reason)s, %(reason_code)s, %(reason_params)s)
ON CONFLICT (campaign) DO UPDATE
   SET reason = excluded.reason, reason_code = excluded.reason_code, reason_params = excluded.reason_params
"""

# `hold_campaign`, `rename_campaign`: those that may.
_RELEASE = "DELETE FROM outbox.held_campaigns WHERE campaign = ANY (%s::text[])"

# `shared_keys`: what cannot be under one name.
_SHARED = """
WITH known AS (
    SELECT campaign, record_key, message_name, round, period FROM outbox.messages
     UNION ALL
    SELECT campaign, record_key, message_name, rounds, period FROM outbox.pruned
      JOIN outbox.pruned_messages ON pruned_messages.id = message)
SELECT DISTINCT one.record_key
  FROM known AS one JOIN known AS other USING (record_key, message_name, round, period)
 WHERE one.campaign = %s AND other.campaign = %s ORDER BY 1
"""

# `rename_campaign`: every task is told, before it goes.
_TELL = """
INSERT INTO outbox.events (at, task_id, kind, who, detail)
SELECT %(at)s, id, 'renamed', %(who)s, %(detail)s FROM outbox.tasks WHERE campaign = %(old)s ORDER BY id
"""

# `rename_campaign`: what tasks change.
_RENAME_TASKS = """
WITH named AS (SELECT id FROM outbox.tasks WHERE campaign = %(old)s ORDER BY id FOR UPDATE)
UPDATE outbox.tasks AS t SET campaign = %(new)s FROM named WHERE t.id = named.id
"""

# `rename_campaign`: what they do not change.
_RENAME_MESSAGES = "UPDATE outbox.messages SET campaign = %(new)s WHERE campaign = %(old)s"

# `rename_campaign`: what was seen of it. Where the new name has the same, the older of the two stays.
_RENAME_DATA = """
UPDATE outbox.campaign_data AS old SET campaign = %(new)s WHERE campaign = %(old)s AND NOT EXISTS (
    SELECT 1 FROM outbox.campaign_data AS new
     WHERE new.campaign = %(new)s AND (new.source, new.target, new.record_key, new.writes)
                                    = (old.source, old.target, old.record_key, old.writes))
"""

# `rename_campaign`: the normal forms of its keys.
_RENAME_FORMS = """
INSERT INTO outbox.key_forms (campaign, form, record_key)
SELECT %(new)s, form, record_key FROM outbox.key_forms WHERE campaign = %(old)s ON CONFLICT DO NOTHING
"""

# `rename_campaign`: the keys that are different, as a person said.
_RENAME_DISTINCT = """
INSERT INTO outbox.distinct_keys (campaign, one, other, at, who, why)
SELECT %(new)s, one, other, at, who, why FROM outbox.distinct_keys WHERE campaign = %(old)s ON CONFLICT DO NOTHING
"""

# `rename_campaign`: how often a message was asked for that was there.
_ADD_COUNT = """
INSERT INTO outbox.campaigns (campaign, duplicates_prevented)
SELECT %(new)s, duplicates_prevented FROM outbox.campaigns WHERE campaign = %(old)s
ON CONFLICT (campaign) DO UPDATE
   SET duplicates_prevented = campaigns.duplicates_prevented + excluded.duplicates_prevented
"""

# `rename_campaign`: what was counted of it.
_ADD_TOTALS = """
INSERT INTO outbox.totals AS t (name, campaign, channel, detail, value)
SELECT name, %(new)s, channel, detail, value FROM outbox.totals WHERE campaign = %(old)s
ON CONFLICT (name, campaign, channel, detail) DO UPDATE SET value = t.value + excluded.value
"""

# `rename_campaign`: the totals are the new name's.
_FORGET_TOTALS = "DELETE FROM outbox.totals WHERE campaign = %(old)s"

# `rename_campaign`: whether its flags are being written.
_RENAME_SETTLING = """
INSERT INTO outbox.settling (campaign) SELECT %(new)s FROM outbox.settling WHERE campaign = %(old)s
ON CONFLICT DO NOTHING
"""

# `rename_campaign`: what the new name has now.
_FORGET_DATA = "DELETE FROM outbox.campaign_data WHERE campaign = %(old)s"

# `rename_campaign`: likewise.
_FORGET_FORMS = "DELETE FROM outbox.key_forms WHERE campaign = %(old)s"

# `rename_campaign`: likewise.
_FORGET_DISTINCT = "DELETE FROM outbox.distinct_keys WHERE campaign = %(old)s"

# `rename_campaign`: likewise.
_FORGET_COUNT = "DELETE FROM outbox.campaigns WHERE campaign = %(old)s"

# `rename_campaign`: likewise.
_FORGET_SETTLING = "DELETE FROM outbox.settling WHERE campaign = %(old)s"

# `rename_campaign`: what is in an archive.
_RENAME_PRUNED = "UPDATE outbox.pruned_messages SET campaign = %(new)s WHERE campaign = %(old)s"

_RENAMING = (
    _RENAME_PRUNED,
    _RENAME_MESSAGES,
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
    _FORGET_SETTLING,
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
        values = {"campaign": data.campaign, "source": data.source, "target": data.target, "key": data.key}
        with self.db.transaction():
            advisory.hold(self.db, "data", [""])
            self.db.execute(_REMEMBER, {**values, "writes": data.writes})

    def held_campaigns(self) -> Mapping[str, Reason]:
        """Return the campaigns that may queue nothing, as of their last pass, each with the reason."""
        return {campaign: cells.reason(*columns) for campaign, *columns in self.db.all(_HELD)}

    def hold_campaign(self, campaign: str, reason: Reason | None) -> None:
        """Keep why a campaign may queue nothing; None: it may."""
        if self.held_campaigns().get(campaign) == reason:
            return
        with self.db.transaction():
            if reason is None:
                self.db.execute(_RELEASE, ([campaign],))
            else:
                self.db.execute(_HOLD, {"campaign": campaign, **cells.reason_values(reason)})

    def shared_keys(self, one: str, other: str) -> list[str]:
        """Return the keys under which two campaigns have the same message in the same round of the same period."""
        return [key for (key,) in self.db.all(_SHARED, (one, other))]

    def rename_campaign(self, old: str, new: str, *, who: str, why: str) -> int:
        """Give all that is kept under one campaign's name another name; returns how many tasks that are."""
        db = self.db
        names = {"old": old, "new": new}
        with db.transaction():
            advisory.hold(db, "campaign", names.values())
            advisory.hold(db, "data", [""])
            if shared := self.shared_keys(old, new):
                raise StoreError(
                    gettext("{old} and {new} both have messages of {key}", old=old, new=new, key=shared[0]),
                    where=db.where,
                )
            db.execute(_TELL, {"at": db.now(), "who": who, "detail": f"{old} → {new}: {why}", "old": old})
            count = db.execute(_RENAME_TASKS, names)
            for statement in _RENAMING:
                db.execute(statement, names)
            for statement in (_RENAME_TASKS, _RENAME_MESSAGES, _RENAME_PRUNED):
                db.execute(statement, {"old": digests_of(old), "new": digests_of(new)})
            db.execute(_RELEASE, ([old, new],))
        return count
