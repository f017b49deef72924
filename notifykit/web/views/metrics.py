"""Figures for monitors, as `notifykit metrics` prints them: to whoever may look, with a token as programs have it."""

from __future__ import annotations

from starlette.responses import Response

from notifykit.metrics.exposition import exposition
from notifykit.web.site import LIVE
from notifykit.web.visit import Visit

__all__ = ["metrics"]


def metrics(visit: Visit) -> Response:
    """Show the figures. They hold no texts, recipients or keys, so nothing is hidden from anybody."""
    site = visit.site
    found = site.kept.get("metrics", lambda: exposition(site.project), fresh=LIVE)
    return Response(found.text, headers={"Content-Type": found.content_type})
