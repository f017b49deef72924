"""Listening: one socket, one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from notifykit.errors import NotifykitError
from notifykit.web.guard import Bounds
from notifykit.wording.translation import gettext

__all__ = ["Address", "Certificate", "Serving", "listen"]

log = logging.getLogger(__name__)

AT_ONCE = 200
"""Connections, at most: the next one is told to come later."""

TICK = 1.0
"""Seconds between two dates of answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the page listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """Read `HOST:PORT`, an IPv6 address in brackets. Raises ValueError for what is none."""
        host, colon, port = text.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if not (colon and bare and port.isdecimal() and int(port) < 65_536) or (":" in bare) != host.startswith("["):
            raise ValueError(gettext("{text!r} is no address such as 127.0.0.1:8765 or [::1]:8765", text=text))
        return cls(host=bare, port=int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files for TLS, in PEM."""

    file: Path
    key: Path

    def require_usable(self) -> None:
        """Raise NotifykitError where they cannot be read, or do not belong together."""
        for path in (self.file, self.key):
            try:
                path.open("rb").close()
            except OSError as error:
                raise NotifykitError(gettext("cannot be read ({why})", why=error.strerror), where=path) from error
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.file, self.key)
        except (ssl.SSLError, ValueError) as error:
            mend = gettext("name a certificate in PEM, and its own key without a passphrase")
            raise NotifykitError(gettext("is no certificate with this key"), where=self.file, mend=mend) from error


def listen(address: Address) -> socket.socket:
    """Return a socket that listens; a port of 0 becomes one that is free. Raises NotifykitError."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        what = gettext("{address} is no address of this machine ({why})", address=address, why=error.strerror)
        raise NotifykitError(what) from error
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows, where the other lets two programs have one port
            found.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009 - only there
        else:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(128)
    except OSError as error:
        found.close()
        mend = gettext("stop what listens there, or choose another one with --listen")
        what = gettext("nothing can listen on {address} ({why})", address=address, why=error.strerror)
        raise NotifykitError(what, mend=mend) from error
    return found


class Serving:
    """An application on a socket."""

    def __init__(self, app: ASGIApp, certificate: Certificate | None = None, bounds: Bounds | None = None) -> None:
        """Raises NotifykitError where the certificate cannot be used."""
        if certificate is not None:
            certificate.require_usable()
        bounds = bounds or Bounds()
        self._server = _Server(
            uvicorn.Config(
                app,
                http=type("Patient", (_Patient,), {"seconds": bounds.seconds}),
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # the entrance believes a proxy, and no one else
                server_header=False,
                h11_max_incomplete_event_size=bounds.headers * 2,
                limit_concurrency=AT_ONCE,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=5,
                ssl_certfile=certificate.file if certificate else None,
                ssl_keyfile=certificate.key if certificate else None,
            )
        )

    def run(self, listening: socket.socket) -> None:
        """Serve until told to stop."""
        asyncio.run(self._server.serve(sockets=[listening]))

    def stop(self) -> None:
        """Finish what is under way, then end. Any thread may call it."""
        self._server.end()


class _Patient(H11Protocol):
    """Closes a connection on which no whole request comes. uvicorn itself waits for ever for the end of the headers."""

    seconds = 20.0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest, where it was a part."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(self.seconds, self.transport.close)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Server(uvicorn.Server):
    """Leaves signals to the command. Is told to end, where uvicorn looks ten times a second whether it should.

    There is no lifespan to end, and the caller closes the socket.
    """

    _loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """End. Any thread may call it."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed: it has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Wait until it is told to end."""
        self._told = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End at once where nothing is under way; uvicorn waits a tenth of a second in any case."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # connections that were idle are lost by then
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield
