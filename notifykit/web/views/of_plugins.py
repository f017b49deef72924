"""Pages that plugins add."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.operate.plugin_pages import PluginPage, Shown
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext

__all__ = ["show"]


def show(visit: Visit, page: PluginPage) -> Response:
    """Show a page of a plugin; live where the browser runs scripts."""
    if visit.hidden and page.texts:
        raise HTTPException(403, gettext("Your account sees no texts, and this page has some."))
    project, language = visit.site.project, visit.language
    found: Shown = visit.site.kept.get(
        (page.path, language, id(project)), lambda: page.show(project, language), fresh=page.fresh
    )
    if visit.as_json:
        return visit.json(found.data)
    return visit.page("of_plugin.html", page=page, sections=found.sections)
