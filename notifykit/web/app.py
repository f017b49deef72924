"""The application: addresses to pages, the form that is read, who is let in, and what is said of errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from math import ceil
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from notifykit.errors import ConfigError, NotifykitError, PluginClash, StoreError
from notifykit.operate.plugin_pages import PluginPage, path_of
from notifykit.plugins import Plugins
from notifykit.web.entrance import Entrance
from notifykit.web.guard import Bounds, Guard
from notifykit.web.pages import ACTIONS, PAGES, Page, View
from notifykit.web.sessions import Session
from notifykit.web.site import Site
from notifykit.web.spoken import Spoken, for_programs
from notifykit.web.static_files import Static
from notifykit.web.templating import TEMPLATES
from notifykit.web.views import of_plugins
from notifykit.web.visit import Fields, Visit, json_response, local_address
from notifykit.wording import Language
from notifykit.wording.translation import gettext, gettext_noop, speaking

__all__ = ["build_app"]

RESERVED = {"/login", "/logout", "/static", "/metrics"}

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], object]


def build_app(site: Site, entrance: Entrance, *, language: str = "en", bounds: Bounds | None = None) -> ASGIApp:
    """Return the application. `language`: of who says none."""
    pages = (*PAGES, *_of_plugins(site.project.plugins))
    spoken = Spoken(site, Language(language))
    inside = _Inside(site, entrance, spoken, bounds or Bounds(), pages)
    routes = [
        *(Route(path, inside.shown(page.view), methods=["GET"]) for page in pages for path in page.paths),
        *(Route(action.path, inside.done(action.view), methods=["POST"]) for action in ACTIONS),
        Route("/login", inside.log_in, methods=["GET", "POST"]),
        Route("/logout", inside.log_out, methods=["POST"]),
        Mount("/static", Static()),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: inside.refused, NotifykitError: inside.failed, Exception: inside.broken},
    )
    return Guard(app, entrance, site.project.clock, spoken, bounds)


def _of_plugins(plugins: Plugins) -> Iterator[Page]:
    """Yield the pages that plugins add; what is wrong with one of them is logged."""
    ours = {path for page in PAGES for path in page.paths} | {action.path for action in ACTIONS} | RESERVED

    def name_of(page: PluginPage) -> str:
        if (path := path_of(page)) in ours:
            raise PluginClash(
                gettext("{path} is a page of notifykit's own", path=path), mend=gettext("give the page another address")
            )
        return path

    known = len(plugins.failed)
    for page in plugins.collect("register_pages", name_of):
        yield Page(path=page.path, view=partial(of_plugins.show, page=page), title=page.title, data=True)
    for trouble in plugins.failed[known:]:
        log.warning("pages of a plugin are left out: %s", trouble)


class _Inside:
    """What stands between the guard and the pages."""

    def __init__(self, site: Site, entrance: Entrance, spoken: Spoken, bounds: Bounds, pages: tuple[Page, ...]) -> None:
        self._site = site
        self._entrance = entrance
        self._spoken = spoken
        self._bounds = bounds
        self._pages = pages

    def shown(self, view: View) -> Endpoint:
        """Return an endpoint that shows a page to who may look."""

        async def endpoint(request: Request) -> Response:
            if (token := request.query_params.get("token")) is not None:
                return self._by_token(request, token)
            if (session := self._entrance.session(request)) is None:
                return self._who_are_you(request)
            return await self._viewed(request, session, view, {})

        return endpoint

    def done(self, view: View) -> Endpoint:
        """Return an endpoint that does what a form says."""

        async def endpoint(request: Request) -> Response:
            if (session := self._entrance.session(request)) is None:
                return self._who_are_you(request)
            return await self._viewed(request, session, view, await self._form(request))

        return endpoint

    async def _viewed(self, request: Request, session: Session, view: View, fields: Fields) -> Response:
        request.state.session = session
        visit = Visit(
            site=self._site,
            pages=self._pages,
            session=session,
            language=self._spoken.language(request),
            path=request.url.path,
            query=request.query_params,
            as_json=request.url.path.endswith(".json"),
            as_csv=request.url.path.endswith(".csv"),
            fields=fields,
            hide_texts=self._entrance.hide_texts,
            logs_out=not self._entrance.is_by_proxy(request),
        )

        def viewed() -> Response:
            self._site.refresh()
            return view(visit)

        with speaking(self._spoken.translations(request)):
            return await run_in_threadpool(viewed)

    # who comes in ----------------------------------------------------------------------------------------------

    async def log_in(self, request: Request) -> Response:
        """Show the form that asks for a token, or take it."""
        if request.method != "POST":
            return self._door(request, 200)
        fields = await self._form(request)
        token = (fields.get("token") or [""])[-1].strip()
        return self._let_in(request, token, (fields.get("back") or ["/"])[-1])

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        return self._entrance.let_out(request, RedirectResponse("/login", 303))

    def _by_token(self, request: Request, token: str) -> Response:
        """Take the token out of the address: it becomes a cookie."""
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        back = f"{request.url.path}?{urlencode(rest)}" if rest else request.url.path
        return self._let_in(request, token, back)

    def _let_in(self, request: Request, token: str, back: str) -> Response:
        if wait := self._entrance.wait(request):
            with speaking(self._spoken.translations(request)):
                why = gettext("Too many log-ins failed. The next one is looked at in {seconds} s.", seconds=ceil(wait))
            return self._door(request, 429, why, {"Retry-After": str(ceil(wait))})
        if (account := self._entrance.account(token, request)) is None:
            with speaking(self._spoken.translations(request)):
                return self._door(request, 401, gettext("Nobody has this token."))
        return self._entrance.let_in(account, RedirectResponse(local_address(back), 303))

    def _who_are_you(self, request: Request) -> Response:
        if for_programs(request):
            with speaking(self._spoken.translations(request)):
                return json_response({"error": gettext("say who you are: Authorization: Bearer TOKEN")}, 401)
        with speaking(self._spoken.translations(request)):
            return self._door(request, 401, gettext("Your session is over, or has not begun."))

    def _door(self, request: Request, status: int, why: str = "", headers: dict[str, str] | None = None) -> Response:
        back = request.url.path if request.method == "GET" and request.url.path != "/login" else "/"
        return self._bare(request, "login.html", status, headers, why=why, back=back, by_token=self._entrance.tokens)

    # what goes wrong -------------------------------------------------------------------------------------------

    async def refused(self, request: Request, error: Exception) -> Response:
        """Say why something is not there, or not allowed."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for that
        said = {404: gettext_noop("There is no such page."), 405: gettext_noop("That cannot be done here.")}
        standard = error.detail == HTTPStatus(error.status_code).phrase
        return self._error(request, error.status_code, [said.get(error.status_code, "") if standard else error.detail])

    async def failed(self, request: Request, error: Exception) -> Response:
        """Say what a person can mend, in the words of the command line."""
        assert isinstance(error, NotifykitError)  # noqa: S101 - likewise
        cannot_be_read = isinstance(error, StoreError | ConfigError)
        return self._error(request, 503 if cannot_be_read else 409, error.lines)

    async def broken(self, request: Request, _error: Exception) -> Response:
        """Say that there is a defect: the log has it whole."""
        return self._error(request, 500, [gettext_noop("This is a defect of notifykit. Its log says more.")])

    def _error(self, request: Request, status: int, lines: Sequence[str]) -> Response:
        if for_programs(request):
            return json_response({"error": "\n".join(lines)}, status)
        with speaking(self._spoken.translations(request)):
            return self._bare(request, "error.html", status, None, lines=[gettext(line) for line in lines])

    def _bare(
        self, request: Request, template: str, status: int, headers: dict[str, str] | None, **values: object
    ) -> Response:
        with speaking(self._spoken.translations(request)):
            text = TEMPLATES.get_template(template).render(
                language=self._spoken.language(request), status=status, **values
            )
        return Response(text, status, headers, media_type="text/html")

    # forms ---------------------------------------------------------------------------------------------------

    async def _form(self, request: Request) -> Fields:
        """Return what a form sent. Raises HTTPException for what is none, or is too large or too slow."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise HTTPException(415, gettext_noop("Only forms are read here."))
        body = bytearray()
        try:
            async with asyncio.timeout(self._bounds.seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._bounds.body:
                        raise HTTPException(413, gettext_noop("The form is too long."))
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=self._bounds.fields
            )
        except TimeoutError as error:
            raise HTTPException(408, gettext_noop("The form did not come in time.")) from error
        except ValueError as error:
            raise HTTPException(400, gettext_noop("The form cannot be read.")) from error
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        return fields
