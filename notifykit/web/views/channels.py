"""Channels: how much of their rates is used, what holds them up, and letting one go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.model import FOREVER
from notifykit.operate.channels import ChannelState, channel_states, resume_as_shown
from notifykit.operate.consequences import of_resuming
from notifykit.operate.lines import channel_lines
from notifykit.operate.state_forms import channel_state_form
from notifykit.operate.telling import tell_decided
from notifykit.outbox.address import OpenedOutbox
from notifykit.terminal.times import iso
from notifykit.web.listing import Cell, Column, Kind, asked, csv_response, filtered, listed
from notifykit.web.prepared import Done, Prepared
from notifykit.web.views.decide import offer
from notifykit.web.visit import Visit, may_decide
from notifykit.wording.translation import gettext

__all__ = ["channels", "resume"]


def _state(one: ChannelState) -> str:
    """Return what holds a channel up, the lasting first."""
    if one.type is None:
        return "unavailable"
    if one.pause:
        return "paused"
    return "outage" if one.outage else "free"


STATES = ("free", "paused", "outage", "unavailable")

FILTERS: Mapping[str, Callable[[ChannelState], Cell]] = {
    "channel": lambda one: one.name,
    "type": lambda one: one.type,
    "state": _state,
}

COLUMNS: tuple[Column[ChannelState], ...] = (
    Column(name="channel", heading="channel", value=lambda one: one.name),
    Column(name="type", heading="type", value=lambda one: one.type),
    Column(name="waiting", heading="waiting", value=lambda one: one.waiting.number, kind=Kind.NUMBER),
    Column(name="oldest_queued", heading="waiting since", value=lambda one: one.oldest_queued, kind=Kind.TIME),
    Column(name="on_wire", heading="sending", value=lambda one: one.on_wire, kind=Kind.NUMBER),
    Column(
        name="rate_used",
        heading="rate used",
        value=lambda one: max((use.used / use.rate.count for use in one.rates), default=None),
        kind=Kind.NUMBER,
    ),
    Column(name="state", heading="state", value=_state),
)


def channels(visit: Visit) -> Response:
    """List the channels; live where the browser runs scripts."""
    wanted = asked(visit.path, visit.query, tuple(FILTERS), COLUMNS)
    at, found = visit.shared("channels", lambda project, outbox: (outbox.now(), channel_states(project, outbox)))
    shown = listed(filtered(found, wanted, FILTERS, STATES), wanted, COLUMNS, whole=visit.as_csv)
    if visit.as_csv:
        return csv_response("channels", shown)
    if visit.as_json:
        wording = visit.site.project.plugins.wording
        rows = [channel_state_form(one, wording) for one in shown.rows]
        return visit.json({"at": iso(at), "channels": rows, "number": shown.number, "more": shown.more})
    return visit.page("channels.html", at=at, listed=shown, forever=FOREVER, states=STATES)


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
        tell_decided(visit.site.project, outbox, made)
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
