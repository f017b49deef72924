"""A store that is moved, deleted or replaced while it is open takes nothing more."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.errors import StoreError
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.testing.outbox.steps import take
from notifykit.testing.samples import draft

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses it while a connection is open")


def parts(store: Path) -> list[Path]:
    return sorted(store.parent.glob(f"{store.name}*"))


def move(store: Path) -> None:
    (store.parent / "old").mkdir()
    for part in parts(store):
        part.rename(store.parent / "old" / part.name)


def delete(store: Path) -> None:
    for part in parts(store):
        part.unlink()


def replace_by_a_copy(store: Path) -> None:
    shutil.copyfile(store, store.with_name("copy"))
    store.with_name("copy").replace(store)


def replace_by_an_empty_one(store: Path) -> None:
    delete(store)
    SqliteOutbox.open(store).close()


def move_the_folder(store: Path) -> None:
    store.parent.rename(store.parent.with_name("elsewhere"))


def delete_the_log(store: Path) -> None:
    store.with_name(f"{store.name}-wal").unlink()


LOSSES = [move, delete, replace_by_a_copy, replace_by_an_empty_one, move_the_folder, delete_the_log]


@pytest.fixture
def outbox(tmp_path: Path) -> SqliteOutbox:
    (tmp_path / "state").mkdir()
    outbox = SqliteOutbox.open(tmp_path / "state" / "outbox.db")
    outbox.enqueue([draft(key="K1"), draft(key="K2")])
    return outbox


@pytest.mark.parametrize("lose", LOSSES)
def test_nothing_is_claimed_from_a_store_that_is_lost(outbox: SqliteOutbox, lose: Callable[[Path], None]) -> None:
    with closing(outbox):
        lose(outbox.db.path)
        channels = {draft().channel: ChannelBounds()}
        with pytest.raises(StoreError, match=r"outbox\.db(-wal)? (is gone|was replaced)") as caught:
            take(outbox, "worker", 2, channels, 60.0)
        assert not caught.value.passing
        assert {task.status for task in outbox.tasks(Filter())} == {"queued"}


@pytest.mark.parametrize("lose", LOSSES)
def test_nothing_is_queued_into_a_store_that_is_lost(outbox: SqliteOutbox, lose: Callable[[Path], None]) -> None:
    with closing(outbox):
        lose(outbox.db.path)
        with pytest.raises(StoreError):
            outbox.enqueue([draft(key="K3")])
        assert [task.key for task in outbox.tasks(Filter())] == ["K1", "K2"]


@pytest.mark.parametrize("lose", LOSSES)
def test_what_is_committed_while_the_store_is_lost_is_told(outbox: SqliteOutbox, lose: Callable[[Path], None]) -> None:
    """Whoever claimed just then must not send."""
    with closing(outbox), pytest.raises(StoreError, match=r"(is gone|was replaced)"), outbox.transaction():  # noqa: PT012
        outbox.enqueue([draft(key="K3")])
        lose(outbox.db.path)


def test_closing_leaves_what_took_the_place_of_the_store_alone(outbox: SqliteOutbox) -> None:
    store = outbox.db.path
    delete(store)
    with closing(SqliteOutbox.open(store)) as other:
        other.enqueue([draft(key="N1")])
        outbox.close()
        other.enqueue([draft(key="N2")])
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT record_key FROM tasks").fetchall() == [("N1",), ("N2",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_store_that_is_left_alone_is_noticed_by_nobody(outbox: SqliteOutbox) -> None:
    """Other connections come and go, and the log is copied back meanwhile."""
    with closing(outbox):
        for number in range(3, 6):
            with SqliteOutbox.open(outbox.db.path) as other:
                other.enqueue([draft(key=f"K{number}")])
                other.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            outbox.enqueue([draft(key=f"L{number}")])
        assert len(list(outbox.tasks(Filter()))) == 8
