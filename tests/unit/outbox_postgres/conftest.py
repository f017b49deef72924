from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_server import shared_server


@pytest.fixture(scope="session", autouse=True)
def postgres() -> Iterator[str]:
    """The address of a server."""
    with shared_server() as address:
        yield address
