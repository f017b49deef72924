"""Ports of loopback: one that nobody listens at, and ones for servers to come."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from functools import cache

BELOW_THOSE_OF_CLIENTS = range(20_000, 32_000)
"""Of these, no system gives one to a client or to a server that asks for any."""


def nobodys_port() -> int:
    """Return a port at which connections are refused, and which nobody else gets while this process lives."""
    port: int = _taken().getsockname()[1]
    return port


@cache
def _taken() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


def free_port() -> int:
    """Return a port that a server may have which can be given nothing but a number."""
    for port in random.SystemRandom().sample(BELOW_THOSE_OF_CLIENTS, 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
