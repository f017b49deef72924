"""Pruning the PostgreSQL outbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from postgres_store import open_postgres
from pruned_digests_contract import PrunedDigestsContract
from pruning_contract import PruningContract

from notifykit.clock import Clock
from notifykit.outbox.postgres.store import PostgresOutbox


@pytest.mark.usefixtures("postgres")
class TestPostgresPruning(PruningContract, PrunedDigestsContract):
    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return open_postgres(folder, clock)
