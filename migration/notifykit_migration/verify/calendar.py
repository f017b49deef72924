"""When a migration is to be verified: hourly on its first day, daily in its first week, weekly in its first month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifykit.pipeline.project import Project
from notifykit.wording import Reason
from notifykit.wording.translation import gettext_noop
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Entry, Journal
from notifykit_migration.wording.advice import NOT_VERIFIED

HOUR = 3_600.0
DAY = 24 * HOUR
WEEK = 7 * DAY

_PERIODS = ((HOUR, DAY), (DAY, WEEK), (WEEK, 5 * WEEK))
"""How long a slot is, until how long after the migration."""


class Tick(StrEnum):
    """What became of a slot."""

    PASSED = gettext_noop("passed")
    FAILED = gettext_noop("failed")
    """A verification in it failed, whatever came after."""
    MISSED = gettext_noop("missed")
    """It is over, and nobody verified."""
    DUE = gettext_noop("due")
    AHEAD = gettext_noop("ahead")


@dataclass(frozen=True, slots=True)
class Slot:
    """One verification that is to be made. Times are seconds since the epoch."""

    since: float
    until: float
    length: float
    """Seconds: an hour, a day or a week."""
    tick: Tick


def calendar(entries: Sequence[Entry], now: float) -> tuple[Slot, ...]:
    """Return the slots of the latest migration, in order; none where nothing is migrated.

    The verification that `migrate` itself makes is of the first hour.
    """
    begun = done = None
    verified: list[Entry] = []
    for entry in entries:
        match entry.kind:
            case "migrate_begun":
                begun, done, verified = entry, None, []
            case "migrate_done":
                done = entry
            case "verified":
                verified.append(entry)
            case "rollback_begun":
                begun = done = None
    if begun is None or done is None:
        return ()
    found = []
    since = done.at
    for length, end in _PERIODS:
        while since < done.at + end:
            first = begun.at if since == done.at else since
            found.append(Slot(since, since + length, length, _tick(first, since + length, verified, now)))
            since += length
    return tuple(found)


def is_due(entries: Sequence[Entry], now: float) -> bool:
    """Whether a verification is to be made now."""
    return any(slot.tick is Tick.DUE for slot in calendar(entries, now))


def next_due(entries: Sequence[Entry], now: float) -> float | None:
    """Return when the next verification is due; None where none is to come."""
    return next((slot.since for slot in calendar(entries, now) if slot.tick is Tick.AHEAD), None)


def trouble(project: Project) -> dict[str, Reason]:
    """Return what the latest verification of a migration that is in force found wrong."""
    entries = Journal.read(MigrationFolder.of(project.file.folder).journal)
    if not calendar(entries, 0.0):
        return {}
    latest = next(entry for entry in reversed(entries) if entry.kind == "verified")
    if latest.fields.get("passed"):
        return {}
    return {"migration": NOT_VERIFIED(checks=", ".join(map(str, latest.fields.get("failed", ()))))}


def _tick(since: float, until: float, verified: Sequence[Entry], now: float) -> Tick:
    within = [bool(entry.fields.get("passed")) for entry in verified if since <= entry.at < until]
    if within:
        return Tick.PASSED if all(within) else Tick.FAILED
    if now >= until:
        return Tick.MISSED
    return Tick.DUE if now >= since else Tick.AHEAD
