"""A service that takes messages over real HTTP and remembers each one that it accepted."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CountingServer(ThreadingHTTPServer):
    """Counts accepted messages by idempotency key. `before` may refuse one by returning a status."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.accepted: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.before: Callable[[dict[str, Any]], int | None] = lambda _body: None
        self._lock = threading.Lock()
        self._taking: set[Any] = set()
        self._taken = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/messages"

    def take(self, body: dict[str, Any]) -> int:
        refused = self.before(body)
        if refused is not None:
            return refused
        with self._lock:
            self.accepted[body["idempotency_key"]] += 1
            self.bodies.append(body)
        return 200

    def settle(self) -> None:
        """Return when all that has come by now is taken: what a killed client had sent may still be on its way."""
        with socket.create_connection(("127.0.0.1", self.server_port), timeout=60) as last:
            last.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert last.recv(1), "whoever connected before has a thread by now"
        with self._taken:
            before = self._taking.copy()
            assert self._taken.wait_for(lambda: before.isdisjoint(self._taking), 60)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._taken:
            self._taking.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._taken:
                self._taking.discard(request)
                self._taken.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: CountingServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.take(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Retry-After", "1")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def counting_server() -> Iterator[CountingServer]:
    server = CountingServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
