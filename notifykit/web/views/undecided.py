"""Messages that wait for a person, in doubt or failed: each with its evidence, and what several have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from notifykit.model import Status, Task
from notifykit.operate.decisions import Resolution
from notifykit.operate.evidence import Alike, Evidence, alike, evidence
from notifykit.operate.forms import evidence_form, reason_fields
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.digests import is_digest
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import Project
from notifykit.terminal.times import iso
from notifykit.web.listing import Asked, Column, Kind, Listed, asked, csv_response, listed
from notifykit.web.message_columns import MESSAGE, MORE, TEXT
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext_noop

__all__ = ["doubts", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state in which messages wait for a person, in words for people, and what may be decided about them."""

    status: Status
    file: str
    title: str
    about: str
    nothing: str
    listed: str
    choices: Mapping[Resolution, str]


IN_DOUBT = State(
    status=Status.IN_DOUBT,
    file="in-doubt",
    title=gettext_noop("In doubt"),
    about=gettext_noop(
        "The service may or may not have accepted these messages. Look where they should have arrived, then say what "
        "is true."
    ),
    nothing=gettext_noop("Nothing is in doubt."),
    listed=gettext_noop("Messages in doubt"),
    choices={
        Resolution.SENT: gettext_noop("It arrived"),
        Resolution.RESEND: gettext_noop("Send again"),
        Resolution.CANCEL: gettext_noop("Cancel"),
    },
)

FAILED = State(
    status=Status.FAILED,
    file="failed",
    title=gettext_noop("Failed"),
    about=gettext_noop(
        "These messages were refused, or tried too often. They are not sent before somebody has them queued again."
    ),
    nothing=gettext_noop("Nothing is failed."),
    listed=gettext_noop("Failed messages"),
    choices={
        Resolution.RETRY: gettext_noop("Queue again"),
        Resolution.SENT: gettext_noop("It arrived"),
        Resolution.CANCEL: gettext_noop("Cancel"),
    },
)

FILTERS = ("campaign", "channel", "key", "reason")

COLUMNS: tuple[Column[Task], ...] = (
    *MESSAGE,
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
    return _response(visit, IN_DOUBT)


def failed(visit: Visit) -> Response:
    """List what failed, by error and each with its evidence."""
    return _response(visit, FAILED)


def _response(visit: Visit, state: State) -> Response:
    wanted = asked(visit.path, visit.query, FILTERS, COLUMNS)
    shown = visit.look(lambda project, outbox: _shown(project, outbox, wanted, state, whole=visit.as_csv))
    if visit.as_csv:
        return csv_response(state.file, shown.listed, (*COLUMNS, TEXT, *MORE))
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
    return visit.page("undecided.html", shown=shown, state=state)


def _shown(project: Project, outbox: OpenedOutbox, wanted: Asked, state: State, *, whole: bool) -> Shown:
    wording = project.plugins.wording
    which = Filter(
        campaign=wanted.of("campaign"), key=wanted.of("key"), channel=wanted.of("channel"), statuses=(state.status,)
    )
    code = wanted.of("reason")
    tasks = (
        task
        for task in outbox.tasks(which)
        if not is_digest(task.campaign)
        and (code is None or (task.reason is not None and code in wording.known(task.reason).codes))
    )
    found = listed(tasks, wanted, COLUMNS, whole=whole)
    return Shown(
        at=outbox.now(),
        listed=found,
        evidence=evidence(outbox, found.rows),
        groups=alike(found.found, wording),
    )
