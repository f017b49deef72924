"""Connections to the PostgreSQL store are cut: before a commit, in it, and after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cutting_proxy import CuttingProxy, cutting_proxy
from postgres_server import folder_of, schema_of

from notifykit.clock import Clock
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.testing.outbox.connections import ConnectionsContract


class TestPostgresConnections(ConnectionsContract):
    proxy: CuttingProxy

    @pytest.fixture(autouse=True)
    def cutter(self, postgres: str) -> Iterator[CuttingProxy]:
        with cutting_proxy(folder_of(postgres)) as self.proxy:
            yield self.proxy

    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return PostgresOutbox.open(self.proxy.address, clock, schema=schema_of(folder))
