"""Who comes in: under which names the page is served, what tokens and proxies say, and which session that is."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response

from notifykit.web.accounts import Account, Proxy, Tokens
from notifykit.web.sessions import Attempts, Session, Sessions

__all__ = ["LOOPBACK", "Entrance", "is_loopback"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names of this machine that no other machine can have."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(:\d{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What a request must show to be let in."""

    sessions: Sessions
    attempts: Attempts
    tokens: Tokens | None
    """None where only a proxy says who somebody is."""
    proxy: Proxy | None = None
    hosts: Collection[str] = LOOPBACK
    """Names under which the page is served, in lower case, without a port."""
    port: int
    tls: bool = False
    hide_texts: bool = False

    @property
    def cookie(self) -> str:
        """The name of the cookie: cookies do not tell ports apart, names do."""
        return f"__Host-notifykit-{self.port}" if self.tls else f"notifykit-{self.port}"

    def is_for_us(self, host: str) -> bool:
        """Whether a `Host` names this page: a page of elsewhere whose name leads here names itself."""
        found = _HOST.fullmatch(host)
        return found is not None and found[1].lower().rstrip(".") in self.hosts

    def secure(self, request: Request) -> bool:
        """Whether the connection of the browser is encrypted."""
        forwarded = self._is_of_proxy(request) and request.headers.get("x-forwarded-proto") == "https"
        return self.tls or forwarded

    def names_token(self, request: Request) -> bool:
        """Whether a request names a token by itself, which no page of elsewhere can have a browser do."""
        return _bearer(request) is not None

    def session(self, request: Request) -> Session | None:
        """Return the session of a request; None where nobody is known by it."""
        if (token := _bearer(request)) is not None:
            account = self.account(token, request)
            return None if account is None else self.sessions.of(account, f"bearer {account.name}")
        if self.proxy is not None and self._is_of_proxy(request):
            found = self.proxy.account(request.headers.get(self.proxy.header, ""))
            return None if found is None else self.sessions.of(found, f"proxy {found.name}")
        by_person = "hx-request" not in request.headers
        found_session = self.sessions.find(request.cookies.get(self.cookie, ""), by_person=by_person)
        if found_session is None or self.tokens is None or not self.tokens.has(found_session.account):
            return None
        return found_session

    def account(self, token: str, request: Request) -> Account | None:
        """Return whose token it is. Where too many failed from an address, none is looked at for a while."""
        address = _client(request)
        if self.tokens is None or self.attempts.wait(address):
            return None
        found = self.tokens.of(token)
        if found is None:
            self.attempts.failed(address)
        else:
            self.attempts.succeeded(address)
        return found

    def wait(self, request: Request) -> float:
        """Return the seconds for which log-ins from the address of a request are not looked at."""
        return self.attempts.wait(_client(request))

    def let_in(self, account: Account, response: Response) -> Response:
        """Begin a session: the response carries its cookie."""
        response.set_cookie(
            self.cookie, self.sessions.open(account), path="/", secure=self.tls, httponly=True, samesite="strict"
        )
        return response

    def let_out(self, request: Request, response: Response) -> Response:
        """End a session."""
        self.sessions.end(request.cookies.get(self.cookie, ""))
        response.delete_cookie(self.cookie, path="/", secure=self.tls, httponly=True, samesite="strict")
        return response

    def is_by_proxy(self, request: Request) -> bool:
        """Whether a proxy says who somebody is."""
        return self.proxy is not None and self._is_of_proxy(request)

    def _is_of_proxy(self, request: Request) -> bool:
        return self.proxy is not None and self.proxy.is_at(_client(request))


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
