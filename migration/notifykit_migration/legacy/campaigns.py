"""The campaigns that own old state, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.legacy import Disposal, LegacyState
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.paths import shown


def legacy_states(project: Project) -> list[tuple[Campaign, LegacyState]]:
    """Return the campaigns that own old state. Raises PreflightError where two name one file."""
    for shared in shared_status_files(project):
        raise shared
    return list(states(project))


def states(project: Project) -> Iterator[tuple[Campaign, LegacyState]]:
    """Yield the campaigns that say that they own old state."""
    return ((one, one.legacy) for one in project.described if one.legacy is not None)


def shared_status_files(project: Project) -> Iterator[PreflightError]:
    """Yield each send-status file that two campaigns name."""
    owner: dict[Path, str] = {}
    for campaign, state in states(project):
        path = status_path(project, state)
        if (first := owner.setdefault(path, campaign.name)) != campaign.name:
            yield PreflightError(
                gettext(
                    "the campaigns {first} and {campaign} both name it as their `legacy: status_file:`",
                    first=first,
                    campaign=campaign.name,
                ),
                mend=gettext("one file belongs to one campaign, correct the other"),
                where=shown(project.file.folder, path),
            )


def status_path(project: Project, state: LegacyState) -> Path:
    """Return where a campaign's status file is."""
    return (project.file.folder / state.status_file).resolve()


def shown_status_file(folder: Path, state: LegacyState) -> str:
    """Return what plans, archives and the store call the send-status file of a campaign of the project in `folder`."""
    return shown(folder, (folder / state.status_file).resolve())


def owners(project: Project) -> Mapping[str, str]:
    """Return the campaigns whose old state is retired, by what their send-status files are called.

    Such a file belongs to one campaign: whatever the name under which it was migrated, this is it now.
    """
    folder = project.file.folder
    states = legacy_states(project)
    return {shown_status_file(folder, state): one.name for one, state in states if state.disposal is Disposal.RETIRE}


def described(project: Project, name: str) -> Campaign:
    """Return a campaign that was migrated.

    Raises PreflightError where it is not configured any more, or cannot be used here.
    """
    for campaign in project.described:
        if campaign.name == name:
            return campaign
    if (failure := project.unavailable().get(name)) is not None:
        raise PreflightError(str(failure)) from failure
    raise PreflightError(
        gettext("campaign {name} was migrated and is not configured any more", name=name),
        mend=gettext(
            "put its file back (with `enabled: false` it queues nothing); if it has another name now, "
            'run `notifykit campaign rename "{name}" NEW --why TEXT`',
            name=name,
        ),
    )
