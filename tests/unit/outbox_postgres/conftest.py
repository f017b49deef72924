from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_cluster import server


@pytest.fixture(scope="session", autouse=True)
def postgres() -> Iterator[str]:
    """The address of a server."""
    with server() as address:
        yield address
