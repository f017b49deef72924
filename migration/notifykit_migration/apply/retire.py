"""Takes the old send-status files out of the way: they move into the backup, and are never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.backup.in_force import InForce, retired_path
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import resolved
from notifykit_migration.files.reading import file_digest
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.phase import Phase, state_of
from notifykit_migration.journal.redo import MoveFile, run_steps
from notifykit_migration.model import InputKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFile:
    """A send-status file of a migrated campaign, and where it goes."""

    campaign: str
    shown: str
    path: Path
    target: Path
    sha256: str
    """As the plan found it; empty where there was none."""


def old_files(project: Project, migrations: Sequence[InForce]) -> list[OldFile]:
    """Return the send-status files of these migrations."""
    found = []
    for one in migrations:
        digests = {item.path: item.sha256 for item in one.plan.inputs if item.kind is InputKind.JSON}
        found += [
            OldFile(
                campaign=part.campaign,
                shown=part.status_file,
                path=resolved(project.file.folder, part.status_file),
                target=retired_path(one.backup, number, part.status_file),
                sha256=digests.get(part.status_file, ""),
            )
            for number, part in enumerate(one.plan.campaigns)
        ]
    return found


def retire_files(project: Project, migrations: Sequence[InForce], journal: Journal) -> list[str]:
    """Move the files of these migrations. One that is gone already is done; one that changed since stops it.

    Raises WorldChangedError and PreflightError.
    """
    files = [item for item in old_files(project, migrations) if item.sha256]
    for item in files:
        item.target.parent.mkdir(mode=0o700, exist_ok=True)
    run_steps(journal, [MoveFile(item.path, item.target, item.sha256) for item in files])
    moved = [item.shown for item in files]
    journal.append("retired", files=moved)
    return moved


def check_may_retire(project: Project, folder: MigrationFolder, *, now: float | None) -> None:
    """Raise PreflightError where it is not time yet; `now` is None where nobody wants to wait."""
    state = state_of(Journal.read(folder.journal))
    if state.phase in (Phase.NONE, Phase.MIGRATING, Phase.ROLLING_BACK):
        mends = {
            Phase.NONE: gettext("run `notifykit migrate` first"),
            Phase.MIGRATING: gettext("`notifykit migrate` goes on with it"),
            Phase.ROLLING_BACK: gettext("`notifykit rollback` goes on with it"),
        }
        raise PreflightError(
            gettext("the project is {phase}", phase=gettext(state.phase.value)),
            mend=mends[state.phase],
            where=project.file.file,
        )
    if now is not None and state.soak_until is not None and now < state.soak_until:
        days = (state.soak_until - now) / 86_400
        raise PreflightError(
            gettext("the old files are to stay for {days:.1f} more days (`--soak`)", days=days),
            mend=gettext("--now does not wait"),
        )


def changed_since(item: OldFile) -> bool:
    """Whether somebody wrote to an old file after the migration: the old program may have run."""
    return bool(item.sha256) and item.path.exists() and file_digest(item.path) != item.sha256
