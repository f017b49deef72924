"""What several pages count, each a short time for all who look."""

from __future__ import annotations

from notifykit.operate.attention import Overview, overview
from notifykit.operate.history import Ages, doubt_ages
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.web.visit import Visit

__all__ = ["ages_of", "overview_of"]

FRESH, USABLE = 5.0, 60.0
"""Seconds: what is counted over all messages is shown at once, as it was, and counted anew meanwhile."""


def overview_of(visit: Visit) -> Overview:
    """Return how everything stands."""
    return visit.shared("overview", _overview, fresh=FRESH, usable=USABLE)


def ages_of(visit: Visit) -> Ages:
    """Return how old doubts are."""
    return visit.shared("ages", lambda _, outbox: doubt_ages(outbox), fresh=FRESH, usable=USABLE)


def _overview(project: Project, outbox: OpenedOutbox) -> Overview:
    return overview(outbox, lambda: project.configuration.settings.dispatch.timeout)
