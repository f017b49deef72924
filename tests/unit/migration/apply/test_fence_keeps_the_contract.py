"""Within the fence the outbox keeps every promise that it makes."""

from __future__ import annotations

from pathlib import Path

import plans
import pytest
from notifykit_migration.store import fence

from notifykit.clock import Clock
from notifykit.outbox import SqliteOutbox
from notifykit.testing import OutboxContract


@pytest.mark.long
class TestFencedOutbox(OutboxContract):
    """As migrated, with other programs' tasks given to notifykit."""

    def open_outbox(self, folder: Path, clock: Clock) -> SqliteOutbox:
        outbox = SqliteOutbox.open(folder / "outbox.db", clock)
        with outbox.transaction():
            fence.remember_schema(outbox.db)
            fence.install(outbox.db, plans.plan(), others={"send_wecom_message": "channel"})
        return outbox
