"""Between a client and a PostgreSQL server on sockets: cuts connections, at a commit where it is told to."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = ".s.PGSQL.5432"

if sys.platform == "win32":
    FAMILY = socket.AF_INET  # no server is tested there
else:
    FAMILY = socket.AF_UNIX

COMMIT = b"COMMIT\0"
"""As it is asked for, and as it is answered."""


class CuttingProxy:
    """Passes on what both sides say."""

    def __init__(self, server: Path) -> None:
        self._server = server / _NAME
        self.folder = Path(tempfile.mkdtemp(prefix="nk-cut-", dir="/tmp"))  # a socket's path may have 107 bytes only
        self._listener = socket.socket(FAMILY)
        self._listener.bind(str(self.folder / _NAME))
        self._listener.listen()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._answered: bool | None = None
        """Whether the next commit is cut after its answer came, or before it goes out; None: it is not cut."""
        self.commits_lost = 0
        self._run(self._accept)

    @property
    def address(self) -> str:
        """Of the proxy, for the account that tests use."""
        return f"postgresql://notifykit@/postgres?host={self.folder}"

    def cut(self) -> None:
        """Cut all connections now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _end(pair)

    def cut_at_commit(self, *, answered: bool) -> None:
        """Cut the connection of the next commit: before the server gets it, or when it has done and answered it."""
        self._answered = answered

    @property
    def waits_for_a_commit(self) -> bool:
        """Whether one is still to be cut."""
        return self._answered is not None

    def close(self) -> None:
        """Cut everything, and take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        shutil.rmtree(self.folder)

    def _run(self, work: object, *arguments: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(FAMILY)
            try:
                server.connect(str(self._server))
            except OSError:  # it is not up
                server.close()
                client.close()
                continue
            pair = (client, server)
            with self._lock:
                self._pairs.append(pair)
            self._run(self._pass_on, client, server, pair)
            self._run(self._pass_on, server, client, pair)

    def _pass_on(self, one: socket.socket, other: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        try:
            while said := one.recv(65536):
                if COMMIT in said and self._is_to_be_cut(answered=one is pair[1]):
                    break
                other.sendall(said)
        except OSError:
            pass
        _end(pair)
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)

    def _is_to_be_cut(self, *, answered: bool) -> bool:
        with self._lock:  # of two commits at once it is one
            if self._answered is not answered:
                return False
            self.commits_lost += 1
            self._answered = None
            return True


def _end(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in pair:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def cutting_proxy(server: Path) -> Iterator[CuttingProxy]:
    """Have a proxy before the server whose socket is in this folder."""
    proxy = CuttingProxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
