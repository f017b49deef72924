"""The status files that a project's campaigns name: what the code's paths are judged by first."""

from __future__ import annotations

from notifykit.errors import NotifykitError
from notifykit.legacy import Disposal
from notifykit.pipeline.project import Project
from notifykit_inventory.model import Owner
from notifykit_inventory.words import StatusFiles


def status_files(project: Project) -> StatusFiles:
    """Return the status files of all campaigns, with whose they are.

    Raises NotifykitError where a `legacy` section will not do.
    """
    owners: dict[str, Owner] = {}
    for campaign in project.described:
        if (state := campaign.legacy) is not None:
            owner = Owner.CONTRACT if state.disposal is Disposal.RETIRE else Owner.TECHNICIAN
            path = state.status_file.as_posix()
            if owners.setdefault(path, owner) is not owner:
                raise NotifykitError(
                    f"campaign {campaign.name}: legacy.status_file {path} is to be retired for one "
                    "campaign and kept for another",
                    mend="give each its own",
                )
    return StatusFiles(owners)
