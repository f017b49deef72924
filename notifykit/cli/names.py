"""Names that a person gives, and what is kept to them, checked against those that there are."""

from __future__ import annotations

import click

from notifykit.errors import NotifykitError
from notifykit.operate.trace import near_keys
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.pipeline.selection import Selection
from notifykit.terminal.console import info, some
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, gettext_noop

campaigns_option = click.option(
    "--campaign", "campaigns", metavar="CAMPAIGN", multiple=True, help="Only this campaign; repeatable."
)
channels_option = click.option(
    "--channel", "channels", metavar="CHANNEL", multiple=True, help="Only what goes over this channel; repeatable."
)


def selected(campaigns: tuple[str, ...], channels: tuple[str, ...] = ()) -> Selection:
    """Return what was named, each once, in the order in which it was."""
    return Selection(campaigns=tuple(dict.fromkeys(campaigns)), channels=tuple(dict.fromkeys(channels)))


def tell(command: str, only: Selection) -> None:
    """Say first what a command keeps to, where it does not do everything."""
    if only:
        info(gettext("{command}: {only}", command=command, only=only))


def check_campaign(project: Project, outbox: Outbox | None, name: str | None) -> None:
    """Raise NotifykitError where neither the project nor the store knows a campaign."""
    known = sorted({*(campaign.name for campaign in project.described), *project.unavailable()})
    if name is None or name in known:
        return
    if outbox is None or not list(outbox.tasks(Filter(campaign=name, limit=1))):
        raise NotifykitError(gettext('no campaign is called "{name}"{hint}', name=name, hint=hint(name, known)))


def check_key(outbox: Outbox, key: str | None, campaign: str | None) -> None:
    """Raise NotifykitError where the store knows no message of a key, and none that was moved to an archive."""
    if key is None or list(outbox.tasks(Filter(campaign=campaign, key=key, limit=1))):
        return
    if not (isinstance(outbox, KeepsPruned) and outbox.pruned(key, campaign)):
        raise unknown_key(outbox, key, campaign)


def unknown_key(outbox: Outbox, key: str, campaign: str | None) -> NotifykitError:
    """Return what to say of a key that the store does not know."""
    near = near_keys(outbox, key, campaign)
    mend = (
        gettext("did you mean {near}?", near=some(near)) if near else gettext("`notifykit tasks` lists what there is")
    )
    told = (
        gettext_noop('nothing was ever queued for the key "{key}"')
        if campaign is None
        else gettext_noop('nothing was ever queued for the key "{key}" of campaign "{campaign}"')
    )
    return NotifykitError(gettext(told, key=key, campaign=campaign), mend=mend)


def check_channel(project: Project, outbox: Outbox, name: str | None) -> None:
    """Raise NotifykitError where neither the project nor the store knows a channel."""
    known = {item.name for item in project.configuration.unavailable if item.kind == "channel"}
    known |= {*project.configuration.channels, *(pause.channel for pause in outbox.pauses())}
    if name is not None and name not in known and not list(outbox.tasks(Filter(channel=name, limit=1))):
        raise NotifykitError(gettext('no channel is called "{name}"{hint}', name=name, hint=hint(name, sorted(known))))
