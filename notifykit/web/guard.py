"""Every request before a page sees it, and every answer before it leaves: bounds, hosts, origins, sessions, headers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifykit.clock import Clock
from notifykit.web.entrance import Entrance
from notifykit.web.spoken import Spoken
from notifykit.wording.translation import gettext, speaking

__all__ = ["Bounds", "Guard"]

access = logging.getLogger("notifykit.web.access")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # with no referrer at all, browsers hide the origin of our own forms, too
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

WRITES = frozenset({"POST"})
READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How large a request may be, in bytes, and how slow."""

    address: int = 8_192
    headers: int = 16_384
    body: int = 131_072
    fields: int = 5_000
    """Of a form."""
    seconds: float = 20.0
    """In which the headers, and then the form, must have come."""


class Guard:
    """Stands before the pages. What it refuses, no page has seen."""

    def __init__(
        self, app: ASGIApp, entrance: Entrance, clock: Clock, spoken: Spoken, bounds: Bounds | None = None
    ) -> None:
        self._app = app
        self._entrance = entrance
        self._clock = clock
        self._spoken = spoken
        self._bounds = bounds or Bounds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # there are no sockets, and nothing is done at the start
            return
        began = self._clock.monotonic()
        request = Request(scope)
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                if self._entrance.secure(request):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        try:
            with speaking(self._spoken.translations(request)):
                refusal = self._refused(request)
            await (refusal or self._app)(scope, receive, answer)
        finally:
            visitor = scope.get("state", {}).get("session")
            access.info(
                "%s %s %s %s: %d in %.0f ms",
                request.client.host if request.client else "-",
                visitor.account.name if visitor else "-",
                request.method,
                request.url.path,  # never what is asked: a token may stand there
                status,
                (self._clock.monotonic() - began) * 1000,
            )

    def _refused(self, request: Request) -> Response | None:
        """Return why a request goes no further; None where it may."""
        headers = request.headers
        if request.method not in WRITES | READS:
            return _refusal(405, gettext("only GET, HEAD and POST"))
        if len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"]) > self._bounds.address:
            return _refusal(414, gettext("the address is too long"))
        if sum(len(name) + len(value) for name, value in headers.raw) > self._bounds.headers:
            return _refusal(431, gettext("the headers are too long"))
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._bounds.body:
            return _refusal(413, gettext("the form is too long"))
        if not self._entrance.is_for_us(headers.get("host", "")):
            return _refusal(421, gettext("this is not served under that name"))
        if not self._is_of_here(request, headers):
            return _refusal(403, gettext("the request comes from another page"))
        return None

    def _is_of_here(self, request: Request, headers: Headers) -> bool:
        """Whether a request was made by a page of ours, or is one that any page may make: to be shown ours."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if request.method in READS:
            embedded = headers.get("sec-fetch-dest") in ("embed", "frame", "iframe", "object")
            shown = headers.get("sec-fetch-mode") == "navigate" and not embedded
            return site in (None, "same-origin", "none") or shown
        if origin is not None and not self._is_own(origin, request):
            return False
        if site is not None:
            return site == "same-origin"
        # A program, which no page can make speak, names its token with each request.
        return origin is not None or self._entrance.names_token(request)

    def _is_own(self, origin: str, request: Request) -> bool:
        try:
            found = urlsplit(origin)
        except ValueError:
            return False
        scheme = "https" if self._entrance.secure(request) else "http"
        return found.scheme == scheme and found.netloc.lower() == request.headers.get("host", "").lower()


def _refusal(status: int, why: str) -> Response:
    return Response(f"{why}\n", status, media_type="text/plain")
