"""Where a campaign's files are, on a store that several machines use.

A file has one place. Two copies of one, each on a machine that generates and settles, would repair each other's flags
for ever. So the machine that queues or writes back first is a campaign's place, until a person moves it.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, ExitCode
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import SourcePlace
from notifykit.wording.translation import gettext


class ElsewhereError(CampaignError):
    """The files of a campaign are on another machine."""

    exit_code = ExitCode.PREFLIGHT_FAILED


def place_here(campaign: Campaign, place: str, *, who: str = "", why: str = "") -> SourcePlace:
    """Return this machine, which is called `place`, as a campaign's place."""
    reads = getattr(campaign.source, "reads", None)
    return SourcePlace(
        campaign=campaign.name,
        place=place,
        host=socket.gethostname(),
        path=os.path.realpath(reads) if isinstance(reads, Path) else "",
        since=0.0,
        who=who,
        why=why,
    )


def require_here(campaign: Campaign, place: str, outbox: Outbox) -> None:
    """Raise ElsewhereError where a campaign's files are not on this machine, which is called `place`."""
    if isinstance(outbox, KeepsPlaces):
        _require(campaign, place, outbox.place_of(campaign.name))


def keep_here(campaign: Campaign, place: str, outbox: Outbox) -> None:
    """Keep that a campaign's files are on this machine, where nobody was first. Raises ElsewhereError."""
    if isinstance(outbox, KeepsPlaces):
        _require(campaign, place, None)
        _require(campaign, place, outbox.keep_place(place_here(campaign, place)))


def _require(campaign: Campaign, place: str, kept: SourcePlace | None) -> None:
    if kept is not None and kept.place != place:
        since = datetime.fromtimestamp(kept.since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        file = gettext(" ({path} of {host})", path=kept.path, host=kept.host) if kept.path else ""
        raise ElsewhereError(
            gettext(
                "the file of campaign {campaign} is on {kept} since {since}{file}, and this is {here}",
                campaign=campaign.name,
                kept=kept.place,
                since=since,
                file=file,
                here=place,
            ),
            mend=gettext(
                "work there; if the file was moved here, run `notifykit source move {campaign} --why TEXT`",
                campaign=campaign.name,
            ),
            where=campaign.file,
        )
    if campaign.place not in (None, place):
        raise ElsewhereError(
            gettext(
                "campaign {campaign} says `place: {place}`, and this is {here}",
                campaign=campaign.name,
                place=campaign.place,
                here=place,
            ),
            mend=gettext(
                "work there, or correct that line; `run: place` and NOTIFYKIT_PLACE say what this machine is called"
            ),
            where=campaign.file,
        )
