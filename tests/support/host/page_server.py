"""The page of a small world, served on loopback by a thread, and asked as a program does."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from notifykit.clock import SystemClock
from notifykit.pipeline.project import open_project
from notifykit.web.accounts import Account, Proxy, Role, Tokens
from notifykit.web.app import build_app
from notifykit.web.entrance import LOOPBACK, Entrance
from notifykit.web.guard import Bounds
from notifykit.web.serving import Address, Certificate, Serving, listen
from notifykit.web.sessions import LASTS, Attempts, Sessions
from notifykit.web.site import Site

ANNA, LEO = "k3Vq-of-anna-9wXz7Tb2Lm", "p8Rd-of-leo-4cYs6Hn1Qf"
"""Tokens: anna may decide, leo may look."""

ACCOUNTS = {
    ANNA: Account(name="anna", role=Role.DECIDE),
    LEO: Account(name="leo", role=Role.LOOK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the page answered."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


class Hands(SystemClock):
    """A clock that a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@dataclass
class Client:
    """Asks the page on a port of loopback."""

    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, token: str, path: str = "/") -> str:
        """An address that logs in."""
        return f"{self.origin}{path}{'&' if '?' in path else '?'}token={token}"

    def ask(
        self,
        path: str,
        *,
        token: str | None = None,
        form: Mapping[str, str] | None = None,
        method: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **more: str,
    ) -> Answer:
        """Ask as a program does. Names of `headers`, and of `more`, have `_` for `-`. A token goes into a header."""
        sent = {name.replace("_", "-"): value for name, value in {**(headers or {}), **more}.items()}
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        if form is not None:
            body = urlencode(form).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8-sig")
        return Answer(
            status=answer.status, headers={name.lower(): value for name, value in answer.getheaders()}, text=text
        )

    def logged_in(self, token: str) -> str:
        """Log in as a browser does; returns the cookie."""
        answer = self.ask("/login", form={"token": token}, Origin=self.origin)
        assert answer.status == 303, answer.text
        return answer.headers["set-cookie"].partition(";")[0]


@dataclass
class Served(Client):
    """A page that is being served."""

    entrance: Entrance
    site: Site
    clock: Hands
    stop: Callable[[], None]


class HasProject(Protocol):
    """A world."""

    @property
    def project(self) -> Path:
        """Its project file."""
        ...


@dataclass(kw_only=True)
class Serve:
    """Serves worlds; what it began ends with the test."""

    ending: list[Callable[[], None]] = field(default_factory=list)

    def __call__(
        self,
        world: HasProject,
        *,
        tokens: Tokens | None = None,
        proxy: Proxy | None = None,
        hide_texts: bool = False,
        certificate: Certificate | None = None,
        lasts: float = LASTS,
        bounds: Bounds | None = None,
    ) -> Served:
        clock = Hands()
        site = Site(lambda: open_project(world.project, secrets=False, clock=clock))
        listening = listen(Address(host="127.0.0.1", port=0))
        port = listening.getsockname()[1]
        entrance = Entrance(
            sessions=Sessions(clock.monotonic, lasts),
            attempts=Attempts(clock.monotonic),
            tokens=tokens or Tokens(ACCOUNTS),
            proxy=proxy,
            hosts=LOOPBACK,
            port=port,
            tls=certificate is not None,
            hide_texts=hide_texts,
        )
        serving = Serving(build_app(site, entrance, bounds=bounds), certificate, bounds)
        thread = threading.Thread(target=serving.run, args=(listening,), name="served page")
        thread.start()

        def end() -> None:
            serving.stop()
            thread.join()
            listening.close()

        self.ending.append(end)
        return Served(port, entrance, site, clock, serving.stop)


@contextmanager
def serving() -> Iterator[Serve]:
    """Serve worlds within the block."""
    serve = Serve()
    try:
        yield serve
    finally:
        for end in serve.ending:
            end()
