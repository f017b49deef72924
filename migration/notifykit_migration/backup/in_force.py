"""The migrations that are in force: each with its plan, as its backup keeps it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from notifykit.wording.translation import gettext
from notifykit_migration.backup import make as backups
from notifykit_migration.backup.checks import RETIRED
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.phase import state_of
from notifykit_migration.model import Backup, Plan
from notifykit_migration.plan.plan_file import kept_decisions, kept_plan
from notifykit_migration.store.migrated import present_names


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One migration that was begun and not rolled back."""

    at: float
    """When it was begun."""
    backup: Backup
    plan: Plan


def in_force(folder: MigrationFolder, *known: Plan) -> list[InForce]:
    """Return them, oldest first; plans that are `known` are not read again: they may be large.

    Raises VerificationError where a backup is missing or its plan damaged.
    """
    plans = {plan.hash: plan for plan in known}
    found = []
    for entry in state_of(Journal.read(folder.journal)).migrations:
        backup = backups.find(folder, str(entry.fields["backup"]))
        found.append(InForce(at=entry.at, backup=backup, plan=plans.get(backup.plan_hash) or planned(backup)))
    return found


def under_present_names(plan: Plan, backup: Backup, connection: sqlite3.Connection) -> Plan:
    """Return the plan of a backup with the names that its campaigns have now, as the store says. Its hash stays."""
    names = present_names(connection, backup.id)
    parts = (replace(part, campaign=names.get(part.status_file, part.campaign)) for part in plan.campaigns)
    return replace(plan, campaigns=tuple(parts))


def retired_path(backup: Backup, number: int, status_file: str) -> Path:
    """Return where `retire` puts a campaign's send-status file. `number`: of the campaign in the plan, from 0."""
    return backup.folder / RETIRED / f"{number:02d}-{Path(status_file).name}"


def planned(backup: Backup) -> Plan:
    """Return the plan that a backup was made for. Raises VerificationError where it is damaged."""
    path = backups.plan_file(backup)
    try:
        return kept_plan(path)
    except (OSError, UnicodeDecodeError, PreflightError, VerificationError) as error:
        raise _other_plan(backup, path) from error


def decided(backup: Backup) -> Plan:
    """Return that plan without evidence: of a contract its key, its old states and what is decided, without reasons.

    Raises VerificationError where it is damaged.
    """
    path = backups.plan_file(backup)
    try:
        if backups.plan_is_whole(backup):
            return kept_decisions(path)
        cause = None
    except (OSError, UnicodeDecodeError, PreflightError, VerificationError) as error:
        cause = error
    raise _other_plan(backup, path) from cause


def _other_plan(backup: Backup, path: Path) -> VerificationError:
    return VerificationError(
        gettext("is not the plan that was kept here"),
        mend=gettext("see `notifykit verify --backup {id}`, and put it back from a copy", id=backup.id),
        where=path,
    )
