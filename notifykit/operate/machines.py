"""The machines of a store, and where the files of campaigns are."""

from __future__ import annotations

from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.outbox import Outbox
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.values import SourcePlace
from notifykit.pipeline.places import place_here
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext


def keeping_places(project: Project, outbox: Outbox) -> KeepsPlaces:
    """Return a store as one of several machines. Raises NotifykitError where it is a file."""
    if isinstance(outbox, KeepsPlaces):
        return outbox
    raise NotifykitError(
        gettext("a store that is a file is on one machine, and so is all else"),
        mend=gettext("`notifykit store copy` takes it to a server"),
        where=project.configuration.settings.store,
    )


def move_here(
    project: Project, outbox: Outbox, name: str, *, who: str, why: str
) -> tuple[SourcePlace | None, SourcePlace]:
    """Say that the files of a campaign are on this machine now; returns where they were, and where they are.

    Raises NotifykitError: no such campaign, a file for another machine, no file here, a store that is a file.
    """
    (campaign,) = project.settling((name,))
    settings, store = project.configuration.settings, keeping_places(project, outbox)
    if campaign.place not in (None, settings.place):
        raise NotifykitError(
            gettext("it says `place: {place}`, and this is {here}", place=campaign.place, here=settings.place),
            mend=gettext("correct that line first"),
            where=campaign.file,
        )
    here = place_here(campaign, settings.place, who=who, why=why)
    if here.path and not Path(here.path).exists():
        raise NotifykitError(
            gettext("there is no such file on this machine"), mend=gettext("move it here first"), where=here.path
        )
    with outbox.transaction():
        before = store.place_of(name)
        return before, store.keep_place(here, move=True)
