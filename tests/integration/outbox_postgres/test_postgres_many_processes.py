"""The PostgreSQL store under many processes, and stores that look right as long as one asks after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from postgres_store import open_postgres

from notifykit.clock import Clock
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.testing.outbox.concurrency import ConcurrencyContract


class TestPostgres(ConcurrencyContract):
    seconds = 1.0

    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return open_postgres(folder, clock)


@pytest.mark.deep
@pytest.mark.crash
class TestPostgresForLonger(TestPostgres):
    seconds = 20.0
