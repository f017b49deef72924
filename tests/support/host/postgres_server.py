"""A PostgreSQL server of the tests' own: made for the process that asks first, reached by a socket, gone at its end."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from surroundings import MEMORY

from notifykit.demo.server import PLACE, QUICK, Server, programs, server

SERVER = "NOTIFYKIT_TEST_POSTGRES"
"""The variable with the address of the server: of one that a person has, or of the one that was made."""


def require_programs() -> None:
    """Skip the test where PostgreSQL is not installed, but never in CI."""
    if programs() is None:
        assert not os.environ.get("CI"), "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed: `apt-get install postgresql`")


@contextmanager
def own_server(settings: Sequence[str] = QUICK, *, tcp_port: int | None = None) -> Iterator[Server]:
    """Make a server, and start it: in memory where the folders of tests are, for each store is 150 files."""
    require_programs()
    place = MEMORY if Path(tempfile.gettempdir()) == MEMORY else PLACE
    small = ("shared_buffers=64MB", "min_wal_size=32MB", "max_wal_size=64MB")
    with server([*settings, *small], tcp_port=tcp_port, place=place) as made:
        yield made


@contextmanager
def shared_server() -> Iterator[str]:
    """Have a server in this process and in those that it starts; returns its address."""
    if address := os.environ.get(SERVER):
        yield address
        return
    with own_server() as made:
        os.environ[SERVER] = made.address
        try:
            yield made.address
        finally:
            del os.environ[SERVER]


def schema_of(folder: Path) -> str:
    """Return the name of a schema for a test's folder: each has one of its own."""
    return f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"


def folder_of(address: str) -> Path:
    """Return the folder of the server's socket."""
    return Path(address.partition("host=")[2])
