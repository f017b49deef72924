"""What is owed is told briefly as it is told whole, whatever another program wrote into its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifykit.model import Outcome, Owed, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import rows
from notifykit.outbox.values import Transition
from notifykit.testing.outbox.steps import claim_one, finish, queue

ANY_CELLS = ("NULL", "7", "2.5", "-1.0", "1e300", "''", "'x'", "'{\"a\": 1}'", "'[1]'", "'{broken'", "x'78'")
NOT_UTF8 = "CAST(x'ff' AS TEXT)"


def briefly(outbox: SqliteOutbox) -> list[Owed]:
    return outbox.owed_briefly("sample", after=-(2**63))


def whole(outbox: SqliteOutbox) -> list[Owed]:
    return [
        Owed(task.id, task.key, task.metadata, task.damaged, task.reason if task.damaged else None)
        for task in outbox.owed("sample", after=-(2**63))
    ]


@pytest.fixture
def sent(outbox: SqliteOutbox) -> SqliteOutbox:
    queue(outbox, "K-1", "K-2")
    for _ in range(2):
        assert finish(outbox, claim_one(outbox), Outcome.accepted(), Transition(status=Status.SENT))
    return outbox


@pytest.mark.parametrize("column", [name for name in rows.TASK_COLUMNS if name not in {"id", "status", "campaign"}])
def test_each_cell_is_looked_at(sent: SqliteOutbox, column: str) -> None:
    for cell in (*ANY_CELLS, NOT_UTF8):  # the last one, for all texts are read otherwise from then on
        sent.db.execute("SAVEPOINT before")
        try:
            sent.db.execute(f"UPDATE OR IGNORE tasks SET {column} = {cell} WHERE record_key = 'K-2'")
            assert briefly(sent) == whole(sent), cell
        finally:
            sent.db.execute("ROLLBACK TO before")
            sent.db.execute("RELEASE before")
    assert [one.key for one in briefly(sent)] == ["K-1", "K-2"]


def test_a_plain_row_is_not_read_whole(sent: SqliteOutbox, tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db") as other:
        asked: list[str] = []
        other.db.connection.set_trace_callback(asked.append)
        assert [one.key for one in briefly(other)] == ["K-1", "K-2"]
    assert [sql for sql in asked if "WHERE id = " in sql] == []
