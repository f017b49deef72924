"""The project's outbox, as the threads of a legacy program share it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from notifykit.host import Host
from notifykit.outbox import SqliteOutbox
from notifykit_compat.contract_files import ContractFile
from notifykit_compat.errors import ShimError

_MIGRATE = "run `notifykit migrate` first; until then the program may run as it is, without the shim"


class Store:
    """One connection, used by one thread at a time."""

    def __init__(self, host: Host) -> None:
        path = host.configuration.settings.store
        # What a rollback gave back to the old program must not be upgraded here.
        self._outbox = SqliteOutbox.open(path, host.clock, create=_migrated(path) == set())
        self._lock = threading.RLock()

    @contextmanager
    def use(self) -> Iterator[SqliteOutbox]:
        """Have it to oneself."""
        with self._lock:
            yield self._outbox

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._outbox.close()


def require_migrated(path: Path, files: Mapping[Path, ContractFile]) -> None:
    """Raise ShimError where old state is about that no migration has read: what it knows would be sent again."""
    migrated = _migrated(path)
    if migrated is None:
        raise ShimError(f"{path}: holds the old program's tasks, which were not migrated; {_MIGRATE}")
    for file in files.values():
        if file.status_file.exists() and file.campaign.name not in migrated:
            raise ShimError(
                f"{file.status_file}: knows what campaign {file.campaign.name} sent, and was not migrated; {_MIGRATE}"
            )


def _migrated(path: Path) -> set[str] | None:
    """Return the campaigns that were migrated; None where the store holds what the old program queued."""
    if not path.exists():
        return set()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            used = "tasks" in tables and connection.execute("SELECT 1 FROM sqlite_sequence LIMIT 1").fetchone()
            return None if used else set()
        if "migrated" not in tables:
            return set()
        return {name for (name,) in connection.execute("SELECT campaign FROM migrated")}
    except sqlite3.Error as error:
        raise ShimError(f"{path}: {error}; check `store:` in notifykit.yaml") from error
    finally:
        connection.close()
