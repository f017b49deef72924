"""Names that a person gives, checked against those that there are."""

from __future__ import annotations

from notifykit.errors import NotifykitError
from notifykit.nearest import hint
from notifykit.outbox import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project


def check_campaign(project: Project, outbox: Outbox, name: str | None) -> None:
    """Raise NotifykitError where neither the project nor the store knows a campaign."""
    known = sorted({*(campaign.name for campaign in project.described), *project.unavailable()})
    if name is not None and name not in known and not list(outbox.tasks(Filter(campaign=name, limit=1))):
        raise NotifykitError(f'no campaign is called "{name}"{hint(name, known)}')


def check_channel(project: Project, outbox: Outbox, name: str | None) -> None:
    """Raise NotifykitError where neither the project nor the store knows a channel."""
    known = {item.name for item in project.configuration.unavailable if item.kind == "channel"}
    known |= {*project.configuration.channels, *(pause.channel for pause in outbox.pauses())}
    if name is not None and name not in known and not list(outbox.tasks(Filter(channel=name, limit=1))):
        raise NotifykitError(f'no channel is called "{name}"{hint(name, sorted(known))}')
