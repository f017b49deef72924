"""Many messages are queued by one statement, and come out as if each had been queued alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import other_versions
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from notifykit.errors import StoreError
from notifykit.model import Draft, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import inserting, rows
from notifykit.outbox.sqlite.inserting import ROWS
from notifykit.outbox.sqlite.steps import steps
from notifykit.outbox.values import Filter
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import queue
from notifykit.testing.samples import DraftFields

BEFORE_COMPARING = [step.name for step in steps()].index("0022_perhaps_foreign")

OE_ABORT = 2
"""How SQLite's programs say that a statement may end with the transaction still open."""

TELLS_TYPES = """
typeof(campaign) <> 'text' OR typeof(record_key) <> 'text'
 OR typeof(message_name) <> 'text' OR typeof(channel) <> 'text'
 OR (status = 'sending' AND NOT (typeof(attempts) = 'integer' AND typeof(worker) = 'text'
     AND typeof(started_at) = 'real' AND started_at BETWEEN 0.0 AND 253402300799.0))
"""

CELLS = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.sampled_from([0, 2.5, float(2**62), 1e300, float("inf"), "", "x", "5", "5x", "2.5", b"", b"x", b"5"])
    | st.text(max_size=3)
    | st.binary(max_size=3)
)

KINDS: Sequence[DraftFields] = [
    {},
    {"options": {}},
    {"options": {"subject": "通知"}},
    {"period": "2026-11"},
    {"not_before": 1_000.0},
    {"not_before": 9e9},
    {"expires_at": 9e9},
    {"limit_key": "chat"},
    {"metadata": {"amount": 3}},
    {"ordered": False},
]

DRAFTS = st.builds(
    lambda key, to, name, more: replace(draft(**more), key=f"K-{key}", recipient=f"群{to}", name=name),
    st.integers(0, 150),
    st.integers(0, 2),
    st.sampled_from(["group", "award"]),
    st.sampled_from(KINDS),
)


def stored(outbox: SqliteOutbox) -> tuple[list[Any], list[Any]]:
    return outbox.db.all("SELECT * FROM tasks ORDER BY id"), outbox.db.all("SELECT channel, next_at FROM channels")


def enqueued(folder: Path, before: Sequence[Draft], offers: Sequence[Sequence[Draft]]) -> tuple[Any, list[int]]:
    with SqliteOutbox.open(folder / "outbox.db", clock=FakeClock(2_000.0)) as outbox:
        outbox.enqueue(before)
        made = [outbox.enqueue(offer) for offer in offers]
        return stored(outbox), [id_ for one in made for id_ in one.ids]


@settings(max_examples=10, phases=[Phase.reuse, Phase.generate])
@given(st.lists(DRAFTS, max_size=3), st.lists(DRAFTS, min_size=ROWS - 1, max_size=2 * ROWS + 9))
def test_many_are_queued_as_if_each_were_alone(before: list[Draft], drafts: list[Draft]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        at_once, ids = enqueued(Path(one), before, [drafts])
        alone, ids_alone = enqueued(Path(other), before, [[draft] for draft in drafts])
    assert at_once == alone
    assert ids == ids_alone


@pytest.mark.parametrize("more", KINDS)
def test_those_alike_are_queued_as_if_each_were_alone(tmp_path: Path, more: DraftFields) -> None:
    before = [draft(key="K-3", recipient="群0"), draft(key="other", recipient="群1", not_before=9e9)]
    drafts = [replace(draft(**more), key=f"K-{at}", recipient=f"群{at % 3}") for at in range(2 * ROWS + 9)]
    drafts[ROWS] = draft(key="alone", recipient="群1")
    at_once, ids = enqueued(tmp_path / "one", before, [drafts])
    alone, ids_alone = enqueued(tmp_path / "other", before, [[draft] for draft in drafts])
    assert at_once == alone
    assert ids == ids_alone


@pytest.mark.parametrize("more", [False, True])
def test_a_statement_of_many_rows_cannot_end_half_way(outbox: SqliteOutbox, more: bool) -> None:
    sql = inserting._statement(ROWS, more=more)
    program = outbox.db.all(f"EXPLAIN {sql}", [None] * sql.count("?"))
    codes = {code for _, code, *_ in program}
    assert "HaltIfNull" in codes
    assert not {"Function", "PureFunc", "Function0"} & codes
    assert not [step for step in program if step[1] in {"Halt", "HaltIfNull"} and step[3] == OE_ABORT]


def test_what_cannot_be_kept_leaves_nothing_of_the_others(outbox: SqliteOutbox) -> None:
    drafts = [draft(key=f"K-{at}") for at in range(2 * ROWS)]
    drafts[ROWS + 3] = draft(key="wrong", text=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match=r"NOT NULL constraint failed: tasks\.message"):
        outbox.enqueue(drafts)
    assert not outbox.db.connection.in_transaction
    assert outbox.db.one("SELECT count(*) FROM tasks") == (0,)
    assert len(queue(outbox, "next")) == 1


def test_a_trigger_of_another_program_may_still_ignore(outbox: SqliteOutbox) -> None:
    outbox.db.connection.executescript(
        "CREATE TABLE seen (recipient TEXT UNIQUE);"
        "CREATE TRIGGER sees AFTER INSERT ON Tasks BEGIN INSERT OR IGNORE INTO seen VALUES (NEW.recipient); END;"
    )
    assert outbox.enqueue([draft(key=f"K-{at}") for at in range(2 * ROWS)]).new == 2 * ROWS
    assert outbox.db.all("SELECT * FROM seen") == [("测试群",)]


@given(st.tuples(*[CELLS] * 7), st.sampled_from(["queued", "sending", "sent"]))
def test_types_are_told_by_comparing(cells: tuple[object, ...], status: str) -> None:
    columns = ("campaign", "record_key", "message_name", "channel", "attempts", "worker", "started_at")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE TABLE tasks (status TEXT, sent_at REAL, completed_at REAL, reason TEXT, not_before REAL)"
        )
        for name, type_ in zip(columns, ("TEXT",) * 4 + ("INTEGER", "TEXT", "REAL"), strict=True):
            connection.execute(f"ALTER TABLE tasks ADD COLUMN {name} {type_}")
        connection.execute(
            f"INSERT INTO tasks (status, sent_at, {', '.join(columns)}) VALUES (?, ?, {', '.join('?' * 7)})",
            (status, 1.0 if status == "sent" else None, *cells),
        )
        told, wanted = connection.execute(f"SELECT {rows.perhaps_foreign()}, {TELLS_TYPES} FROM tasks").fetchone()
    assert told == wanted


def test_what_was_foreign_is_found_before_the_upgrade_and_after(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    other_versions.upgrade_so_far(file, BEFORE_COMPARING)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, campaign, record_key, message_name, channel)"
            " VALUES ('x', 'r', 't', 'queued', 'c', x'00', 'group', 'robot')"
        )
    foreign = Filter(statuses=(Status.FOREIGN,))
    for read_only in (True, False):
        with SqliteOutbox.look(file) if read_only else SqliteOutbox.open(file) as outbox:
            assert [task.campaign for task in outbox.tasks(foreign)] == ["c"]
    with closing(sqlite3.connect(file)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "tasks_perhaps_foreign" in names
    assert "tasks_foreign" not in names
