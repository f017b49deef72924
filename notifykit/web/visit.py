"""One request, as the pages see it: who asks, in which language, and what can be looked up and shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.redaction import redact_data
from notifykit.web.accounts import Account, Role
from notifykit.web.sessions import Session
from notifykit.web.site import LIVE, Site
from notifykit.web.templating import TEMPLATES
from notifykit.wording import Language, Reason
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.web.pages import Page

__all__ = ["Fields", "Visit", "may_decide"]

T = TypeVar("T")

Fields = Mapping[str, list[str]]
"""What a form sent."""


@dataclass(slots=True, kw_only=True)
class Visit:
    """A request of somebody who may look."""

    site: Site
    pages: tuple[Page, ...]
    """Those of the navigation."""
    session: Session
    language: Language
    path: str
    query: QueryParams
    as_json: bool
    """Whether `.json` is asked for."""
    as_csv: bool
    """Whether `.csv` is asked for."""
    fields: Fields = field(default_factory=dict)
    hide_texts: bool = False
    """Whether who may only look sees no texts and no recipients."""
    logs_out: bool = True
    """Whether there is a session that can be ended: not where a proxy says who it is."""

    @property
    def account(self) -> Account:
        """Who asks."""
        return self.session.account

    @property
    def decides(self) -> bool:
        """Whether they may decide."""
        return self.account.role is Role.DECIDE

    @property
    def hidden(self) -> bool:
        """Whether texts and recipients are hidden from them. Nothing may be searched for by these then."""
        return self.hide_texts and not self.decides

    @property
    def address(self) -> str:
        """The address that was asked for, with what is asked, on this page."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def said(self, reason: Reason | str) -> str:
        """Return what a reason says, in the language of this request; a mere text is as it is."""
        wording = self.site.project.plugins.wording
        return wording.say(wording.known(reason), self.language) if isinstance(reason, Reason) else reason

    def look(self, work: Callable[[Project, OpenedOutbox], T]) -> T:
        """Look at the store, as `Site.look` does."""
        return self.site.look(work, hidden=self.hidden)

    def shared(
        self,
        name: Hashable,
        work: Callable[[Project, OpenedOutbox], T],
        *,
        fresh: float = LIVE,
        usable: float = 0.0,
    ) -> T:
        """Look once for all who ask for the same, as `Site.shared` does. `work` must not ask who this visit is of."""
        return self.site.shared(name, work, hidden=self.hidden, fresh=fresh, usable=usable)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page. Values are escaped where they are shown."""
        zone = datetime.now().astimezone()
        text = TEMPLATES.get_template(template).render(
            visit=self,
            said=self.said,
            now=self.site.project.clock.now(),
            zone=f"{zone.tzname()}, UTC{zone:%z}",
            **values,
        )
        return HTMLResponse(text, status)

    def json(self, data: object, status: int = 200) -> Response:
        """Return data for programs, without credentials."""
        return json_response(data, status)

    def redirect(self, address: str) -> Response:
        """Have another page asked for, after something was done."""
        return RedirectResponse(local_address(address), 303)

    def field(self, name: str) -> str:
        """Return what a form says under a name; nothing where it says nothing."""
        return (self.fields.get(name) or [""])[-1].strip()


def json_response(data: object, status: int = 200) -> Response:
    """Return data for programs, without credentials."""
    text = json.dumps(redact_data(data), ensure_ascii=False, allow_nan=False, indent=2)
    return Response(text + "\n", status, media_type="application/json")


def may_decide(visit: Visit) -> None:
    """Raise HTTPException where somebody may only look."""
    if not visit.decides:
        raise HTTPException(403, gettext("Your account may look, and decide nothing."))


def local_address(address: str) -> str:
    """Return an address on this page; its beginning where one leads elsewhere."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() else "/"
