"""How messages went before the migration, by the old table and log, against how they have gone since."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from notifykit.clock import duration
from notifykit.operate.activity import Baseline, Compared
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.pipeline.project import Project
from notifykit_migration.backup.in_force import InForce, in_force, under_present_names
from notifykit_migration.files.reading import untouched
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.legacy.log import LegacyLog, require_log
from notifykit_migration.verify.pace import Pace, before, since
from notifykit_migration.wording import acceptance as named


def baseline(project: Project, log: Path | None) -> Baseline | None:
    """Return when the project was migrated and how it compares; None where it was not.

    Raises PreflightError for a log that is none, StoreError and VerificationError where store or backup cannot be read.
    """
    if project.configuration.settings.store.file is None:
        return None
    found = in_force(MigrationFolder.of(project.file.folder))
    if not found:
        return None
    return Baseline(at=found[-1].at, compared=compared(project, found, require_log(log) if log else None))


def compared(project: Project, found: Sequence[InForce], log: LegacyLog | None) -> list[Compared]:
    """Return what is to be no worse than before. Raises StoreError and VerificationError."""
    with untouched(project.store_file().resolve()) as connection:
        plans = [under_present_names(one.plan, one.backup, connection) for one in found]
        campaigns = [part.campaign for plan in plans for part in plan.campaigns]
        new = since(StoredOutbox(connection), campaigns, found[-1].at, project.clock.now())
    old = before(found, log)
    return [_success(old, new), _response(old, new), _errors(old, new)]


def _success(old: Pace, new: Pace) -> Compared:
    return Compared(
        what=named.SUCCESS_RATE(),
        before="" if old.success_rate is None else f"{old.success_rate:.1%} ({old.messages:,})",
        since="" if new.success_rate is None else f"{new.success_rate:.1%} ({new.messages:,})",
        no_worse=_at_most(old.success_rate, new.success_rate),
    )


def _response(old: Pace, new: Pace) -> Compared:
    return Compared(
        what=named.RESPONSE_TIME(),
        before=_spread(old),
        since=_spread(new),
        no_worse=_at_most(new.percentile(0.5), old.percentile(0.5)),
    )


def _errors(old: Pace, new: Pace) -> Compared:
    return Compared(
        what=named.ERRORS(),
        before="" if old.error_rate is None else f"{old.errors:,} / {old.attempts:,}",
        since="" if new.error_rate is None else f"{new.errors:,} / {new.attempts:,}",
        no_worse=_at_most(new.error_rate, old.error_rate),
    )


def _at_most(one: float | None, other: float | None) -> bool | None:
    return None if one is None or other is None else one <= other


def _spread(pace: Pace) -> str:
    half, most = pace.percentile(0.5), pace.percentile(0.95)
    return "" if half is None or most is None else f"50 %: {duration(half)}, 95 %: {duration(most)}"
