"""A small HTTP service on loopback that a sender's tests talk to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a sender sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a service answers."""

    status: int = 200
    """0: it closes the connection without a word."""
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """Connections that wait to be taken: a sender has many threads, and a full queue drops theirs without a word."""


class HttpService:
    """Use it with `with`: it answers on `url` until the block ends.

    Answers 200 with an empty JSON object until told otherwise. A subclass with a `respond` of its own answers as it
    likes.
    """

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        """What came in, in order."""
        self._answer: HttpAnswer | None = HttpAnswer()
        self._closing = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    # the sender closed the connection
                    self.close_connection = True

            def do_POST(self) -> None:
                service._serve(self)

            do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                """Say nothing."""

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        """Where it listens, until the block ends: scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """An address that it answers at."""
        return f"{self.address}/send"

    def answer(self, status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> None:
        """Answer so from now on."""
        self._answer = HttpAnswer(status, body, dict(headers or {}))

    def answer_nothing(self) -> None:
        """From now on, take every request and never answer."""
        self._answer = None

    def respond(self, request: HttpRequest) -> HttpAnswer | None:  # noqa: ARG002 - a subclass looks at it
        """Return what a request is answered with; None: nothing, until the block ends. Called from several threads."""
        return self._answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in request.headers.items()}
        came = HttpRequest(request.command, request.path, headers, body)
        self.requests.append(came)
        answer = self.respond(came)
        if answer is None:
            self._closing.wait()
        if answer is None or not answer.status:
            request.close_connection = True
            return
        request.send_response(answer.status)
        for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer.body)
