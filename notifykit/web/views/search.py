"""Finding messages by words in their keys, recipients and texts: a stretch at a time, and it says where it stopped."""

from __future__ import annotations

from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.model import Status, Task
from notifykit.operate.forms import task_form
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.searched import Searched
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.terminal.times import iso
from notifykit.web.listing import Column, Kind, asked, csv_response, listed
from notifykit.web.message_columns import MESSAGE, MORE, TEXT
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext

__all__ = ["search"]

FILTERS = ("q", "campaign", "channel", "status", "before")

READ = 20_000
"""Ids that one look goes through."""

MOST = 200
"""Messages that one look finds."""

COLUMNS: tuple[Column[Task], ...] = (
    *MESSAGE,
    Column(name="status", heading="status", value=lambda task: task.status.value),
    Column(name="queued", heading="queued", value=lambda task: task.queued_at or None, kind=Kind.TIME),
    TEXT,
)


def search(visit: Visit) -> Response:
    """Find messages: `q=` words as they are written, within a campaign, a channel, a status; `before=` an id."""
    if visit.hidden:
        raise HTTPException(403, gettext("Your account sees no texts and no recipients, and searches none."))
    wanted = asked(visit.path, visit.query, FILTERS, COLUMNS)
    words, status, before = wanted.of("q"), wanted.of("status"), wanted.of("before")
    if before is not None and not (before.isdecimal() and len(before) < 19):
        raise HTTPException(400, gettext("An id is a whole number."))
    if status is not None and status not in list(Status):
        raise HTTPException(400, gettext("There is no such status."))
    which = Filter(
        campaign=wanted.of("campaign"), channel=wanted.of("channel"), statuses=(Status(status),) if status else ()
    )

    def look(_: Project, outbox: OpenedOutbox) -> tuple[float, Searched]:
        if words is None:
            return outbox.now(), Searched(tasks=(), before=None)
        found = outbox.search(words, which, before=int(before) if before else None, read=READ, most=MOST)
        return outbox.now(), found

    at, found = visit.look(look)
    if visit.as_csv:
        return csv_response("search", listed(found.tasks, wanted, COLUMNS, whole=True), (*COLUMNS, *MORE))
    rows = listed(found.tasks, wanted, COLUMNS, whole=True)
    if visit.as_json:
        wording = visit.site.project.plugins.wording
        return visit.json(
            {"at": iso(at), "tasks": [task_form(task, wording) for task in found.tasks], "before": found.before}
        )
    further = replace(wanted, filters={**wanted.filters, "before": str(found.before)}).address()
    return visit.page(
        "search.html",
        at=at,
        listed=rows,
        found=found,
        words=words or "",
        statuses=list(Status),
        further=further,
    )
