"""Advisory locks of the server, by name. They end with the transaction, and leave nothing behind.

All programs that use a database share their numbers. Two names with one number cost waiting, nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import blake2b

from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database

# `hold`: wait for locks, one after the other.
_HOLD = "SELECT count(pg_advisory_xact_lock(lock)) FROM unnest(%s::bigint[]) AS lock"

# `share`: wait for locks that others may hold as well, unless one of them holds it alone.
_SHARE = "SELECT count(pg_advisory_xact_lock_shared(lock)) FROM unnest(%s::bigint[]) AS lock"

# `try_to_hold`: take locks that nobody holds.
_TRY = "SELECT lock, pg_try_advisory_xact_lock(lock) FROM unnest(%s::bigint[]) AS lock"


def hold(db: Database, kind: str, names: Iterable[str]) -> None:
    """Hold locks from the next statement on until the transaction ends; waits for others. In one order, so that nobody
    waits in a circle."""
    db.send(_HOLD, (rows.numbers(sorted({_number(db, kind, name) for name in names})),))


def share(db: Database, kind: str, names: Iterable[str]) -> None:
    """Hold locks from the next statement on, together with others; waits for who holds one alone."""
    db.send(_SHARE, (rows.numbers(sorted({_number(db, kind, name) for name in names})),))


def try_to_hold(db: Database, kind: str, names: Iterable[str]) -> Collection[str]:
    """Hold locks that nobody holds, and return which; waits for nobody."""
    numbers = {_number(db, kind, name): name for name in names}
    return {numbers[lock] for lock, got in db.all(_TRY, (rows.numbers(sorted(numbers)),)) if got}


def _number(db: Database, kind: str, name: str) -> int:
    digest = blake2b(f"{db.schema}\0{kind}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
