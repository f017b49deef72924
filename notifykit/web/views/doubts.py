"""Messages in doubt: each with its evidence, and what several have in common."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from notifykit.model import Status, Task
from notifykit.operate.evidence import Alike, Evidence, alike, evidence
from notifykit.operate.forms import evidence_form, reason_fields
from notifykit.operate.lines import message_name
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.terminal.times import iso
from notifykit.web.listing import Asked, Column, Kind, Listed, asked, csv_response, listed
from notifykit.web.visit import Visit

__all__ = ["doubts"]

FILTERS = ("campaign", "channel", "key", "reason")

COLUMNS: tuple[Column[Task], ...] = (
    Column(name="id", heading="id", value=lambda task: task.id, kind=Kind.NUMBER),
    Column(name="campaign", heading="campaign", value=lambda task: task.campaign),
    Column(name="key", heading="key", value=lambda task: task.key),
    Column(name="message", heading="message", value=message_name),
    Column(name="to", heading="to", value=lambda task: task.recipient),
    Column(name="channel", heading="channel", value=lambda task: task.channel),
    Column(name="since", heading="since", value=lambda task: task.doubted_at or task.queued_at or None, kind=Kind.TIME),
    Column(name="reason", heading="why", value=lambda task: str(task.reason or ""), sorts=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows."""

    at: float
    listed: Listed[Task]
    evidence: list[Evidence]
    groups: list[Alike]


def doubts(visit: Visit) -> Response:
    """List what is in doubt, with its evidence."""
    wanted = asked(visit.path, visit.query, FILTERS, COLUMNS)
    shown = visit.look(lambda project, outbox: _shown(project, outbox, wanted, whole=visit.as_csv))
    if visit.as_csv:
        return csv_response("in-doubt", shown.listed)
    wording = visit.site.project.plugins.wording
    if visit.as_json:
        return visit.json(
            {
                "at": iso(shown.at),
                "tasks": [evidence_form(one, wording) for one in shown.evidence],
                "number": shown.listed.number,
                "more": shown.listed.more,
                "groups": [
                    {
                        "campaign": one.campaign,
                        "number": one.number,
                        "since": iso(one.since),
                        **reason_fields(one.reason, wording),
                    }
                    for one in shown.groups
                ],
            }
        )
    return visit.page("doubts.html", shown=shown)


def _shown(project: Project, outbox: OpenedOutbox, wanted: Asked, *, whole: bool) -> Shown:
    wording = project.plugins.wording
    which = Filter(
        campaign=wanted.of("campaign"), key=wanted.of("key"), channel=wanted.of("channel"), statuses=(Status.IN_DOUBT,)
    )
    code = wanted.of("reason")
    tasks = (
        task
        for task in outbox.tasks(which)
        if code is None or (task.reason is not None and code in wording.known(task.reason).codes)
    )
    found = listed(tasks, wanted, COLUMNS, whole=whole)
    return Shown(
        at=outbox.now(),
        listed=found,
        evidence=evidence(outbox, found.rows),
        groups=alike(found.found, wording),
    )
