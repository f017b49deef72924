"""A copy of the store while others work on it."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.backup import back_up
from notifykit.outbox.values import Filter
from notifykit.testing import draft


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    store = tmp_path / "state" / "outbox.db"
    with SqliteOutbox.open(store) as outbox:
        outbox.enqueue([draft(key=f"C-{number}") for number in range(3)])
    return store


def keys(store: Path) -> list[str]:
    with closing(SqliteOutbox.look(store)) as outbox:
        return [task.key for task in outbox.tasks(Filter())]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_holds_what_is_committed_and_is_the_same_outbox(store: Path, tmp_path: Path) -> None:
    with SqliteOutbox.open(store) as outbox:
        outbox.enqueue([draft(key="in the log")])
        with outbox.transaction():
            outbox.enqueue([draft(key="not committed")])
            made = back_up(store, tmp_path / "copy.db", replace=False)
        identity = outbox.identity
    assert (made.tasks, made.size) == (4, (tmp_path / "copy.db").stat().st_size)
    assert keys(tmp_path / "copy.db") == ["C-0", "C-1", "C-2", "in the log"]
    assert names(tmp_path) == ["copy.db", "state"]
    with SqliteOutbox.open(tmp_path / "copy.db") as copy:
        assert copy.identity == identity
        assert copy.db.one("PRAGMA journal_mode") == ("wal",)
        copy.enqueue([draft(key="it works on")])


def test_nothing_is_overwritten_unless_that_is_said(store: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    back_up(store, target, replace=False)
    with SqliteOutbox.open(store) as outbox:
        outbox.enqueue([draft(key="new")])
    with pytest.raises(StoreError, match=r"copy\.db: is there; name another file, or say --replace"):
        back_up(store, target, replace=False)
    assert len(keys(target)) == 3
    back_up(store, target, replace=True)
    assert len(keys(target)) == 4


def test_the_outbox_itself_and_what_is_in_use_are_no_places_for_a_copy(store: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(store)
    for itself in (store, tmp_path / "link.db"):
        with pytest.raises(StoreError, match="is the outbox itself"):
            back_up(store, itself, replace=True)
    with pytest.raises(StoreError, match="is a folder"):
        back_up(store, tmp_path, replace=True)
    with pytest.raises(StoreError, match="cannot be made"):
        back_up(store, tmp_path / "nowhere" / "copy.db", replace=True)
    back_up(store, tmp_path / "copy.db", replace=False)
    with SqliteOutbox.open(tmp_path / "copy.db"), pytest.raises(StoreError, match=r"beside it, copy\.db-wal"):
        back_up(store, tmp_path / "copy.db", replace=True)


def test_only_an_earlier_backup_is_replaced(store: Path, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("key\n1\n")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (x)")
    (tmp_path / "empty").touch()
    with SqliteOutbox.open(store) as outbox:
        outbox.enqueue([draft(key="in the log")])
        log = store.with_name("outbox.db-wal")
        for target in (tmp_path / "orders.csv", tmp_path / "other.db", log, store.with_name("outbox.db-shm")):
            before = target.read_bytes()
            with pytest.raises(StoreError, match="is no earlier backup of an outbox"):
                back_up(store, target, replace=True)
            assert target.read_bytes() == before
    assert "in the log" in keys(store)
    back_up(store, tmp_path / "empty", replace=True)


@pytest.mark.skipif(sys.platform == "win32", reason="one permission for all")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_copy_is_readable_by_nobody_who_cannot_read_the_outbox(store: Path, tmp_path: Path, mode: int) -> None:
    store.chmod(mode)
    back_up(store, tmp_path / "copy.db", replace=False)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == mode


def test_a_damaged_outbox_gives_no_copy(store: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks_dedup'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(store.read_bytes())
    data[(page - 1) * size : page * size] = bytes(size)
    store.write_bytes(data)
    with pytest.raises(StoreError, match=r"outbox\.db: (a copy of it is|.* it is) damaged"):
        back_up(store, tmp_path / "copy.db", replace=False)
    assert names(tmp_path) == ["state"]


def test_a_file_that_is_no_outbox_gives_no_copy(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"")
    with pytest.raises(StoreError, match="is not an outbox yet"):
        back_up(tmp_path / "x.db", tmp_path / "copy.db", replace=False)
    assert names(tmp_path) == ["x.db"]
