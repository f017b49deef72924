"""What a project tells of an old program: its status files, by which paths in code are judged, and its channels."""

from __future__ import annotations

from pathlib import Path

from notifykit.config.project import ProjectFile
from notifykit.config.tree import Branch, Leaf
from notifykit.errors import NotifykitError
from notifykit.legacy import Disposal
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext
from notifykit_inventory.drafts.drafting import Channels
from notifykit_inventory.model import Owner
from notifykit_inventory.words import StatusFiles


def status_files(project: Project) -> StatusFiles:
    """Return the status files of all campaigns, with whose they are, and what campaigns describe.

    Raises NotifykitError where a `legacy` section will not do.
    """
    owners: dict[str, Owner] = {}
    campaigns: dict[str, str] = {}
    for campaign in project.described:
        source, strategy = campaign.source, campaign.strategy
        reads = getattr(source, "reads", None) or getattr(source, "path", None)
        for told in (reads, getattr(strategy, "status_file", None), campaign.legacy and campaign.legacy.status_file):
            if isinstance(told, str | Path):
                campaigns.setdefault(str(told), campaign.name)
        if (state := campaign.legacy) is not None:
            owner = Owner.CONTRACT if state.disposal is Disposal.RETIRE else Owner.TECHNICIAN
            path = state.status_file.as_posix()
            if owners.setdefault(path, owner) is not owner:
                raise NotifykitError(
                    gettext(
                        "campaign {campaign}: legacy.status_file {path} is to be retired for one campaign and "
                        "kept for another",
                        campaign=campaign.name,
                        path=path,
                    ),
                    mend=gettext("give each its own"),
                )
    return StatusFiles(owners, campaigns)


def channels(file: ProjectFile) -> Channels:
    """Return the channels that a project file names, whatever else it says."""
    senders, legacy = file.root.entries.get("senders"), file.root.entries.get("legacy")
    by_type = legacy.entries.get("channels") if isinstance(legacy, Branch) else None
    return Channels(
        named=tuple(senders.entries) if isinstance(senders, Branch) else (),
        by_type={
            task_type: leaf.value
            for task_type, leaf in (by_type.entries.items() if isinstance(by_type, Branch) else ())
            if isinstance(leaf, Leaf) and leaf.value is not None
        },
    )
