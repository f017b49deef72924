"""Damage that a statement meets after its first rows is a StoreError, whoever takes the rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.errors import StoreDamagedError, StoreError
from notifykit.model import Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.copying import SqliteCopyEnd
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.steps import claim
from notifykit.testing.samples import draft

MANY = 1_500

# Messages that were sent, each by one attempt, and some that wait.
_FILL = f"""
INSERT INTO tasks (task_type, recipient, message, status, metadata, campaign, record_key, message_name, round, channel,
                   ordered, attempts, tries, queued_at, not_before, sent_at, completed_at)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
SELECT 't', 'r' || i, 'm', CASE i % 3 WHEN 0 THEN 'queued' ELSE 'completed' END, '{{}}', 'c', 'K' || i, 'g', 1, 'ch', 0,
       1, 1, 1000.0, 0.0, CASE i % 3 WHEN 0 THEN NULL ELSE 1001.0 END, CASE i % 3 WHEN 0 THEN NULL ELSE 1002.0 END
  FROM n
"""

_ATTEMPTS = """
INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict)
SELECT id, 1, 'ch', 'w', 1000.0, 1001.0, 'accepted' FROM tasks
"""


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store of many pages, in one file."""
    file = tmp_path / "outbox.db"
    with closing(SqliteOutbox.open(file, FakeClock())) as outbox:
        outbox.db.execute(_FILL)
        outbox.db.execute(_ATTEMPTS)
    return file


def copied(outbox: SqliteOutbox, kind: str) -> object:
    return list(SqliteCopyEnd(outbox).rows(kind))


@pytest.mark.parametrize(
    "write",
    [
        lambda outbox: outbox.mend_times(),
        lambda outbox: outbox.enqueue([draft(key="new")]),
        lambda outbox: claim(outbox, channels={"ch": ()}),
        lambda outbox: outbox.complete([2, 700]),
        lambda outbox: outbox.decide([3, 600], Status.CANCELLED, who="me", why="x", of=(Status.QUEUED,)),
        lambda outbox: outbox.reopen_write_back("c", ["K1", "K700"]),
    ],
    ids=["mend_times", "enqueue", "claim", "complete", "decide", "reopen_write_back"],
)
def test_damage_that_is_met_while_writing_is_one_too(filled: Path, write: Callable[[SqliteOutbox], object]) -> None:
    content, size = filled.read_bytes(), 4096
    met = 0
    for page in range(1, len(content) // size):
        for suffix in ("-wal", "-shm"):
            filled.with_name(filled.name + suffix).unlink(missing_ok=True)
        filled.write_bytes(content[: page * size] + b"\xa5" * size + content[(page + 1) * size :])
        try:
            with closing(SqliteOutbox.open(filled, FakeClock())) as outbox:
                write(outbox)
        except StoreError as error:
            assert isinstance(error, StoreDamagedError)  # noqa: PT017 - likewise
            met += 1
    assert met > 1


@pytest.mark.parametrize(
    "read",
    [
        lambda outbox: outbox.recent(0.0, 2000.0),
        lambda outbox: outbox.recent_calls(0.0, 2000.0, 1.0),
        lambda outbox: outbox.figures(),
        lambda outbox: outbox.pulse(),
        lambda outbox: outbox.ledger("c"),
        lambda outbox: list(outbox.tasks(Filter())),
        lambda outbox: copied(outbox, "tasks"),
        lambda outbox: copied(outbox, "attempts"),
        lambda outbox: list(SqliteCopyEnd(outbox).turns()),
        lambda outbox: outbox.inspection().facts(),
    ],
    ids=["recent", "calls", "figures", "pulse", "ledger", "tasks", "copied tasks", "copied attempts", "turns", "facts"],
)
def test_damage_on_any_page_is_a_store_error(filled: Path, read: Callable[[SqliteOutbox], object]) -> None:
    content, size = filled.read_bytes(), 4096
    met = 0
    for page in range(1, len(content) // size):
        filled.write_bytes(content[: page * size] + b"\xa5" * size + content[(page + 1) * size :])
        try:
            with closing(SqliteOutbox.look(filled, FakeClock())) as outbox:
                read(outbox)
        except StoreError as error:
            assert isinstance(error, StoreDamagedError)  # noqa: PT017 - which pages are met is the planner's business
            met += 1
    assert met > 1
