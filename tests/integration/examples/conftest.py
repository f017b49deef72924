"""The example project as it is, beside a service on loopback: only addresses differ."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

EXAMPLES = Path(__file__).parents[3] / "config"

KEYS = {
    "BEIJING_ROBOT_KEY": "test-key-beijing",
    "SHANGHAI_ROBOT_KEY": "test-key-shanghai",
    "AWARD_ROBOT_KEY": "test-key-award",
}


@dataclass(frozen=True)
class Received:
    path: str
    key: str
    body: dict[str, object]
    headers: dict[str, str]

    @property
    def text(self) -> object:
        content = self.body["text"]
        return content["content"] if isinstance(content, dict) else content


@dataclass
class Service:
    port: int = 0
    received: list[Received] = field(default_factory=list)

    def of(self, path: str, key: str = "") -> list[Received]:
        return [item for item in self.received if (item.path, item.key) == (path, key)]

    def robot(self, key: str) -> list[object]:
        """The texts that a robot accepted, in order."""
        return [item.text for item in self.of("/cgi-bin/webhook/send", key)]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            url = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = "".join(parse_qs(url.query).get("key", ()))
            service.received.append(Received(url.path, key, body, dict(self.headers)))
            reply = b'{"errcode": 0, "errmsg": "ok", "ok": true}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

    server = Server(("127.0.0.1", 0), Handler)
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project file of a copy whose services are on loopback."""
    folder = tmp_path / "config"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("state", "__pycache__"))
    address = f"http://127.0.0.1:{service.port}"
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    monkeypatch.setenv("TECHNICIAN_WEBHOOK_URL", f"{address}/technicians")
    monkeypatch.setenv("SHOP_WEBHOOK_URL", f"{address}/shop")
    # The stand-in for a desktop sender is imported anew from each copy.
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "desktop_sender", raising=False)
    file = folder / "notifykit.yaml"
    text = file.read_text("utf-8")
    robots = "type: wecom_robot\n"
    assert text.count(robots) == 3
    text = text.replace(robots, f"{robots}    base_url: {address}/cgi-bin/webhook/send\n")
    file.write_text(text, "utf-8")
    return file
