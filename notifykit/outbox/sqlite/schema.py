"""The tables, and how an older file becomes the present one.

A new store is an old one that was upgraded at once: the legacy program's seven columns come first and
unchanged, so that a reader that goes by position keeps working, and there is one path to test.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources

import sqlite_utils

from notifykit.errors import StoreError
from notifykit.outbox.sqlite.database import Database, store_error

VERSION = 1
"""`PRAGMA user_version` of a store of ours; the legacy program's is 0."""

LEGACY_COLUMNS = ("id", "task_type", "recipient", "message", "status", "created_at", "updated_at")

_LEGACY_TABLE = """
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""

_ADDED_COLUMNS = {
    "metadata": str,
    "campaign": str,
    "record_key": str,
    "message_name": str,
    "round": int,
    "channel": str,
    "ordered": int,
    "attempts": int,
    "tries": int,
    "queued_at": float,
    "not_before": float,
    "due_at": float,
    "hold_until": float,
    "worker": str,
    "started_at": float,
    "lease": float,
    "lease_until": float,
    "sent_at": float,
    "completed_at": float,
    "reason": str,
    "refusal": str,
}
"""`attempts`: ever made, and the fencing token; `tries`: since a person last put the task back. `not_before`: the
task's own backoff; `due_at`: when it may be claimed, NULL while an earlier message to the same recipient has the
turn. `lease`: its length, which tells a clock that jumped back from a lease that is long. `reason`: of the last move;
`refusal`: of the last write-back that was refused."""


def prepare(db: Database, *, create: bool) -> None:
    """Bring the store to this version, in one transaction; all data are kept.

    Raises StoreError, before anything is changed, for a file from a newer version, for one whose `tasks` table is
    not ours, and for an old one where `create` is off.
    """
    if _is_present(db):
        return
    if not create:
        raise StoreError(
            f"{db.path}: is not an outbox yet; `notifykit migrate` takes over what an old program left in it, and "
            "`notifykit generate` or `notifykit run` makes it one as it is"
        )
    db.use_wal()
    with db.transaction():
        upgrade(db)


def upgrade(db: Database) -> None:
    """Bring an old or empty file to this version inside the transaction that is open; all data are kept.

    The journal mode stays, for it cannot be changed inside a transaction. Nothing is done to a file that is of this
    version. Raises StoreError as `prepare` does.
    """
    if _is_present(db):  # perhaps somebody else was faster
        return
    try:
        _upgrade_legacy(db)
    except sqlite3.Error as error:
        raise store_error(db.path, error) from error


def _is_present(db: Database) -> bool:
    """Whether the store is of this version; False where it can be brought to it."""
    version = int(db.one("PRAGMA user_version")[0])
    if version > VERSION:
        raise StoreError(
            f"{db.path}: written by a newer notifykit (schema {version}, this one knows {VERSION}); "
            "update notifykit with `pip install --upgrade notifykit-outbox`"
        )
    columns = _columns(db)
    ours = (*LEGACY_COLUMNS, *_ADDED_COLUMNS)
    if (columns and columns != (ours if version else LEGACY_COLUMNS)) or (version and not columns):
        raise StoreError(
            f"{db.path}: has a table `tasks` with the columns {', '.join(columns) or 'none'}, which is not an outbox; "
            "check `store:` in notifykit.yaml"
        )
    return version == VERSION


def _columns(db: Database) -> tuple[str, ...]:
    return tuple(row[1] for row in db.all("PRAGMA table_info(tasks)"))


def _upgrade_legacy(db: Database) -> None:
    if not _columns(db):
        db.execute(_LEGACY_TABLE)
    tasks = sqlite_utils.Database(db.connection, recursive_triggers=False).table("tasks")
    for name, type_ in _ADDED_COLUMNS.items():
        tasks.add_column(name, type_)
    for statement in _beside_the_columns():
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")


def added_columns() -> dict[str, str]:
    """Return the columns beside the seven legacy ones, in order, with their SQL types."""
    return {name: sqlite_utils.db.COLUMN_TYPE_MAPPING[type_] for name, type_ in _ADDED_COLUMNS.items()}


def statements() -> Iterator[str]:
    """Yield what an upgrade of a legacy table amounts to, for people: one statement each, without semicolons."""
    for name, type_ in added_columns().items():
        yield f"ALTER TABLE tasks ADD COLUMN {name} {type_}"
    for statement in _beside_the_columns():
        yield "\n".join(line for line in statement.splitlines() if line and not line.startswith("--"))
    yield f"PRAGMA user_version = {VERSION}"


def _beside_the_columns() -> list[str]:
    text = resources.files("notifykit.outbox.sqlite").joinpath("schema.sql").read_text(encoding="utf-8")
    return [statement for statement in text.split(";") if statement.strip()]
