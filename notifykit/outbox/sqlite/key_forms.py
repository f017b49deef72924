"""The normal forms of the keys of tasks, and the pairs of keys that a person said are different.

A key that is its own normal form, as most are, has no row here: it is found by its tasks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import DistinctKeys

# `fill`: every key that there is.
_KEYS = """
SELECT DISTINCT campaign, record_key FROM tasks INDEXED BY tasks_dedup
 WHERE campaign IS NOT NULL AND typeof(campaign) = 'text' AND typeof(record_key) = 'text'
"""

# `fill`, `keep_forms`: a key that is not its own normal form.
_KEEP = "INSERT OR IGNORE INTO key_forms (campaign, form, record_key) VALUES (?, ?, ?)"

# `other_spellings`: whether a campaign has any such key.
_ANY = "SELECT 1 FROM key_forms WHERE campaign = ? LIMIT 1"

# `other_spellings`: the known keys of one normal form.
_OF_FORM = """
SELECT record_key FROM key_forms WHERE campaign = :campaign AND form = :form
 UNION SELECT record_key FROM tasks WHERE campaign = :campaign AND record_key = :form
 UNION SELECT record_key FROM pruned CROSS JOIN pruned_messages ON pruned_messages.id = message
        WHERE campaign = :campaign AND record_key = :form
 ORDER BY record_key
"""

# `distinct_keys`: the pairs of a campaign.
_PAIRS = "SELECT one, other, at, who, why FROM distinct_keys WHERE campaign = ? ORDER BY one, other"

# `keep_distinct`: a pair, unless it is known.
_KEEP_PAIR = """
INSERT INTO distinct_keys (campaign, one, other, at, who, why) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""


def fill(connection: sqlite3.Connection) -> None:
    """Keep the normal forms of the keys of all tasks, within the transaction that is open. Raises sqlite3.Error.

    Another program may have written a key that is no text in UTF-8.
    """
    from notifykit.keys.normal import odd_keys  # only commands that queue need it

    text_factory, connection.text_factory = connection.text_factory, _legible
    try:
        connection.executemany(_KEEP, odd_keys(connection.execute(_KEYS)))
    finally:
        connection.text_factory = text_factory


def _legible(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def keep_forms(db: Database, keys: Iterable[tuple[str, str]]) -> None:
    """Keep the normal forms of keys that are queued now: pairs of campaign and key."""
    from notifykit.keys.normal import odd_keys  # likewise

    if odd := sorted(set(odd_keys(keys))):
        db.executemany(_KEEP, odd)


class KeyForms:
    """Methods of the outbox about keys that a person would read as the same."""

    db: Database

    def other_spellings(self, campaign: str, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, for those of the keys that have any, the known keys of a campaign with the same normal form."""
        from notifykit.keys.normal import is_plain, normal_form

        any_odd = self.db.one(_ANY, (campaign,)) is not None
        found = {}
        for key in keys:
            if not any_odd and is_plain(key):
                continue  # nothing but itself has this form
            form = normal_form(key)
            if form == key and not any_odd:
                continue  # likewise
            known = self.db.all(_OF_FORM, {"campaign": campaign, "form": form})
            if others := tuple(other for (other,) in known if other != key):
                found[key] = others
        return found

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
            values = (campaign, first, second, self.db.clock.now(), who, why)
            return bool(self.db.execute(_KEEP_PAIR, values).rowcount)
