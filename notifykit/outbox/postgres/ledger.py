"""What the PostgreSQL outbox tells of one campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from notifykit.model import Status
from notifykit.outbox import cells
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.wording.host import EXPIRED

# `__init__`: the messages of a campaign that are neither sent nor cancelled. Round 1 only: a resend is no drift.
_WAITING = """
SELECT record_key, message_name, t.status, period FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE t.status IN ('queued', 'sending', 'failed', 'in_doubt') AND t.campaign = %s AND round = 1
"""

# `load`: the messages of some keys that were ever queued; those in an archive were completed.
_KNOWN = f"""
SELECT record_key, message_name, period, t.status, t.status = 'completed', false,
       t.status = 'cancelled' AND t.reason_code IS NOT DISTINCT FROM '{EXPIRED.code}'
  FROM outbox.messages AS m JOIN outbox.tasks AS t ON t.id = m.id
 WHERE m.campaign = %(campaign)s AND record_key = ANY (%(keys)s::text[])
 UNION ALL
SELECT record_key, message_name, period, 'completed', false, true, false FROM outbox.pruned
  JOIN outbox.pruned_messages AS p ON p.id = message
 WHERE p.campaign = %(campaign)s AND record_key = ANY (%(keys)s::text[])
"""

_DONE = (Status.SENT, Status.COMPLETED)


@dataclass(slots=True)
class _Key:
    messages: cells.OfKey = field(default_factory=dict)
    statuses: set[tuple[str, str]] = field(default_factory=set)
    """With their periods; what expired is in none."""
    pruned: str | None = None
    """The last period of what was moved to an archive; None where nothing was."""
    expired: set[str] = field(default_factory=set)
    """Periods."""
    written_back: bool = False
    """Whether one is completed, and in the store."""

    def delivered(self, period: str | None) -> bool:
        """Whether at least one was sent, of this period where one is named, and all that counts."""
        found = {status for status, of in self.statuses if period in (None, of)}
        if self.pruned is not None and self.pruned >= (period or ""):
            found.add(Status.COMPLETED)
        expired = bool(self.expired) if period is None else period in self.expired
        return not found.isdisjoint(_DONE) and found <= {*_DONE, Status.CANCELLED} and not expired


class PostgresLedger:
    """What the outbox knows of one campaign. Waiting keys are as of when it was made, others as of `load`."""

    def __init__(self, db: Database, campaign: str) -> None:
        self._db = db
        self._campaign = campaign
        self._waiting = cells.waiting(db.all(_WAITING, (campaign,)))
        self._loaded: dict[str, _Key] = {}

    def load(self, keys: Iterable[str]) -> None:
        """Be ready to be asked of these keys."""
        self._loaded = self._look(keys)

    def status(self, key: str, message: str, period: str = "") -> str | None:
        """Return where a message of a loaded key stands, in this period or a later one."""
        return cells.status_of(self._of(key).messages, message, period)

    def waiting(self, key: str, period: str | None = None) -> bool:
        """Whether any message of this key, and of this period, is neither sent nor cancelled."""
        return self._waiting.any_of(key, period)

    def waits(self, key: str, period: str = "") -> Mapping[str, str]:
        """Return where those of its messages of a period stood that were not."""
        return self._waiting.standing.get(cells.place(key, period), cells.NOTHING)

    def delivered(self, key: str, period: str | None = None) -> bool:
        """Whether this key has messages, of this period, at least one was sent, and none still waits or expired."""
        return not self.waiting(key, period) and self._of(key).delivered(period)

    def written_back(self, key: str) -> bool:
        """Whether any message of this key is completed, and in the store."""
        return self._of(key).written_back

    def archived(self, key: str) -> bool:
        """Whether messages of this key were moved to an archive."""
        return self._of(key).pruned is not None

    def known(self, key: str, message: str, period: str = "") -> bool:
        """Whether this message of this key was ever queued, in this period or a later one."""
        return cells.status_of(self._of(key).messages, message, period) is not None

    def _of(self, key: str) -> _Key:
        found = self._loaded.get(key)
        return self._look([key])[key] if found is None else found

    def _look(self, keys: Iterable[str]) -> dict[str, _Key]:
        found = {key: _Key() for key in keys}
        asked = [key for key in found if rows.storable(key)]
        for key, message, period, status, written_back, archived, expired in self._db.all(
            _KNOWN, {"campaign": self._campaign, "keys": asked}
        ):
            of = found[key]
            cells.keep_status(of.messages, message, period, status)
            of.written_back |= written_back
            if archived:
                of.pruned = max(of.pruned or "", period)
            elif expired:
                of.expired.add(period)
            else:
                of.statuses.add((status, period))
        return found
