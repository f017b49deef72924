"""The machines of a store, and where the files of campaigns are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from notifykit.errors import NotifykitError
from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Machine, SourcePlace
from notifykit.pipeline.places import place_here
from notifykit.pipeline.project import Project
from notifykit.wording.translation import gettext


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """A worker that is sending: a process, or one of several in it."""

    name: str
    on_wire: int
    since: float
    """UTC seconds at which the first of its calls began that are under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workforce:
    """Who works on a store, and where."""

    at: float
    """UTC seconds."""
    machines: Sequence[Machine] | None
    """The processes at work and those seen within a day; None where the store is a file: it keeps none."""
    places: Sequence[SourcePlace]
    """Where the files of campaigns are, by campaign."""
    workers: Sequence[WorkerState]
    """Who is sending just now, by name."""


def workforce(outbox: Outbox) -> Workforce:
    """Look who works on a store."""
    began: dict[str, list[float]] = defaultdict(list)
    for claim in outbox.on_wire():
        began[claim.worker].append(claim.started_at)
    keeps = outbox if isinstance(outbox, KeepsPlaces) else None
    return Workforce(
        at=outbox.now(),
        machines=keeps.machines() if keeps else None,
        places=[place for _, place in sorted(keeps.places().items())] if keeps else (),
        workers=[WorkerState(name=name, on_wire=len(times), since=min(times)) for name, times in sorted(began.items())],
    )


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
