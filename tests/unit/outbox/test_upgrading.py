from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import VERSION, upgrade


def upgrade_and_fail(db: Database) -> None:
    with db.transaction():
        upgrade(db)
        assert db.connection.in_transaction
        assert db.one("PRAGMA user_version") == (VERSION,)
        raise LookupError


def test_what_fails_after_an_upgrade_undoes_it(legacy_file: Path) -> None:
    before = legacy_file.read_bytes()
    with closing(Database(legacy_file, SystemClock())) as db:
        with pytest.raises(LookupError):
            upgrade_and_fail(db)
        assert db.one("PRAGMA user_version") == (0,)
    assert legacy_file.read_bytes() == before


_DIES = """
import os, signal, sys
from pathlib import Path
from notifykit.clock import SystemClock
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import upgrade
db = Database(Path(sys.argv[1]), SystemClock())
with db.transaction():
    upgrade(db)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_dies_after_an_upgrade_leaves_the_old_table(legacy_file: Path) -> None:
    with closing(sqlite3.connect(legacy_file)) as connection:
        before = list(connection.iterdump())
    died = subprocess.run([sys.executable, "-c", _DIES, str(legacy_file)], check=False)
    assert died.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(legacy_file)) as connection:
        assert list(connection.iterdump()) == before
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_nobody_sees_an_upgrade_before_its_transaction_ends(legacy_file: Path) -> None:
    with closing(Database(legacy_file, SystemClock())) as db, closing(sqlite3.connect(legacy_file)) as reader:
        with db.transaction():
            upgrade(db)
            assert len(reader.execute("PRAGMA table_info(tasks)").fetchall()) == 7
            reader.rollback()
        assert reader.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_an_upgrade_of_an_upgraded_or_an_empty_store(legacy_file: Path, tmp_path: Path) -> None:
    for file in (legacy_file, tmp_path / "empty.db"):
        with closing(Database(file, SystemClock())) as db:
            for _ in range(2):
                with db.transaction():
                    upgrade(db)
        SqliteOutbox.open(file, create=False).close()


def test_an_upgrade_of_a_newer_store_is_refused(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "new.db", SystemClock())) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
        with pytest.raises(StoreError, match="written by a newer notifykit"), db.transaction():
            upgrade(db)


def test_an_upgrade_leaves_triggers_as_they_run_by_default(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "new.db") as outbox:
        assert outbox.db.one("PRAGMA recursive_triggers") == (0,)
