"""A small HTTP service on loopback that a sender's tests talk to."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
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


class HttpService:
    """Use it with `with`: it answers on `url` until the block ends.

    Answers 200 with an empty JSON object until told otherwise.
    """

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        """What came in, in order."""
        self._answer: tuple[int, bytes, dict[str, str]] | None = (200, b"{}", {})
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

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it answers, until the block ends."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/send"

    def answer(self, status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> None:
        """Answer so from now on."""
        self._answer = (status, body, dict(headers or {}))

    def answer_nothing(self) -> None:
        """From now on, take every request and never answer."""
        self._answer = None

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
        self.requests.append(HttpRequest(request.command, request.path, headers, body))
        if self._answer is None:
            self._closing.wait()
            request.close_connection = True
            return
        status, answer, more = self._answer
        request.send_response(status)
        for name, value in {"content-length": str(len(answer)), **more}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(answer)
