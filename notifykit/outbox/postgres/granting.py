"""The rights that an account needs on the tables of an outbox, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from notifykit.outbox.postgres.database import Database

# `is_role`: whether there is such an account.
_ROLE = "SELECT 1 FROM pg_roles WHERE rolname = %s"

_LATER = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} "

_TO_WORK = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    _LATER + "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    _LATER + "GRANT USAGE, SELECT ON SEQUENCES TO {role}",
)
"""To queue, send, settle and decide. What a later version adds is granted as soon as its owner's upgrade makes it."""

_TO_LOOK = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
    _LATER + "GRANT SELECT ON TABLES TO {role}",
)
"""To look: `status`, `tasks`, `trace`, `--dry-run`."""


def is_role(db: Database, role: str) -> bool:
    """Whether the server has an account of that name."""
    return db.one(_ROLE, (role,)) is not None


def statements(schema: str, owner: str, role: str, *, look: bool) -> Sequence[str]:
    """Return what grants an account its rights. `owner`: whose the tables are. `look`: only to look."""
    names = {"schema": sql.Identifier(schema), "owner": sql.Identifier(owner), "role": sql.Identifier(role)}
    return [sql.SQL(text).format(**names).as_string() for text in (_TO_LOOK if look else _TO_WORK)]
