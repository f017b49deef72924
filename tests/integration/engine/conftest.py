from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from counting_server import CountingServer, counting_server
from engine_world import database
from postgres_server import shared_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server."""
    with shared_server() as address:
        yield address


@pytest.fixture
def store(postgres: str) -> str:
    """The address of a database without anything."""
    return database(postgres, f"t{uuid4().hex}")


@pytest.fixture
def service() -> Iterator[CountingServer]:
    with counting_server() as counting:
        yield counting
