"""Which outbox a file is: copies of it are the same one, and no other is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from notifykit.errors import StoreDamagedError, StoreError
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import LACKING, store_error
from notifykit.wording.translation import gettext, gettext_noop

ANOTHER_MEND = gettext_noop(
    "put the right one back, or correct `store:`; where this one is meant, run `notifykit store accept`"
)

NAMED = "0006_identity"
"""The step of the schema by which an outbox gets its identity."""

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


def lost(path: Path) -> StoreDamagedError:
    """Return the error that tells of an outbox which had an identity, and has none."""
    return StoreDamagedError(gettext("does not say which outbox it is"), mend=gettext(LACKING), where=path)


def require_identity(connection: sqlite3.Connection, path: Path, known: str) -> None:
    """Raise StoreError where a file is not the outbox that is known."""
    try:
        found = identity_of(connection)
        if found is None and NAMED in schema.applied(connection):
            raise lost(path)
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    if found != known:
        raise StoreError(
            gettext("is not the outbox that this project has worked with"), mend=gettext(ANOTHER_MEND), where=path
        )
