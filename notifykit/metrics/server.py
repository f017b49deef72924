"""Answers scrapes over HTTP beside the work, at an address of its own: `GET /metrics` and nothing else."""

from __future__ import annotations

import ipaddress
import logging
import re
import selectors
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple, Self

from notifykit.errors import NotifykitError
from notifykit.metrics.exposition import Exposition, MetricsError, exposition, require_library
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from notifykit.pipeline.project import Project

log = logging.getLogger(__name__)

__all__ = ["PORT", "Address", "MetricsServer", "address_of"]

PORT = 9464
"""Which exporters of this kind use."""

_AT_ONCE = 8
"""Scrapes that are answered at once; further ones are closed."""
_PATIENCE = 10.0
"""Seconds that a client has to say what it wants, and to take the answer."""

_ADDRESS = re.compile(r"(?:(\[[^\]]+\]|[^:\[\]]*):)?(\d{1,5})")


class Address(NamedTuple):
    """Where is listened."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return _is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """Read `127.0.0.1:9464`, `[::1]:9464`, or a port alone, which is one of this machine. Raises MetricsError."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or int(found[2]) > 65_535:
        mend = gettext("write 127.0.0.1:{port}, or the port alone", port=PORT)
        raise MetricsError(gettext("{text!r} is no address to listen at", text=text), mend=mend)
    return Address((found[1] or "127.0.0.1").strip("[]"), int(found[2]))


class MetricsServer:
    """For a block, scrapes are answered by threads of their own, with what `follow` was given last."""

    def __init__(self, address: Address) -> None:
        """Raises MetricsError where prometheus_client is not installed."""
        require_library()
        self._wanted = address
        self._project: Project | None = None
        self._server: _Server | None = None
        self._turn = threading.Lock()
        self._complaint = ""

    def __enter__(self) -> Self:
        """Listen. Raises MetricsError."""
        try:
            found = socket.getaddrinfo(self._wanted.host, self._wanted.port, type=socket.SOCK_STREAM)
            family, _, _, _, at = found[0]
            self._server = _Server(self, family, (str(at[0]), int(at[1])))
        except (OSError, UnicodeError) as error:
            what = gettext("cannot be listened at ({error})", error=getattr(error, "strerror", None) or error)
            mend = gettext("name a free port of this machine")
            raise MetricsError(what, mend=mend, where=self._wanted) from error
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.end()

    @property
    def address(self) -> Address:
        """Where it listens: with the port that it was given, where 0 was asked for."""
        assert self._server is not None  # noqa: S101 - within the block
        host, port = self._server.server_address[:2]
        return Address(str(host), int(port))

    def follow(self, project: Project) -> None:
        """Tell of this project from now on."""
        self._project = project

    def scraped(self, accept: str) -> Exposition | None:
        """Return what a scrape is answered with, one at a time; None where the store cannot be read now."""
        with self._turn:
            if self._project is None:
                return None
            try:
                return exposition(self._project, accept)
            except NotifykitError as error:
                if str(error) != self._complaint:
                    log.warning("metrics cannot be told: %s", error)
                self._complaint = str(error)
                return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    timeout = 0  # `handle_request` is called when somebody is there

    def __init__(self, of: MetricsServer, family: int, at: tuple[str, int]) -> None:
        self.of = of
        self.address_family = family
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(at, _Handler)
        self._tell, self._told = socket.socketpair()
        self._thread = threading.Thread(target=self._answer, name="notifykit-metrics", daemon=True)

    def start(self) -> None:
        """Answer, in a thread."""
        self._thread.start()

    def end(self) -> None:
        """Answer nobody any more. `shutdown` would wait until `serve_forever` looks, twice a second."""
        self._tell.sendall(b".")
        self._thread.join()
        self._tell.close()
        self._told.close()
        self.server_close()

    def _answer(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._told, selectors.EVENT_READ)
            while all(key.fileobj is self for key, _ in selector.select()):
                self.handle_request()

    def process_request(self, request: object, client_address: object) -> None:
        if not self._slots.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as it is called
        log.debug("a scrape was not answered", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "notifykit"
    sys_version = ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        host, *_ = self.server.server_address
        if _is_loopback(str(host)) and not _names_this_machine(self.headers.get("Host", "")):
            self._answer(421, b"another host is meant\n")
        elif self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"the metrics are at /metrics\n")
        elif (found := self.server.of.scraped(self.headers.get("Accept", ""))) is None:
            self._answer(503, b"the store cannot be read now; the log says why\n")
        else:
            self._answer(200, found.text, found.content_type)

    def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        log.debug("scrape: %s", format % args)


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _names_this_machine(header: str) -> bool:
    """Whether a request's `Host` names this machine alone: a page elsewhere can give its own name our address."""
    host = header.rpartition(":")[0] if re.search(r":\d+$", header) else header
    return _is_loopback(host.strip("[]").lower())
