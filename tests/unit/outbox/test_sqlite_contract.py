"""The embedded store keeps the promises of the protocol."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

from notifykit.clock import Clock
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.testing import OutboxContract
from notifykit.testing.outbox.digest_walk import digest_walk
from notifykit.testing.outbox.machine import outbox_walk


def open_sqlite(folder: Path, clock: Clock) -> Outbox:
    return SqliteOutbox.open(folder / "outbox.db", clock=clock)


class TestSqliteOutbox(OutboxContract):
    def open_outbox(self, folder: Path, clock: Clock) -> Outbox:
        return open_sqlite(folder, clock)


TestSqliteWalk = outbox_walk(open_sqlite).TestCase
TestSqliteWalk.settings = settings(stateful_step_count=30)

TestSqliteDigestWalk = digest_walk(open_sqlite).TestCase
TestSqliteDigestWalk.settings = settings(stateful_step_count=30, max_examples=20)
