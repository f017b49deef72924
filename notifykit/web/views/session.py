"""What is kept of who is logged in, beside who they are."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.web.visit import Visit
from notifykit.wording import Language
from notifykit.wording.translation import gettext


def language(visit: Visit) -> Response:
    """Show pages in another language from now on."""
    wanted = visit.field("lang")
    if wanted not in list(Language):
        raise HTTPException(400, gettext("No page is in the language {name!r}.", name=wanted))
    visit.session.language = wanted
    return visit.redirect(visit.field("back"))
