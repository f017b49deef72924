"""Campaigns: counts, pace, errors, passes, and the rows that are held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Problem, Status
from notifykit.operate.campaigns import CampaignKind, CampaignState, campaign_states, rehearsed
from notifykit.operate.forms import generated_form
from notifykit.operate.state_forms import campaign_state_form
from notifykit.pipeline.generate import Generated
from notifykit.terminal.times import iso
from notifykit.web.hiding import HIDDEN
from notifykit.web.listing import Cell, Column, Kind, asked, csv_response, filtered, listed
from notifykit.web.views.counted import overview_of
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext

__all__ = ["campaign", "campaigns", "held"]

SHOWN = (
    Status.QUEUED,
    Status.SENDING,
    Status.SENT,
    Status.COMPLETED,
    Status.IN_DOUBT,
    Status.FAILED,
    Status.CANCELLED,
)

FILTERS: Mapping[str, Callable[[CampaignState], Cell]] = {
    "campaign": lambda one: one.name,
    "state": lambda one: one.kind.value,
}

COLUMNS: tuple[Column[CampaignState], ...] = (
    Column(name="campaign", heading="campaign", value=lambda one: one.name),
    Column(name="state", heading="state", value=lambda one: one.kind.value),
    Column(name="queued", heading="waiting", value=lambda one: _number(one, Status.QUEUED), kind=Kind.NUMBER),
    Column(name="sending", heading="sending", value=lambda one: _number(one, Status.SENDING), kind=Kind.NUMBER),
    Column(name="sent", heading="sent", value=lambda one: _number(one, Status.SENT), kind=Kind.NUMBER),
    Column(
        name="completed",
        heading="sent and written back",
        value=lambda one: _number(one, Status.COMPLETED),
        kind=Kind.NUMBER,
    ),
    Column(name="in_doubt", heading="in doubt", value=lambda one: _number(one, Status.IN_DOUBT), kind=Kind.NUMBER),
    Column(name="failed", heading="failed", value=lambda one: _number(one, Status.FAILED), kind=Kind.NUMBER),
    Column(name="cancelled", heading="cancelled", value=lambda one: _number(one, Status.CANCELLED), kind=Kind.NUMBER),
    Column(
        name="flags_owed",
        heading="flags owed",
        value=lambda one: one.figures.flags_owed if one.figures else 0,
        kind=Kind.NUMBER,
    ),
    Column(name="last_pass", heading="last pass", value=lambda one: one.last_pass, kind=Kind.TIME),
    Column(name="next_pass", heading="next pass", value=lambda one: one.next_pass, kind=Kind.TIME),
)

EXPORTED: tuple[Column[CampaignState], ...] = (
    *COLUMNS,
    Column(name="period", heading="period", value=lambda one: one.figures.period if one.figures else None),
    Column(
        name="delivered",
        heading="delivered",
        value=lambda one: _told_later(one, ReceiptStatus.DELIVERED),
        kind=Kind.NUMBER,
    ),
    Column(
        name="bounced", heading="bounced", value=lambda one: _told_later(one, ReceiptStatus.BOUNCED), kind=Kind.NUMBER
    ),
)
"""What the CSV has."""

HELD_FRESH, HELD_USABLE = 60.0, 600.0
"""Seconds: which rows are held is found by reading the whole source."""

HELD: tuple[Column[Problem], ...] = (
    Column(name="place", heading="place", value=lambda one: one.place),
    Column(name="key", heading="key", value=lambda one: one.key),
    Column(name="what", heading="what", value=lambda one: one.what),
    Column(name="mend", heading="mend", value=lambda one: one.mend, sorts=False),
)


def campaigns(visit: Visit) -> Response:
    """List the campaigns."""
    wanted = asked(visit.path, visit.query, tuple(FILTERS), COLUMNS)
    at, states = _states(visit)
    shown = listed(filtered(states, wanted, FILTERS, [*CampaignKind]), wanted, COLUMNS, whole=visit.as_csv)
    if visit.as_csv:
        return csv_response("campaigns", shown, EXPORTED)
    if visit.as_json:
        wording = visit.site.project.plugins.wording
        rows = [campaign_state_form(one, wording, at) for one in shown.rows]
        return visit.json({"at": iso(at), "campaigns": rows, "number": shown.number, "more": shown.more})
    return visit.page("campaigns.html", listed=shown, shown=SHOWN, states=CampaignKind)


def campaign(visit: Visit) -> Response:
    """Show one campaign: `name=`."""
    at, states = _states(visit)
    name = visit.query.get("name", "")
    one = next((one for one in states if one.name == name), None)
    if one is None:
        raise HTTPException(404, gettext('No campaign is called "{name}".', name=name))
    if visit.as_json:
        return visit.json({"at": iso(at), **campaign_state_form(one, visit.site.project.plugins.wording, at)})
    return visit.page("campaign.html", at=at, one=one, shown=SHOWN)


def held(visit: Visit) -> Response:
    """List the rows that `generate` of a campaign would hold now: `campaign=`."""
    if visit.hidden:
        raise HTTPException(403, gettext("Your account sees no texts, and rows have some."))
    wanted = asked(visit.path, visit.query, ("campaign",), HELD)
    name = wanted.of("campaign")
    if name is None:
        raise HTTPException(400, gettext("Say which campaign."))
    found: Generated = visit.shared(
        ("held", name),
        lambda project, outbox: rehearsed(project, outbox, name),
        fresh=HELD_FRESH,
        usable=HELD_USABLE,
    )
    if visit.as_json:
        return visit.json(generated_form(found))
    rows = listed(found.problems, wanted, HELD, whole=visit.as_csv)
    if visit.as_csv:
        return csv_response("held", rows)
    return visit.page("held.html", found=found, listed=rows, name=name)


def _number(one: CampaignState, status: Status) -> int:
    return one.figures.by_status.get(status, 0) if one.figures else 0


def _told_later(one: CampaignState, receipt: ReceiptStatus) -> int:
    return one.figures.receipts.get(receipt, 0) if one.figures else 0


def _states(visit: Visit) -> tuple[float, list[CampaignState]]:
    overview = overview_of(visit)
    states: list[CampaignState] = visit.shared(
        "campaigns", lambda project, outbox: campaign_states(project, outbox, overview)
    )
    # What a source said of a row may have its text.
    hidden = [replace(one, failing=one.failing and HIDDEN) for one in states] if visit.hidden else states
    return overview.at, hidden
