"""The PostgreSQL store of a test's folder: a schema of its own in the tests' server."""

from __future__ import annotations

import os
from pathlib import Path

from postgres_server import SERVER, schema_of

from notifykit.clock import Clock
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.postgres.store import PostgresOutbox


def open_postgres(folder: Path, clock: Clock, store: type[PostgresOutbox] = PostgresOutbox) -> PostgresOutbox:
    """Open it, and make it at the first call. The server is there: see the fixture `postgres`."""
    return store.open(os.environ[SERVER], clock=clock, schema=schema_of(folder))


def postgres_address(folder: Path) -> PostgresAddress:
    """Return the address of that store."""
    return PostgresAddress(f"{os.environ[SERVER]}&schema={schema_of(folder)}")
