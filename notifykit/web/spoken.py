"""In which language a request is answered, also one that no page sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from gettext import NullTranslations

from starlette.requests import Request

from notifykit.web.sessions import Session
from notifykit.web.site import Site
from notifykit.wording import Language

__all__ = ["Spoken", "for_programs"]

CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The languages of a site's answers."""

    site: Site
    usual: Language
    """Of who says none."""

    def language(self, request: Request) -> Language:
        """Return that of the session, else of the address (`lang=`), else of the browser. Programs get English."""
        if for_programs(request):
            return Language.ENGLISH
        session: Session | None = getattr(request.state, "session", None)
        asked = (session and session.language) or request.query_params.get("lang")
        if asked in list(Language):
            return Language(asked)
        accepted = request.headers.get("accept-language", "")
        if not accepted:
            return self.usual
        return Language.CHINESE if accepted.lower().startswith(CHINESE) else Language.ENGLISH

    def translations(self, request: Request) -> Sequence[NullTranslations]:
        """Return what `speaking` takes."""
        return self.site.languages[self.language(request)]


def for_programs(request: Request) -> bool:
    """Whether a program asks: for data, or with a token that it names itself."""
    return request.scope["path"].endswith((".json", ".csv")) or "authorization" in request.headers
