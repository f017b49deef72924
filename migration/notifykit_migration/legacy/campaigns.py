"""The campaigns that own old state, and whose it is."""

from __future__ import annotations

from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.errors import ConfigError
from notifykit.legacy import LegacyState
from notifykit.pipeline.project import Project
from notifykit_migration.errors import PreflightError
from notifykit_migration.paths import shown


def legacy_states(project: Project) -> list[tuple[Campaign, LegacyState]]:
    """Return the campaigns that own old state. Raises ConfigError where a `legacy:` section will not do,
    and PreflightError where two name one file.
    """
    found = []
    owner: dict[Path, str] = {}
    for campaign in project.described:
        if not campaign.legacy:
            continue
        state = state_of(project, campaign)
        path = status_path(project, state)
        if path in owner:
            raise PreflightError(
                f"{shown(project.file.folder, path)}: the campaigns {owner[path]} and {campaign.name} both name it as "
                "their `legacy: status_file:`; one file belongs to one campaign, correct the other"
            )
        owner[path] = campaign.name
        found.append((campaign, state))
    return found


def state_of(project: Project, campaign: Campaign) -> LegacyState:
    """Ask the plugins whose the old state is. Raises ConfigError where nobody knows it, or where two do."""
    answers = [
        state
        for state in project.plugins.hook.legacy_state(campaign=campaign.name, options=dict(campaign.legacy))
        if state is not None
    ]
    if len(answers) != 1:
        kind = campaign.legacy.get("kind")
        whose = "no plugin knows" if not answers else f"{len(answers)} plugins claim"
        raise ConfigError(
            f"{campaign.file}: {whose} `legacy: kind: {kind}`; the kinds of notifykit are `contract` and `technician`"
        )
    state: LegacyState = answers[0]
    return state


def status_path(project: Project, state: LegacyState) -> Path:
    """Return where a campaign's status file is."""
    return (project.file.folder / state.status_file).resolve()


def described(project: Project, name: str) -> Campaign:
    """Return a campaign that was migrated. Raises PreflightError where it is not configured any more."""
    for campaign in project.described:
        if campaign.name == name:
            return campaign
    raise PreflightError(f"campaign {name} was migrated and is not configured any more; put its file back")
