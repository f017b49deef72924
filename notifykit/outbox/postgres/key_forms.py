"""The normal forms of the keys of tasks, and the pairs of keys that a person said are different.

A key that is its own normal form, as most are, has no row here: it is found by its messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from notifykit.keys.normal import normal_form, odd_keys
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.names import short
from notifykit.outbox.values import DistinctKeys

# `keep_forms`: keys that are not their own normal forms.
_KEEP = """
INSERT INTO outbox.key_forms (campaign, form, record_key)
SELECT campaign, form, key FROM json_to_recordset(%s::json) AS new (campaign text, form text, key text)
ON CONFLICT DO NOTHING
"""

# `other_spellings`: the known keys of normal forms.
_OF_FORMS = """
SELECT form, record_key FROM outbox.key_forms WHERE campaign = %(campaign)s AND form = ANY (%(forms)s::text[])
 UNION SELECT record_key, record_key FROM outbox.messages
        WHERE campaign = %(campaign)s AND record_key = ANY (%(forms)s::text[])
 UNION SELECT record_key, record_key FROM outbox.pruned JOIN outbox.pruned_messages AS p ON p.id = message
        WHERE p.campaign = %(campaign)s AND record_key = ANY (%(forms)s::text[])
 ORDER BY 2
"""

# `distinct_keys`: the pairs of a campaign.
_PAIRS = "SELECT one, other, at, who, why FROM outbox.distinct_keys WHERE campaign = %s ORDER BY one, other"

# `keep_distinct`: a pair, unless it is known.
_KEEP_PAIR = """
INSERT INTO outbox.distinct_keys (campaign, one, other, at, who, why) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""


def keep_forms(db: Database, keys: Iterable[tuple[str, str]]) -> None:
    """Keep the normal forms of keys that are queued now: pairs of campaign and key."""
    if odd := sorted(set(odd_keys(keys))):
        new = ({"campaign": campaign, "form": short(form), "key": key} for campaign, form, key in odd)
        db.execute(_KEEP, (rows.many(new),))


class KeyForms:
    """Methods of the outbox about keys that a person would read as the same."""

    db: Database

    def other_spellings(self, campaign: str, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, for those of the keys that have any, the known keys of a campaign with the same normal form."""
        forms = {key: short(normal_form(key)) for key in keys if rows.storable(key)}
        known: dict[str, list[str]] = defaultdict(list)
        for form, key in self.db.all(_OF_FORMS, {"campaign": campaign, "forms": sorted(set(forms.values()))}):
            known[short(form)].append(key)
        found = {key: tuple(other for other in known[form] if other != key) for key, form in forms.items()}
        return {key: others for key, others in found.items() if others}

    def distinct_keys(self, campaign: str) -> list[DistinctKeys]:
        """Return the pairs of keys that are different, as a person said."""
        return [
            DistinctKeys(one=one, other=other, at=at, who=who, why=why)
            for one, other, at, who, why in self.db.all(_PAIRS, (campaign,))
        ]

    def keep_distinct(self, campaign: str, one: str, other: str, *, who: str, why: str) -> bool:
        """Keep that two keys are different. False where that is known."""
        first, second = sorted((one, other))
        with self.db.transaction():
            return bool(self.db.execute(_KEEP_PAIR, (campaign, first, second, self.db.now(), who, why)))
