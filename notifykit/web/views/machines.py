"""Machines and workers: which processes are at work, what is sent just now, and where the files of campaigns are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.operate.machines import Workforce, workforce
from notifykit.operate.state_forms import machine_form
from notifykit.outbox.values import Machine
from notifykit.terminal.times import iso
from notifykit.web.listing import Asked, Cell, Column, Kind, asked, csv_response, filtered, listed
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext

__all__ = ["machines", "narrowed"]

FILTERS: Mapping[str, Callable[[Machine], Cell]] = {
    "place": lambda one: one.place,
    "host": lambda one: one.host,
    "version": lambda one: one.version,
}

COLUMNS: tuple[Column[Machine], ...] = (
    Column(name="place", heading="place", value=lambda one: one.place),
    Column(name="host", heading="host", value=lambda one: one.host),
    Column(name="name", heading="name", value=lambda one: one.name),
    Column(name="does", heading="does", value=lambda one: one.does),
    Column(name="version", heading="version", value=lambda one: one.version),
    Column(name="since", heading="since", value=lambda one: one.since, kind=Kind.TIME),
    Column(name="seen_at", heading="last seen", value=lambda one: one.seen_at, kind=Kind.TIME),
    Column(name="clock_ahead_seconds", heading="clock", value=lambda one: round(-one.ahead, 3), kind=Kind.NUMBER),
    Column(name="on_wire", heading="on the wire", value=lambda one: one.on_wire, kind=Kind.NUMBER),
)


def machines(visit: Visit) -> Response:
    """List who works; live where the browser runs scripts. Order and page are those of the processes."""
    wanted = asked(visit.path, visit.query, tuple(FILTERS), COLUMNS)
    everywhere: Workforce = visit.shared("machines", lambda _, outbox: workforce(outbox))
    processes = list(filtered(everywhere.machines or (), wanted, FILTERS))
    found = narrowed(everywhere, wanted, processes)
    shown = listed(processes, wanted, COLUMNS, whole=visit.as_csv)
    if visit.as_csv:
        if found.machines is None:
            known = gettext("The store is a file on one machine. Which processes run there is known to that machine.")
            raise HTTPException(409, known)
        return csv_response("machines", shown)
    if visit.as_json:
        return visit.json(
            {
                "at": iso(found.at),
                "machines": None if found.machines is None else [machine_form(one) for one in shown.rows],
                "number": shown.number,
                "more": shown.more,
                "places": [{**asdict(one), "since": iso(one.since)} for one in found.places],
                "workers": [{**asdict(one), "since": iso(one.since)} for one in found.workers],
            }
        )
    return visit.page("machines.html", found=found, listed=shown)


def narrowed(found: Workforce, wanted: Asked, shown: Sequence[Machine]) -> Workforce:
    """Return who is sending of the processes that are left, and the files that are at the place and host asked for.

    Files have no version: they are left where a process of that version is at their place.
    """
    if not wanted.filters:
        return found
    theirs = tuple(f"{one.name.rpartition(':')[0]}:" for one in shown)
    at, any_version = {(one.place, one.host) for one in shown}, wanted.of("version") is None
    return replace(
        found,
        workers=[one for one in found.workers if one.name.startswith(theirs)],
        places=[
            one
            for one in found.places
            if wanted.of("place") in (None, one.place)
            and wanted.of("host") in (None, one.host)
            and (any_version or (one.place, one.host) in at)
        ],
    )
