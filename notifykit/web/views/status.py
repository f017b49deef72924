"""How everything stands: what needs a person, what waits, how fast it goes."""

from __future__ import annotations

from starlette.responses import Response

from notifykit.alerts.conditions import Kind
from notifykit.alerts.standing import Standing
from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Status
from notifykit.operate.forms import overview_form
from notifykit.operate.health import Health, health
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.web.views.counted import ages_of, overview_of
from notifykit.web.visit import Visit

__all__ = ["status"]

COUNTED = (Status.QUEUED, Status.SENDING, Status.IN_DOUBT, Status.FAILED, Status.SENT)


def status(visit: Visit) -> Response:
    """Show how everything stands; live where the browser runs scripts."""
    found = overview_of(visit)
    if visit.as_json:
        return visit.json(overview_form(found, lambda: visit.site.project.plugins.wording))
    pulse: Health = visit.shared("health", _health)
    wall = visit.query.get("wall") == "1"
    return visit.page(
        "wall.html" if wall else "status.html",
        found=found,
        health=pulse,
        live=visit.query.get("live") != "0",
        trouble=visit.site.trouble,
        counted=COUNTED,
        receipts=[one for one in ReceiptStatus if any(item.receipts.get(one) for item in found.campaigns)],
        ages=ages_of(visit) if wall else None,
        told=lambda one: _told(visit, one),
    )


def _told(visit: Visit, one: Standing) -> str:
    """Say what holds; of an error that was logged, its text only to who may see texts."""
    said = one.finding.said
    if visit.hidden and one.finding.condition.kind is Kind.ERRORS_LOGGED:
        said = visit.site.project.plugins.wording.bare(said)
    return visit.said(said)


def _health(project: Project, outbox: OpenedOutbox) -> Health:
    return health(project, outbox)
