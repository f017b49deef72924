"""One record's story in each campaign that knows it, and sending again what was sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.errors import NotifykitError
from notifykit.model import Status, Task
from notifykit.operate.archived import archived_of
from notifykit.operate.consequences import of_moves
from notifykit.operate.decisions import SENT, AsShown, Resolution, newest_decision, resendable
from notifykit.operate.decisions import resend as send_again
from notifykit.operate.forms import archived_form, story_form
from notifykit.operate.lines import lines_of
from notifykit.operate.pruning import Archived
from notifykit.operate.telling import tell_decided
from notifykit.operate.trace import StepKind, Trace, traces
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.terminal.console import count
from notifykit.web.prepared import Done, Prepared
from notifykit.web.views.decide import changed_line, offer
from notifykit.web.visit import Visit, local_address, may_decide
from notifykit.wording.translation import gettext, gettext_noop

__all__ = ["resend", "trace"]

log = logging.getLogger(__name__)

CHOICES = {
    Resolution.RETRY: gettext_noop("Queue again"),
    Resolution.SENT: gettext_noop("It arrived"),
    Resolution.RESEND: gettext_noop("Send again"),
    Resolution.CANCEL: gettext_noop("Cancel"),
}

MEMBERS = 200
"""Messages in digests that are shown of a key in one campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of a key."""

    at: float
    stories: list[Trace]
    archived: Archived | None
    """What was moved of it to an archive."""


def trace(visit: Visit) -> Response:
    """Tell the story of a key: `key=`, in all campaigns or in `campaign=`."""
    key, campaign = visit.query.get("key", "").strip(), visit.query.get("campaign", "").strip() or None
    if not key:
        if visit.as_json:
            raise HTTPException(400, gettext("Say which key."))
        return visit.page("trace.html", key="", campaign=campaign, story=None)

    def look(project: Project, outbox: OpenedOutbox) -> Story:
        stories = traces(outbox, key, campaign)
        # An archive is a store of its own, which is not hidden from anybody.
        gone = None if visit.hidden else archived_of(project, outbox, key, campaign, _warn)
        return Story(at=outbox.now(), stories=stories, archived=gone)

    story = visit.look(look)
    status = 200 if story.stories or story.archived else 404
    if visit.as_json:
        wording = visit.site.project.plugins.wording
        return visit.json(
            {
                "key": key,
                "stories": [story_form(one, wording) for one in story.stories],
                "archived": story.archived and archived_form(story.archived, wording),
            },
            status,
        )
    return visit.page(
        "trace.html",
        status=status,
        key=key,
        campaign=campaign,
        story=story,
        choices=choices,
        sent=SENT,
        kinds=StepKind,
        members=MEMBERS,
    )


def _warn(error: NotifykitError) -> None:
    log.warning("an archive cannot be read: %s", error)


def choices(task: Task) -> dict[Resolution, str]:
    """Return what may be decided about a message, in words for people."""
    return {decision: text for decision, text in CHOICES.items() if task.campaign and task.status in decision.of}


def resend(visit: Visit) -> Response:
    """Show what sending a record's messages again would do: `campaign=`, `key=`, and `message=`s or all."""
    may_decide(visit)
    campaign, key = visit.query.get("campaign", ""), visit.query.get("key", "")
    messages = visit.query.getlist("message")
    if not (campaign and key):
        raise HTTPException(400, gettext("Say which campaign and which key."))

    def foresee(_: Project, outbox: OpenedOutbox) -> tuple[AsShown, list[Task], list[str]]:
        planned = resendable(outbox, campaign, key, messages)
        lines = lines_of(of_moves(outbox, planned, Status.QUEUED, new=True), visit.said)
        return AsShown.of(outbox, planned), planned, lines

    shown, planned, lines = visit.look(foresee)
    names = [task.name for task in planned]

    def act(outbox: OpenedOutbox, who: str, why: str) -> Done:
        with outbox.transaction():
            shown.require(outbox)
            if [task.id for task in resendable(outbox, campaign, key, names)] != [task.id for task in planned]:
                raise NotifykitError(gettext("It was sent again meanwhile."), more=[gettext("nothing was changed")])
            opened = send_again(outbox, campaign, key, names, who=who, why=why)
            made = newest_decision(outbox, opened)
        tell_decided(visit.site.project, outbox, made)
        return Done(lines=[changed_line(len(opened), Status.QUEUED)], decision=made)

    words = ["resend", key, "--campaign", campaign]
    for name in messages:
        words += ["--message", name]
    form = Prepared(
        question=gettext("Send {messages} again?", messages=count(len(planned), "message")),
        lines=lines,
        words=words,
        act=act,
        back=local_address(visit.query.get("back", "/")),
        confirms=True,
    )
    return offer(visit, form)
