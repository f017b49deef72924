"""Plugins and configuration: what is loaded, and what the files of the project come to. No secret is among it."""

from __future__ import annotations

from starlette.responses import Response

from notifykit.operate.configured import Configured, configured
from notifykit.web.visit import Visit

__all__ = ["plugins"]

FRESH = 60.0
"""Seconds."""


def plugins(visit: Visit) -> Response:
    """Show the plugins, and what the configuration says."""
    # Not by a look at the store: the page is there also where that cannot be opened.
    project = visit.site.project
    found: Configured = visit.site.kept.get(("plugins", id(project)), lambda: configured(project), fresh=FRESH)
    if visit.as_json:
        return visit.json({**found.listing, "configuration": found.configuration})
    return visit.page("plugins.html", found=found, loaded=visit.site.project.plugins, trouble=visit.site.trouble)
