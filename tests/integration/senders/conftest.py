"""Servers on loopback that answer exactly what a test wants, and fail exactly where it wants."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Handler = Callable[[socket.socket, bytes], None]
"""Gets the connection and the whole request that came over it."""

PEM = Path(__file__).parent / "loopback.pem"


def _read_request(connection: socket.socket) -> bytes:
    """Read one request with a Content-Length, or a CONNECT."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return got
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        more = connection.recv(65536)
        got += more
        missing -= len(more)
    return got


class _Server:
    def __init__(self, handler: Handler, *, read: bool, tls: bool) -> None:
        self._handler, self._read = handler, read
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(PEM)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = set()
        self._closing = False
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.port: int = self._listening.getsockname()[1]

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self._closing:
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that goes away is what half of these tests are about.
        with contextlib.suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            self._handler(connection, _read_request(connection) if self._read else b"")
        self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
        self._listening.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """`serve(handler, read=True, tls=False)` starts a server and returns its URL."""
    servers: list[_Server] = []

    def start(handler: Handler, *, read: bool = True, tls: bool = False) -> str:
        server = _Server(handler, read=read, tls=tls)
        servers.append(server)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def answering(serve: Callable[..., str]) -> Callable[..., tuple[str, list[bytes]]]:
    """`answering(reply)` starts a server that gives this reply; returns its URL and the requests it gets."""

    def start(reply: bytes, *, tls: bool = False) -> tuple[str, list[bytes]]:
        requests: list[bytes] = []

        def handler(connection: socket.socket, request: bytes) -> None:
            requests.append(request)
            connection.sendall(reply)

        return serve(handler, tls=tls), requests

    return start


@pytest.fixture
def reset() -> Callable[[socket.socket], None]:
    """Close a connection the hard way, so that the other side sees a reset."""

    def slam(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return slam


@pytest.fixture
def tunnel(serve: Callable[..., str]) -> Callable[[int], tuple[str, list[bytes]]]:
    """`tunnel(port)` starts a proxy that connects to that port, wherever it is told to; and what it was told."""

    def start(port: int) -> tuple[str, list[bytes]]:
        told: list[bytes] = []

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

        def handler(connection: socket.socket, request: bytes) -> None:
            told.append(request)
            with socket.create_connection(("127.0.0.1", port), 5) as target:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(target, connection))
                back.start()
                pump(connection, target)
                back.join(5)

        return serve(handler), told

    return start


@pytest.fixture
def authority() -> Path:
    """The certificate that the TLS servers show, to be trusted."""
    return PEM
