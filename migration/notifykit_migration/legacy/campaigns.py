"""The campaigns that own old state, and whose it is."""

from __future__ import annotations

from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.legacy import LegacyState
from notifykit.pipeline.project import Project
from notifykit_migration.errors import PreflightError
from notifykit_migration.paths import shown


def legacy_states(project: Project) -> list[tuple[Campaign, LegacyState]]:
    """Return the campaigns that own old state. Raises PreflightError where two name one file."""
    found = []
    owner: dict[Path, str] = {}
    for campaign in project.described:
        if (state := campaign.legacy) is None:
            continue
        path = status_path(project, state)
        if path in owner:
            raise PreflightError(
                f"the campaigns {owner[path]} and {campaign.name} both name it as their `legacy: status_file:`",
                mend="one file belongs to one campaign, correct the other",
                where=shown(project.file.folder, path),
            )
        owner[path] = campaign.name
        found.append((campaign, state))
    return found


def status_path(project: Project, state: LegacyState) -> Path:
    """Return where a campaign's status file is."""
    return (project.file.folder / state.status_file).resolve()


def described(project: Project, name: str) -> Campaign:
    """Return a campaign that was migrated. Raises PreflightError where it is not configured any more."""
    for campaign in project.described:
        if campaign.name == name:
            return campaign
    raise PreflightError(f"campaign {name} was migrated and is not configured any more", mend="put its file back")
