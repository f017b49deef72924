"""The PostgreSQL store keeps the promises of the protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from postgres_store import open_postgres

from notifykit.clock import Clock
from notifykit.outbox.protocol import Outbox
from notifykit.testing import OutboxContract
from notifykit.testing.outbox.digest_walk import digest_walk
from notifykit.testing.outbox.machine import outbox_walk


class TestPostgresOutbox(OutboxContract):
    def open_outbox(self, folder: Path, clock: Clock) -> Outbox:
        return open_postgres(folder, clock)


TestPostgresWalk = pytest.mark.long(outbox_walk(open_postgres).TestCase)
TestPostgresWalk.settings = settings(stateful_step_count=30)

TestPostgresDigestWalk = pytest.mark.long(digest_walk(open_postgres).TestCase)
TestPostgresDigestWalk.settings = settings(stateful_step_count=30, max_examples=15)
