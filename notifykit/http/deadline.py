"""A network under one deadline.

The client's own timeouts bound each read by itself, so that a server which answers a byte now and then could
hold a sending thread for days. Here every operation gets what is left of the whole.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable

import httpcore2
import httpx2


class DeadlineBackend(httpcore2.NetworkBackend):
    """Connections that live for so many seconds, counted from here."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._sockets = httpcore2.SyncBackend()

    def left(self, late: type[httpcore2.TimeoutException], bound: float | None = None) -> float:
        """Return the seconds that are left, above 0 and at most `bound`; raise `late` where none are."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise late
        return left if bound is None else min(left, bound)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of the host that answers.

        The time left is shared out over its addresses, so that a dead IPv6 route does not use up all of it.
        The system's name resolution has its own timeout, which nobody can shorten.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(error) from error
        except UnicodeError as error:
            raise httpx2.InvalidURL("a host name that cannot exist") from error
        for more, (*_, address) in zip(range(len(found) - 1, -1, -1), found, strict=True):
            share = self.left(httpcore2.ConnectTimeout, timeout) / (more + 1)
            try:
                stream = self._sockets.connect_tcp(str(address[0]), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not more:
                    raise
            else:
                return _DeadlineStream(stream, self)
        raise httpcore2.ConnectError("no address")


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, network: DeadlineBackend) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(httpcore2.ReadTimeout, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(httpcore2.WriteTimeout, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            left = self._network.left(httpcore2.ConnectTimeout, timeout)
        except httpcore2.ConnectTimeout:
            self.close()
            raise
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left), self._network)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
