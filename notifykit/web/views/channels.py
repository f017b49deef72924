"""Channels: how much of their rates is used, what holds them up, and letting one go on."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.model import FOREVER
from notifykit.operate.channels import channel_states, resume_as_shown
from notifykit.operate.consequences import of_resuming
from notifykit.operate.lines import channel_lines
from notifykit.operate.state_forms import channel_state_form
from notifykit.outbox.address import OpenedOutbox
from notifykit.terminal.times import iso
from notifykit.web.prepared import Done, Prepared
from notifykit.web.views.decide import offer
from notifykit.web.visit import Visit, may_decide
from notifykit.wording.translation import gettext

__all__ = ["channels", "resume"]


def channels(visit: Visit) -> Response:
    """List the channels; live where the browser runs scripts."""
    at, found = visit.shared("channels", lambda project, outbox: (outbox.now(), channel_states(project, outbox)))
    if visit.as_json:
        wording = visit.site.project.plugins.wording
        return visit.json({"at": iso(at), "channels": [channel_state_form(one, wording) for one in found]})
    return visit.page("channels.html", at=at, channels=found, forever=FOREVER)


def resume(visit: Visit) -> Response:
    """Show what letting a channel go on would do."""
    may_decide(visit)
    name = visit.query.get("channel", "")
    if not name:
        raise HTTPException(400, gettext("Say which channel."))
    shown = visit.look(lambda _, outbox: of_resuming(outbox, name))
    lines = channel_lines(shown, visit.said)
    if not shown.anything:
        return visit.page("error.html", status=409, lines=lines, back="/channels")

    def act(outbox: OpenedOutbox, who: str, why: str) -> Done:
        resume_as_shown(outbox, shown, who=who, why=why)
        made = next((one.id for one in outbox.decisions() if one.channel == name), None)
        return Done(lines=[gettext("Channel {channel} goes on.", channel=name)], decision=made)

    return offer(
        visit,
        Prepared(
            question=gettext("Let channel {channel} go on?", channel=name),
            lines=lines,
            words=["resume", name],
            act=act,
            back="/channels",
            why_needed=False,
        ),
    )
