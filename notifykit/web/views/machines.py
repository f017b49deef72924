"""Machines and workers: which processes are at work, what is sent just now, and where the files of campaigns are."""

from __future__ import annotations

from dataclasses import asdict

from starlette.responses import Response

from notifykit.operate.machines import Workforce, workforce
from notifykit.operate.state_forms import machine_form
from notifykit.terminal.times import iso
from notifykit.web.visit import Visit

__all__ = ["machines"]


def machines(visit: Visit) -> Response:
    """List who works; live where the browser runs scripts."""
    found: Workforce = visit.shared("machines", lambda _, outbox: workforce(outbox))
    if visit.as_json:
        return visit.json(
            {
                "at": iso(found.at),
                "machines": None if found.machines is None else [machine_form(one) for one in found.machines],
                "places": [{**asdict(one), "since": iso(one.since)} for one in found.places],
                "workers": [{**asdict(one), "since": iso(one.since)} for one in found.workers],
            }
        )
    return visit.page("machines.html", found=found)
