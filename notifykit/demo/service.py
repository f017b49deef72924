"""A service on loopback that answers like a group robot, and like a webhook beside it.

Its answers are those that the vendor documents: HTTP 200 with an errcode, 0 for accepted, 45009 above the
limit, 93000 for a wrong key. It logs each request before it answers.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from urllib.parse import parse_qs, urlsplit

from notifykit.clock import Clock
from notifykit.demo.request_log import ACCEPTED, Entry, RequestLog
from notifykit.demo.service_faults import Hold, Throttle

ROBOT_PATH = "/cgi-bin/webhook/send"
HOOK_PATH = "/hook"
LATENCY = 0.02
"""Seconds that the service takes over a request."""
LIMIT = (6, 1.0)
"""Messages, and seconds: a quick version of the vendor's 20 a minute."""

OK = {"errcode": 0, "errmsg": "ok"}
WRONG_KEY = {"errcode": 93000, "errmsg": "invalid webhook url"}
NO_CONTENT = {"errcode": 44004, "errmsg": "empty content"}
TOO_FAST = {"errcode": 45009, "errmsg": "api freq out of limit"}


class Service:
    """Robots and webhooks by name, each with a key of its own."""

    def __init__(self, robots: Sequence[str], hooks: Sequence[str], log: RequestLog, clock: Clock) -> None:
        self.keys: Mapping[str, str] = {name: secrets.token_hex(16) for name in (*robots, *hooks)}
        """By the name of the robot or webhook."""
        self._names = {key: name for name, key in self.keys.items()}
        self._throttles = {name: Throttle(*LIMIT, clock) for name in robots}
        self._holds: dict[str, Hold] = {}
        self._log = log
        self._turn = threading.Lock()
        self._port = 0
        self._kept: socket | None = None
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it listens; the port is known from the first `come_up` on."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def robot_url(self) -> str:
        """Where robots listen; the key comes behind it."""
        return self.address + ROBOT_PATH

    def hook_url(self, name: str) -> str:
        """Return the address of a webhook: a secret."""
        return f"{self.address}{HOOK_PATH}?key={self.keys[name]}"

    # up and down ------------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen until the block ends."""
        self.come_up()
        try:
            yield
        finally:
            self.let_go()
            self.go_down()
            if self._kept is not None:
                self._kept.close()

    def come_up(self) -> None:
        """Listen, at the same port as before."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self._listener = _Listener(("127.0.0.1", self._port), self)
        self._port = self._listener.server_port
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), name="demo-robot")
        self._thread.start()

    def go_down(self) -> None:
        """Stop listening: connections are refused from now on. What came in is answered first.

        The port is kept, so that no other program is given it meanwhile.
        """
        if self._listener is not None and self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._listener.server_close()
            self._listener = self._thread = None
            self._kept = socket()
            self._kept.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # what was answered just now lingers there
            self._kept.bind(("127.0.0.1", self._port))

    # replies that stay out --------------------------------------------------------------------------------

    def hold(self, name: str, nth: int, *, accepts: bool) -> Hold:
        """Keep the reply to the `nth` request from now on that this robot or webhook would accept."""
        self._holds[name] = Hold(nth, accepts=accepts)
        return self._holds[name]

    def let_go(self) -> None:
        """Let every reply go that is kept."""
        with self._turn:
            holds, self._holds = list(self._holds.values()), {}
        for hold in holds:
            hold.release()

    # answers ----------------------------------------------------------------------------------------------

    def answer(self, target: str, body: bytes) -> tuple[int, bytes] | None:
        """Return status and body of the reply; None where the connection breaks without one."""
        url = urlsplit(target)
        name = self._names.get("".join(parse_qs(url.query).get("key", ())))
        if url.path == ROBOT_PATH:
            text = _content(body)
            reply = self._judge(name, text)
            return None if reply is None else (200, json.dumps(reply).encode())
        if url.path == HOOK_PATH and name is not None:
            text = "\n".join(value for value in _parsed(body).values() if isinstance(value, str))
            # A worker that is killed while it writes leaves half a request: that is no message.
            self._log.note(Entry(robot=name, answer=ACCEPTED if text else "400", text=text))
            with self._turn:
                hold = self._holds.get(name) if text else None
                caught = hold is not None and hold.catches()
            if hold is not None and caught:
                hold.keep()
            return (200, b'{"ok": true}') if text else (400, b'{"ok": false}')
        return 404, b"{}"

    def _judge(self, name: str | None, text: str) -> Mapping[str, object] | None:
        if name not in self._throttles:
            return WRONG_KEY
        with self._turn:
            refusal = self._refusal(name, text)
            hold = self._holds.get(name) if refusal is None else None
            if hold is not None and not hold.catches():
                hold = None
        lost = hold is not None and not hold.accepts
        answer = "lost" if lost else ACCEPTED if refusal is None else str(refusal["errcode"])
        self._log.note(Entry(robot=name, answer=answer, text=text))
        if hold is not None:
            hold.keep()
        return None if lost else refusal or OK

    def _refusal(self, name: str, text: str) -> Mapping[str, object] | None:
        if not text:
            return NO_CONTENT
        return None if self._throttles[name].admits() else TOO_FAST


def _content(body: bytes) -> str:
    message = _parsed(body)
    part = message.get(str(message.get("msgtype")))
    content = part.get("content") if isinstance(part, dict) else None
    return content if isinstance(content, str) else ""


def _parsed(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # joined by server_close()
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        self.service = service
        super().__init__(address, _Handler)

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        # Whoever was killed while waiting does not hear the answer.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(LATENCY)
        reply = self.server.service.answer(self.path, body)
        if reply is None:
            return
        status, content = reply
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The request log has it all."""
