"""Which outbox a file is: copies of it are the same one, and no other is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from notifykit.errors import StoreError
from notifykit.outbox.sqlite.database import store_error

ANOTHER_MEND = "put the right one back, or correct `store:`; where this one is meant, run `notifykit store accept`"

# `identity_of`: whether there is an identity.
_TABLE = "SELECT 1 FROM sqlite_master WHERE name = 'outbox_identity'"

# `identity_of`: the one that there is.
_IDENTITY = "SELECT id FROM outbox_identity"


def identity_of(connection: sqlite3.Connection) -> str | None:
    """Return the identity of an outbox; None where it is none, or one of a version before identities.

    Raises sqlite3.Error.
    """
    if connection.execute(_TABLE).fetchone() is None:
        return None
    found = connection.execute(_IDENTITY).fetchone()
    return None if found is None else str(found[0])


def require_identity(connection: sqlite3.Connection, path: Path, known: str) -> None:
    """Raise StoreError where a file is not the outbox that is known."""
    try:
        found = identity_of(connection)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    if found != known:
        raise StoreError("is not the outbox that this project has worked with", mend=ANOTHER_MEND, where=path)
