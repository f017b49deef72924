"""A service on loopback that answers as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """What it answers, and what it was asked."""

    url: str
    answer: Answer | None = None
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path with query, headers."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer_by(self, answer: Answer) -> None:
        """Let `answer` write the replies."""
        self.answer = answer

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer every request with this."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answer = answer


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_GET(self) -> None:
            told.asked.append((self.command, self.path, dict(self.headers.items())))
            assert told.answer is not None
            told.answer(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the test's output readable."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Service(f"http://127.0.0.1:{server.server_port}/api/card/7/query")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        told.stopping.set()
        server.shutdown()
        thread.join()
