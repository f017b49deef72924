"""The outbox of several machines: a schema in a PostgreSQL database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from notifykit.clock import Clock, SystemClock
from notifykit.outbox.postgres.address import SCHEMA
from notifykit.outbox.postgres.claiming import Claiming
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.deciding import Deciding
from notifykit.outbox.postgres.digests import Digesting
from notifykit.outbox.postgres.failover import note_timeline
from notifykit.outbox.postgres.key_forms import KeyForms
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.postgres.looking import Looking
from notifykit.outbox.postgres.lost_claims import LostClaims
from notifykit.outbox.postgres.places import Places
from notifykit.outbox.postgres.postponing import Postponing
from notifykit.outbox.postgres.pulsing import Pulsing
from notifykit.outbox.postgres.queueing import Queueing
from notifykit.outbox.postgres.receipts import Receipts
from notifykit.outbox.postgres.resolving import Resolving
from notifykit.outbox.postgres.rewriting import Rewriting
from notifykit.outbox.postgres.schema import prepare, require_current, require_in_use
from notifykit.outbox.postgres.writeback import WritingBack

if TYPE_CHECKING:
    from notifykit.outbox.postgres.inspecting import PostgresInspection
    from notifykit.outbox.postgres.pruning import PostgresPruning


class PostgresOutbox(
    Queueing,
    Claiming,
    LostClaims,
    Postponing,
    WritingBack,
    Resolving,
    Deciding,
    Rewriting,
    Looking,
    Pulsing,
    Places,
    KeyForms,
    Digesting,
    Receipts,
):
    """One connection to the store. See `notifykit.outbox.protocol.Outbox` for what the methods promise.

    A connection that was lost is made again by the next call; the one that lost it raises StoreError with `passing`,
    unless nothing was done yet. Two outboxes never claim under one worker's name.
    """

    def __init__(self, db: Database, identity: str) -> None:
        self.db = db
        self.lanes = Lanes(db)
        self.identity = identity
        """Which outbox this is: the same for every copy of it."""
        if not db.read_only:
            db.reconcile = self.reconcile

    @classmethod
    def open(
        cls,
        address: str,
        clock: Clock | None = None,
        *,
        create: bool = True,
        identity: str | None = None,
        schema: str = SCHEMA,
        unused: bool = False,
    ) -> Self:
        """Open the store, and make or upgrade it first where `create` allows. `identity`: it must be this one.

        `unused`: open also one that was moved away.

        `address`: `postgresql://account@host/database`, or what else libpq takes. The store's clock is the server's,
        which the machine's tells as far as it is off; a clock that is no `SystemClock` is the store's clock itself.

        Raises StoreError: no server, no such database, no right to use it, another outbox, one of a newer version.
        """
        db = Database(address, clock or SystemClock(), schema=schema)
        try:
            about = prepare(db, create=create, identity=identity)
            if not unused:
                require_in_use(db)
            note_timeline(db)
            return cls(db, about.identity)
        except BaseException:
            db.close()
            raise

    @classmethod
    def look(
        cls, address: str, clock: Clock | None = None, *, identity: str | None = None, schema: str = SCHEMA
    ) -> Self:
        """Open the store to look at it, as an account may that can only read: nothing is made, upgraded or written.

        Raises StoreError as `open` does, and for a store of an earlier version.
        """
        db = Database(address, clock or SystemClock(), schema=schema, read_only=True)
        try:
            about = require_current(db, identity=identity)
            require_in_use(db)
            return cls(db, about.identity)
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def require_unchanged(self) -> None:
        """Raise nothing: what a connection reads fits together, whoever writes."""

    def inspection(self) -> PostgresInspection:
        """Look at the whole store."""
        from notifykit.outbox.postgres.inspecting import PostgresInspection  # few commands ask

        return PostgresInspection(self.db)

    def pruning(self) -> PostgresPruning:
        """Move what is finished to an archive."""
        from notifykit.outbox.postgres.pruning import PostgresPruning  # few commands ask

        return PostgresPruning(self.db)

    def now(self) -> float:
        """Return the server's time, in UTC seconds, without asking it."""
        return self.db.now()

    def transaction(self) -> AbstractContextManager[None]:
        """Join several calls into one durable step."""
        return self.db.transaction()
