from __future__ import annotations

from collections.abc import Iterator

import pytest
from mariadb_server import mariadb
from postgres_server import shared_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    with shared_server() as address:
        yield address


@pytest.fixture(scope="session")
def maria() -> Iterator[str]:
    """The address of a database of a MariaDB server."""
    with mariadb() as address:
        yield address
