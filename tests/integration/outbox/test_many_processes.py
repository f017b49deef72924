"""The embedded store under many processes, and stores that look right as long as one thread asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from racing_stores import require_caught

from notifykit.clock import Clock
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.database import Database
from notifykit.testing.outbox.concurrency import ConcurrencyContract


class TestSqlite(ConcurrencyContract):
    seconds = 1.0

    def open_outbox(self, folder: Path, clock: Clock) -> SqliteOutbox:
        return SqliteOutbox.open(folder / "outbox.db", clock=clock)


@pytest.mark.deep
@pytest.mark.crash
class TestSqliteForLonger(TestSqlite):
    seconds = 20.0


class ReadCommitted(SqliteOutbox):
    """Each statement sees what others have committed by then, and nothing is locked between two of them.

    So does a straight port of the lanes to a server where readers and writers do not wait for each other.
    """

    @classmethod
    def of(cls, path: Path, clock: Clock) -> ReadCommitted:
        outbox = cls.open(path, clock)
        outbox.db = Unlocked.beside(outbox.db)
        return outbox


class Unlocked(Database):
    """Statements without transactions around them."""

    @classmethod
    def beside(cls, db: Database) -> Unlocked:
        made = cls.__new__(cls)
        made.__dict__ |= db.__dict__
        return made

    def transaction(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return _nothing()

    def take_turns(self) -> None:
        """SQLite waits itself: many rows of one statement are given once, and none of them may be refused."""


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class Racing(ConcurrencyContract):
    def open_outbox(self, folder: Path, clock: Clock) -> SqliteOutbox:
        return ReadCommitted.of(folder / "outbox.db", clock)


def test_a_store_whose_statements_are_not_one_step_is_caught(tmp_path: Path) -> None:
    require_caught(Racing, tmp_path)
