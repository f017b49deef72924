"""Keeps a campaign from queueing messages while the old program's state of it is still in force.

Before the migration the outbox does not know what the old program queued and sent: a pass would queue it again.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from notifykit import hookimpl
from notifykit.errors import StoreError
from notifykit.legacy import Disposal, LegacyState
from notifykit_migration.reading import untouched


@hookimpl
def may_generate(campaign: str, legacy: LegacyState, store: Path, folder: Path) -> str | None:
    """Refuse a campaign that was not migrated while its send-status file, or the old task table, is there."""
    if legacy.disposal is not Disposal.RETIRE:
        return None
    status_file = folder / legacy.status_file
    written = status_file.exists()
    rows = False
    if store.exists():
        try:
            with untouched(store) as connection:
                if _is_migrated(connection, campaign):
                    return None
                rows = _is_of_the_old_program(connection)
        except StoreError as error:
            return f"whether it was migrated cannot be seen: {error}"
    if written:
        return (
            f"{status_file}: the old program's send-status file is still in force, and the outbox does not know what "
            "it sent; run `notifykit migrate` first"
        )
    if rows:
        return (
            f"{store}: still holds what the old program queued and sent, and the outbox does not know whose it is; "
            "run `notifykit migrate` first"
        )
    return None


def _is_migrated(connection: sqlite3.Connection, campaign: str) -> bool:
    if not _has(connection, "migrated"):
        return False
    return connection.execute("SELECT 1 FROM migrated WHERE campaign = ?", (campaign,)).fetchone() is not None


def _is_of_the_old_program(connection: sqlite3.Connection) -> bool:
    """Whether the table began as the old program's, and nothing in it was ever migrated."""
    if _has(connection, "migrated") or not _has(connection, "tasks"):
        return False
    cursor = connection.execute("SELECT * FROM tasks ORDER BY id LIMIT 1")
    columns = [item[0] for item in cursor.description]
    first = cursor.fetchone()
    return first is not None and ("campaign" not in columns or first[columns.index("campaign")] is None)


def _has(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return found.fetchone() is not None
