"""How messages went before a migration, by the old table and log, and how they have gone since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifykit.model import Status, Verdict
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.in_force import InForce
from notifykit_migration.files.reading import untouched
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.verify.calendar import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Of the messages of migrated campaigns that were sent, or had a day for it."""

    messages: int
    waits: Sequence[float]
    """Seconds from the queue to the end of sending, of those that were sent, in order."""
    attempts: int | None
    errors: int | None
    """Attempts that failed. None where nothing tells: the old table keeps no failures, its log does."""

    @property
    def success_rate(self) -> float | None:
        """Share of the messages that was sent, 0 to 1; None where there was none."""
        return len(self.waits) / self.messages if self.messages else None

    @property
    def error_rate(self) -> float | None:
        """Share of the attempts that failed, 0 to 1; None where nothing tells of any."""
        return self.errors / self.attempts if self.errors is not None and self.attempts else None

    def percentile(self, share: float) -> float | None:
        """Return the wait of this share of those that were sent, by nearest rank; None where none was."""
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))] if self.waits else None


def before(found: Sequence[InForce], log: LegacyLog | None) -> Pace:
    """Look into the task table as each migration found it. Raises StoreError, and VerificationError for a backup."""
    messages = 0
    waits: list[float] = []
    ids: set[int] = set()
    for one in found:
        if (path := backups.store_copy(one.backup)) is None:
            continue
        pairs = {pair for part in one.plan.campaigns for pair in part.pairs}
        with untouched(path) as connection:
            for row in StoredOutbox(connection).foreign_rows():
                if (row.task_type, row.recipient) not in pairs:
                    continue
                ids.add(row.id)
                created = _moment(row.created_at)
                done = row.status == Status.COMPLETED
                messages += done or (created is not None and one.at - created.timestamp() > DAY)
                if done:
                    ended = _moment(row.updated_at)
                    waits.append((ended - created).total_seconds() if created and ended else 0.0)
    raised, ended_well = (set(), set()) if log is None else (log.raised & ids, log.done & ids)
    return Pace(
        messages=messages,
        waits=sorted(waits),
        attempts=None if log is None else len(raised) + len(ended_well),
        errors=None if log is None else len(raised),
    )


def since(stored: StoredOutbox, campaigns: Sequence[str], at: float, now: float) -> Pace:
    """Look at what was queued since the migration. Raises sqlite3.Error."""
    messages = attempts = errors = 0
    waits: list[float] = []
    for task in stored.queued_since(at):
        if task.campaign not in campaigns or task.status == Status.CANCELLED:
            continue
        waiting = task.status in (Status.QUEUED, Status.SENDING)
        messages += not waiting or now - task.queued_at > DAY
        if task.sent_at is not None:
            waits.append(task.sent_at - task.queued_at)
    for campaign, verdict, number in stored.verdicts_since(at):
        if campaign in campaigns:
            attempts += number
            errors += number if verdict != Verdict.ACCEPTED else 0
    return Pace(messages=messages, waits=sorted(waits), attempts=attempts, errors=errors)


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
