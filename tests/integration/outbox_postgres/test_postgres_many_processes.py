"""The PostgreSQL store under many processes, and stores that look right as long as one asks after the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from postgres_store import open_postgres
from psycopg import errors
from racing_stores import require_caught

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.outbox.postgres import lanes
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Due, Lanes
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import Exchanged
from notifykit.testing.outbox.concurrency import ConcurrencyContract


@pytest.mark.long
class TestPostgres(ConcurrencyContract):
    seconds = 1.0

    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return open_postgres(folder, clock)


@pytest.mark.deep
@pytest.mark.crash
class TestPostgresForLonger(TestPostgres):
    seconds = 20.0


class Unlocked(Database):
    """The same connection, whose statements lock nothing."""

    @classmethod
    def beside(cls, db: Database) -> Unlocked:
        made = cls.__new__(cls)
        made.__dict__ = db.__dict__
        return made

    def all(self, sql: str, values: Any = None) -> list[Any]:
        return super().all(re.sub(r"FOR UPDATE( OF \w+)?( SKIP LOCKED)?", "", sql), values)


class StraightPort(PostgresOutbox):
    """Holds no lane: so does SQLite, where one writes at a time. A deadlock undoes an exchange, which is made again."""

    def __init__(self, db: Database, identity: str) -> None:
        super().__init__(db, identity)
        self.lanes = Lanes(Unlocked.beside(db))

    def exchange(self, *values: Any, **named: Any) -> Exchanged:
        with self.db.transaction():
            while True:
                try:
                    return super().exchange(*values, **named)
                except StoreError as error:
                    if not isinstance(error.__cause__, errors.DeadlockDetected):
                        raise
                self.db.roll_back()
                self.db.transaction().failure = None
                self.db.begin()


class ClaimsInOneStatement(PostgresOutbox):
    """Holds lanes and looks at their tasks in one statement, which sees the tasks as they were before it waited."""

    def __init__(self, db: Database, identity: str) -> None:
        super().__init__(db, identity)
        self.lanes = LanesInOneStatement(db)


class LanesInOneStatement(Lanes):
    HELD = """
    WITH slow AS MATERIALIZED (SELECT pg_sleep(CASE WHEN random() < 0.3 THEN 0.2 ELSE 0 END)),
    held AS MATERIALIZED (
        SELECT id FROM slow CROSS JOIN outbox.lanes WHERE id = ANY (%(lanes)s::bigint[]) AND due_at <= %(now)s
           FOR UPDATE OF lanes SKIP LOCKED),
    """
    """On a server that is slow now and then."""
    TAKE = HELD + lanes._TAKE.replace("WITH", "").replace("%(lanes)s::bigint[]", "ARRAY(SELECT id FROM held)")

    def hold_due(self, rooms: Mapping[str, int], slots: int, now: float, campaigns: Collection[str] = ()) -> list[Due]:
        return Lanes(Unlocked.beside(self._db)).hold_due(rooms, slots, now, campaigns)

    def take(
        self, lanes: Sequence[int], worker: str, lease: float, now: float, campaigns: Collection[str] = ()
    ) -> list[tuple[Any, ...]]:
        values = {"lanes": lanes, "worker": worker, "lease": lease, "now": now, "campaigns": list(campaigns)}
        return self._db.all(self.TAKE, values)


class RacingPort(ConcurrencyContract):
    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return open_postgres(folder, clock, StraightPort)


class RacingClaims(ConcurrencyContract):
    def open_outbox(self, folder: Path, clock: Clock) -> PostgresOutbox:
        return open_postgres(folder, clock, ClaimsInOneStatement)


@pytest.mark.long
@pytest.mark.parametrize("racing", [RacingPort, RacingClaims])
def test_a_store_that_holds_no_lane_or_looks_too_early_is_caught(
    tmp_path: Path, racing: type[ConcurrencyContract]
) -> None:
    require_caught(racing, tmp_path)
