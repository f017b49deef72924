"""Workers that write into one store take turns."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import database
from notifykit.outbox.sqlite.database import ASK_AGAIN_MS


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_a_worker_asks_again_soon_and_others_wait_as_sqlite_does(store: Path) -> None:
    with closing(SqliteOutbox.open(store)) as outbox:
        assert outbox.db.one("PRAGMA busy_timeout") == (database.BUSY_SECONDS * 1000,)
        with outbox.enlist("worker"):
            assert outbox.db.one("PRAGMA busy_timeout") == (ASK_AGAIN_MS,)


def test_a_worker_waits_for_whoever_writes(store: Path) -> None:
    with closing(SqliteOutbox.open(store)) as outbox, closing(SqliteOutbox.open(store)) as other:
        lock = other.transaction()
        lock.__enter__()
        later = threading.Timer(0.3, lock.__exit__, (None, None, None))
        later.start()
        with outbox.enlist("worker"), outbox.transaction():
            assert outbox.db.connection.in_transaction
        later.join()  # it looks at the file once more after its commit


def test_a_worker_does_not_wait_for_ever(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(SqliteOutbox.open(store)) as outbox, closing(SqliteOutbox.open(store)) as other:
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
        with (
            outbox.enlist("worker"),
            other.transaction(),
            pytest.raises(StoreError, match="another program holds the database"),
            outbox.transaction(),
        ):
            pass
