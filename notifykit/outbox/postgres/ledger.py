"""What the PostgreSQL outbox tells of one campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from notifykit.model import Status
from notifykit.outbox import cells
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database

# `__init__`: the messages of a campaign that are neither sent nor cancelled. Round 1 only: a resend is no drift.
_WAITING = """
SELECT record_key, message_name, t.status FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE t.status IN ('queued', 'sending', 'failed', 'in_doubt') AND t.campaign = %s AND round = 1
"""

# `load`: the messages of some keys that were ever queued; those in an archive were completed.
_KNOWN = """
SELECT record_key, message_name, t.status, t.status = 'completed', false
  FROM outbox.messages AS m JOIN outbox.tasks AS t ON t.id = m.id
 WHERE m.campaign = %(campaign)s AND record_key = ANY (%(keys)s::text[])
 UNION ALL
SELECT record_key, message_name, 'completed', false, true FROM outbox.pruned
  JOIN outbox.pruned_messages AS p ON p.id = message
 WHERE p.campaign = %(campaign)s AND record_key = ANY (%(keys)s::text[])
"""

_DONE = (Status.SENT, Status.COMPLETED)


@dataclass(slots=True)
class _Key:
    messages: dict[str, str] = field(default_factory=dict)
    statuses: set[str] = field(default_factory=set)
    archived: bool = False
    written_back: bool = False
    """Whether one is completed, and in the store."""


class PostgresLedger:
    """What the outbox knows of one campaign. Waiting keys are as of when it was made, others as of `load`."""

    def __init__(self, db: Database, campaign: str) -> None:
        self._db = db
        self._campaign = campaign
        self._waiting = cells.standing_by_key(db.all(_WAITING, (campaign,)))
        self._loaded: dict[str, _Key] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Be ready to be asked of these keys."""
        self._loaded = self._look(keys)

    def status(self, key: str, message: str) -> str | None:
        """Return where a message of a loaded key stands."""
        return self._of(key).messages.get(message)

    def waiting(self, key: str) -> bool:
        """Whether any message of this key is neither sent nor cancelled."""
        return key in self._waiting

    def waits(self, key: str) -> Mapping[str, str]:
        """Return where those of its messages stood that were not."""
        return self._waiting.get(key, cells.NOTHING)

    def delivered(self, key: str) -> bool:
        """Whether this key has messages, at least one was sent, and none still waits."""
        if key in self._waiting:
            return False
        statuses = self._of(key).statuses
        return not statuses.isdisjoint(_DONE) and statuses <= {*_DONE, Status.CANCELLED}

    def written_back(self, key: str) -> bool:
        """Whether any message of this key is completed, and in the store."""
        return self._of(key).written_back

    def archived(self, key: str) -> bool:
        """Whether messages of this key were moved to an archive."""
        return self._of(key).archived

    def known(self, key: str, message: str) -> bool:
        """Whether this message of this key was ever queued."""
        return message in self._of(key).messages

    def _of(self, key: str) -> _Key:
        found = self._loaded.get(key)
        return self._look([key])[key] if found is None else found

    def _look(self, keys: Iterable[str]) -> dict[str, _Key]:
        found = {key: _Key() for key in keys}
        asked = [key for key in found if rows.storable(key)]
        for key, message, status, written_back, archived in self._db.all(
            _KNOWN, {"campaign": self._campaign, "keys": asked}
        ):
            cells.keep_status(found[key].messages, message, status)
            found[key].statuses.add(status)
            found[key].written_back |= written_back
            found[key].archived |= archived
        return found
