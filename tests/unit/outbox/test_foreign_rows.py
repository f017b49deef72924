"""What another program writes into the table stops nothing but its own row."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from notifykit.errors import StoreError
from notifykit.model import Claim, Outcome, Owed, Status, Task
from notifykit.operate.attention import attention
from notifykit.operate.decisions import Resolution, Selection, decide
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.figures import LATEST
from notifykit.outbox.sqlite import rows, setting_aside
from notifykit.outbox.values import ChannelBounds, Count, Filter, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason, Wording
from notifykit.wording.host import HOST

CHANNELS = {"robot": ChannelBounds()}

CELLS = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=6)
    | st.sampled_from(["processing", "FAILED", "queued", "sent", "{broken", "[1]", '"x"', "[" * 5000, "yesterday"])
)
"""What SQLite takes in any column."""

COLUMNS = tuple(name for name in rows.TASK_COLUMNS if name not in ("id", "campaign"))


def write(store: Path, sql: str, values: Any = ()) -> int:
    """Write as another program does. Returns the id of a new row."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        return connection.execute(sql, values).lastrowid or 0


def insert(store: Path, **cells: Any) -> int:
    row = {"task_type": "report", "recipient": "群", "message": "文", **cells}
    names = ", ".join(row)
    return write(store, f"INSERT INTO tasks ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def everything(outbox: SqliteOutbox) -> list[Task]:
    """Look at all that there is to be seen."""
    figures = outbox.figures()
    outbox.on_wire()
    outbox.next_due(CHANNELS)
    owed = outbox.owed("sample", after=-(2**63))
    assert outbox.owed_briefly("sample", after=-(2**63)) == [
        Owed(task.id, task.key, task.metadata, task.damaged, task.reason if task.damaged else None) for task in owed
    ]
    attention(outbox, CHANNELS)
    found = list(outbox.tasks(Filter()))
    for campaign in figures:
        assert campaign.by_status == Counter(task.status for task in found if task.campaign == campaign.campaign)
    for task in found:
        outbox.attempts(task.id)
        outbox.events(task.id)
    for status in Status:
        assert [task.id for task in outbox.tasks(Filter(statuses=(status,)))] == [
            task.id for task in found if task.status is status
        ]
    return found


def sent(outbox: SqliteOutbox) -> list[str]:
    """Send all that can be sent; returns the keys."""
    keys = []
    while claims := take(outbox, "worker", 10, CHANNELS, 60):
        for claim in claims:
            assert finish(outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))
            keys.append(claim.task.key)
    return keys


@pytest.fixture
def outbox(tmp_path: Path) -> SqliteOutbox:
    return SqliteOutbox.open(tmp_path / "outbox.db", FakeClock())


@pytest.mark.parametrize(
    ("cells", "status", "reason"),
    [
        ({"status": "processing"}, "foreign", "another program set the status to processing, which tells nothing here"),
        ({"status": "FAILED"}, "foreign", "another program set the status to FAILED, which tells nothing here"),
        ({"status": "queued"}, "foreign", "another program set the status to queued, which tells nothing here"),
        ({"status": b"\xff"}, "foreign", "another program wrote what cannot be read into status"),
        ({"metadata": "{broken"}, "foreign", "another program wrote what cannot be read into metadata"),
        ({"metadata": "[1]"}, "foreign", "another program wrote what cannot be read into metadata"),
        ({"metadata": "[" * 100_000}, "foreign", "another program wrote what cannot be read into metadata"),
        ({"message": b"\xff\x00\xfe"}, "foreign", "another program wrote what cannot be read into message"),
        ({"queued_at": "yesterday"}, "foreign", "another program wrote what cannot be read into queued_at"),
        ({"queued_at": 1e300}, "foreign", "another program wrote what cannot be read into queued_at"),
        ({"sent_at": -1.0}, "foreign", "another program wrote what cannot be read into sent_at"),
        (
            {"campaign": "sample"},
            "foreign",
            "another program wrote what cannot be read into record_key, message_name",
        ),
        ({"recipient": 5}, "pending", None),
        ({"id": -7}, "pending", None),
        ({"metadata": '{"x": 1}', "status": "completed"}, "completed", None),
    ],
)
def test_a_row_of_another_program_is_shown_and_left_alone(
    outbox: SqliteOutbox, cells: dict[str, Any], status: str, reason: str | None
) -> None:
    with closing(outbox):
        id_ = insert(outbox.db.path, **cells)
        outbox.enqueue([draft()])
        before = outbox.db.all("SELECT * FROM tasks WHERE id = ?", (id_,))
        (task,) = outbox.tasks(Filter(ids=(id_,)))
        assert task.status == status
        assert reason is None or str(task.reason).startswith(reason)
        everything(outbox)
        assert sent(outbox) == ["C-1"]
        assert outbox.db.all("SELECT * FROM tasks WHERE id = ?", (id_,)) == before


def test_a_key_that_is_not_utf8_leaves_the_others_as_they_wait(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key="C-1"), draft(key="C-2")])
        write(outbox.db.path, "UPDATE tasks SET record_key = CAST(? AS TEXT) WHERE record_key = 'C-2'", (b"\xff",))
        ledger = outbox.ledger("sample")
        assert (ledger.waits("C-1"), ledger.waits("C-2")) == ({draft().name: "queued"}, {})


def test_text_that_is_not_utf8_is_shown_escaped_wherever_it_stands(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=f"C-{number}") for number in range(3)])
        write(
            outbox.db.path,
            "INSERT INTO tasks (task_type, recipient, message, campaign) VALUES ('x', 'g', ?, CAST(? AS TEXT))",
            (b"\xff", b"\xfe"),
        )
        write(outbox.db.path, "UPDATE tasks SET message = CAST(x'41ff' AS TEXT) WHERE id = 4")
        *ours, theirs = everything(outbox)
        assert [task.key for task in ours] == ["C-0", "C-1", "C-2"]
        assert (theirs.text, theirs.campaign, theirs.status) == ("A\\xff", "\\xfe", Status.FOREIGN)
        assert [figures.campaign for figures in outbox.figures()] == ["sample"]


@pytest.mark.parametrize("bad", [(1,), (3,), (1, 2, 3), (2, 3)])
def test_rows_are_listed_once_each_wherever_a_text_is_not_utf8(outbox: SqliteOutbox, bad: tuple[int, ...]) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=f"C-{number}") for number in (1, 2, 3)])
        for id_ in bad:
            write(outbox.db.path, "UPDATE tasks SET message = CAST(x'41ff' AS TEXT) WHERE id = ?", (id_,))
    with SqliteOutbox.open(outbox.db.path, FakeClock()) as anew:
        assert [task.id for task in anew.tasks(Filter())] == [1, 2, 3]
    with SqliteOutbox.open(outbox.db.path, FakeClock()) as anew:
        assert [task.id for task in anew.tasks(Filter(ids=bad))] == list(bad)


@pytest.mark.parametrize("status", ["queued", "failed", "in_doubt", "sending", "sent", "completed"])
def test_a_row_without_a_channel_is_counted_once(outbox: SqliteOutbox, status: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key, recipient=key) for key in "ab"])
        write(outbox.db.path, "UPDATE tasks SET channel = NULL, status = ? WHERE record_key = 'a'", (status,))
        assert outbox.figures()[0].by_status == {Status.FOREIGN: 1, Status.QUEUED: 1}


def test_figures_tell_of_the_latest_attempts(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=f"{number}", recipient=f"{number}") for number in range(LATEST + 1)])
        write(
            outbox.db.path,
            "INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict)"
            " SELECT id, 1, channel, 'w', 1.0, 2.0, iif(id = 1, 'rejected', 'accepted') FROM tasks",
        )
        (figures,) = outbox.figures()
        assert (figures.success_rate, figures.errors) == (1.0, {})


def test_a_message_whose_status_was_changed_waits_for_a_person(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key, recipient=key) for key in "abc"])
        write(outbox.db.path, "UPDATE tasks SET status = 'processing' WHERE record_key <> 'c'")
        assert attention(outbox, CHANNELS).foreign == 2
        assert (outbox.figures()[0].by_status[Status.FOREIGN], sent(outbox)) == (2, ["c"])
        for id_, resolution in ((1, Resolution.SENT), (2, Resolution.RESEND)):
            decide(outbox, Selection(ids=(id_,)), resolution, who="p", why="looked", wording=Wording(HOST))
        assert sent(outbox) == ["b"]
        assert {task.status for task in outbox.tasks(Filter())} == {Status.SENT}


@pytest.mark.parametrize("column", ["metadata", "recipient", "message", "queued_at", "not_before"])
def test_a_message_that_was_damaged_is_set_aside_and_bars_no_other(outbox: SqliteOutbox, column: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key) for key in "abc"])
        write(outbox.db.path, f"UPDATE tasks SET {column} = x'ff', reason = 'x', reason_code = 'y' WHERE id = 1")
        claims: list[Claim] = take(outbox, "worker", 1, CHANNELS, 60)
        assert [claim.task.key for claim in claims] == ["b"]
        outbox.release(claims[0])
        assert sent(outbox) == ["b", "c"]
        (damaged,) = outbox.tasks(Filter(statuses=(Status.FAILED,)))
        assert (damaged.key, damaged.damaged) == ("a", True)
        assert damaged.reason is not None
        assert damaged.reason.code == "cells_unreadable"
        assert [event.kind for event in outbox.events(1)] == ["set_aside"]
        assert attention(outbox, CHANNELS).failed == Count(1)


def test_a_message_that_was_mended_goes_out_when_it_is_tried_again(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        write(outbox.db.path, "UPDATE tasks SET metadata = '{'")
        assert sent(outbox) == []
        write(outbox.db.path, "UPDATE tasks SET metadata = '{}'")
        decide(outbox, Selection(ids=(1,)), Resolution.RETRY, who="p", why="mended", wording=Wording(HOST))
        assert sent(outbox) == ["C-1"]


def test_a_turn_that_is_no_time_is_now(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        write(outbox.db.path, "UPDATE tasks SET due_at = 'soon'")
        assert sent(outbox) == []
        assert outbox.next_due(CHANNELS) is None
        outbox.mend_times()
        assert sent(outbox) == ["C-1"]


@pytest.mark.parametrize("taken", ["DELETE FROM tasks WHERE id = 1", "UPDATE tasks SET recipient = 'x' WHERE id = 1"])
def test_a_lane_whose_first_message_was_taken_away_goes_on(outbox: SqliteOutbox, taken: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key) for key in "abc"])
        write(outbox.db.path, taken)
        before = sent(outbox)
        outbox.mend_times()
        assert before + sent(outbox) in (["b", "c"], ["a", "b", "c"])


@pytest.mark.parametrize(
    "taken", ["DELETE FROM tasks WHERE id = 1", "UPDATE tasks SET status = 'completed' WHERE id = 1"]
)
def test_so_does_one_beside_which_others_of_the_channel_have_their_turns(outbox: SqliteOutbox, taken: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key, recipient="x") for key in "abc"])
        outbox.enqueue([draft(key="waits", recipient="y")])
        claims = {one.task.key: one for one in take(outbox, "worker", 10, CHANNELS, 60)}
        later = Transition(status=Status.QUEUED, not_before=outbox.now() + 3600)
        finish(outbox, claims["waits"], Outcome.retry("busy"), later)
        outbox.release(claims["a"])
        write(outbox.db.path, taken)
        outbox.mend_times()
        assert sent(outbox) == ["b", "c"]


def test_lanes_that_were_taken_their_turns_are_found_in_every_channel(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        lanes = [(channel, recipient) for channel in ("a", "b", "c") for recipient in ("x", "y", "z")]
        outbox.enqueue(
            [draft(key=f"{one}{of}{number}", channel=one, recipient=of) for one, of in lanes for number in (1, 2)]
        )
        write(outbox.db.path, "DELETE FROM tasks WHERE due_at IS NOT NULL AND record_key <> 'by1'")
        with outbox.transaction():
            setting_aside.mend_lanes(outbox.db)
        due = outbox.db.all("SELECT record_key FROM tasks WHERE due_at IS NOT NULL ORDER BY record_key")
        assert due == [("ax2",), ("ay2",), ("az2",), ("bx2",), ("by1",), ("bz2",), ("cx2",), ("cy2",), ("cz2",)]


def test_what_a_task_on_the_wire_says_is_recovered_whatever_it_is(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        take(outbox, "worker", 1, CHANNELS, 60)
        write(outbox.db.path, "UPDATE tasks SET lease = 'long', beat = 'x', metadata = '['")
        insert(outbox.db.path, status="sending", channel="robot", worker=b"\xff")
        (claim,) = outbox.on_wire()
        assert outbox.expire(claim, Outcome.unknown("gone"), Transition(status=Status.IN_DOUBT))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("worker = x'ff'", "another program wrote what cannot be read into worker"),
        ("started_at = x'00'", "another program wrote what cannot be read into started_at"),
        ("started_at = 1e300", "another program wrote what cannot be read into started_at"),
        ("attempts = NULL", "another program wrote what cannot be read into attempts"),
        ("attempts = 'x'", "another program wrote what cannot be read into attempts"),
        ("worker = NULL", "another program set the status to sending, which tells nothing here"),
    ],
)
def test_a_claim_that_was_written_over_is_given_up_and_bars_no_other(
    outbox: SqliteOutbox, cells: str, reason: str
) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key) for key in "ab"])
        take(outbox, "worker", 1, CHANNELS, 60)
        write(outbox.db.path, f"UPDATE tasks SET {cells} WHERE record_key = 'a'")
        assert ([str(task.reason) for task in everything(outbox) if task.status is Status.FOREIGN]) == [reason]
        assert outbox.figures()[0].by_status == {Status.FOREIGN: 1, Status.QUEUED: 1}
        assert (outbox.on_wire(), outbox.attempts(1), attention(outbox, CHANNELS).foreign) == ([], [], 1)
        outbox.mend_times()
        assert [event.kind for event in outbox.events(1)] == ["set_aside"]
        assert (sent(outbox), attention(outbox, CHANNELS).in_doubt) == (["b"], Count(1))
        decide(outbox, Selection(ids=(1,)), Resolution.RESEND, who="p", why="looked", wording=Wording(HOST))
        assert sent(outbox) == ["a"]


def test_a_late_result_settles_the_doubt_of_a_claim_that_was_written_over(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        (claim,) = take(outbox, "worker", 1, CHANNELS, 60)
        write(outbox.db.path, "UPDATE tasks SET worker = x'ff'")
        outbox.mend_times()
        assert finish(outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))
        assert [task.status for task in outbox.tasks(Filter())] == [Status.SENT]


@pytest.mark.parametrize("number", ["NULL", "x'ff'", "'many'", "1.5", str(2**63 - 1)])
def test_a_message_whose_attempts_are_no_number_is_not_sent_before_a_person_says_so(
    outbox: SqliteOutbox, number: str
) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key) for key in "ab"])
        write(outbox.db.path, f"UPDATE tasks SET attempts = {number} WHERE record_key = 'a'")
        assert sent(outbox) == ["b"]
        (damaged,) = outbox.tasks(Filter(statuses=(Status.FAILED,)))
        assert str(damaged.reason) == "another program wrote what cannot be read into attempts"


@pytest.mark.parametrize("number", ["NULL", "x'ff'", "'many'", "1.5"])
def test_a_person_who_has_it_tried_again_mends_the_number_of_its_attempts(outbox: SqliteOutbox, number: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        take(outbox, "worker", 1, CHANNELS, 60)
        finish(outbox, outbox.on_wire()[0], Outcome.retry("busy"), Transition(status=Status.QUEUED))
        write(outbox.db.path, f"UPDATE tasks SET attempts = {number}")
        assert sent(outbox) == []
        decide(outbox, Selection(ids=(1,)), Resolution.RETRY, who="p", why="looked", wording=Wording(HOST))
        assert sent(outbox) == ["C-1"]
        assert [attempt.number for attempt in outbox.attempts(1)] == [1, 2]


@pytest.mark.parametrize("status", ["sent", "completed", "cancelled", "pending"])
def test_a_status_that_a_waiting_message_cannot_have_come_to_is_not_believed(outbox: SqliteOutbox, status: str) -> None:
    with closing(outbox):
        outbox.enqueue([draft(key=key, name=name) for key in "ab" for name in ("one", "two")])
        write(outbox.db.path, "UPDATE tasks SET status = ? WHERE id = 1", (status,))
        outbox.mend_times()
        sent(outbox)
        assert [task.id for task in everything(outbox) if task.status is Status.FOREIGN] == [1]
        assert outbox.figures()[0].by_status == {Status.FOREIGN: 1, Status.SENT: 3}
        assert (outbox.figures()[0].flags_owed, [task.key for task in outbox.owed("sample")]) == (1, ["b", "b"])
        ledger = outbox.ledger("sample")
        assert (ledger.delivered("a"), ledger.delivered("b"), outbox.reopen_write_back("sample", ["a"])) == (
            False,
            True,
            0,
        )
        assert attention(outbox, CHANNELS).foreign == 1


@pytest.mark.parametrize("resolution", [Resolution.SENT, Resolution.RESEND, Resolution.CANCEL])
@pytest.mark.parametrize("status", ["sent", "completed", "cancelled", "pending"])
def test_a_person_decides_about_a_status_that_is_not_believed(
    outbox: SqliteOutbox, status: str, resolution: Resolution
) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        write(outbox.db.path, "UPDATE tasks SET status = ?", (status,))
        (task,) = decide(outbox, Selection(ids=(1,)), resolution, who="p", why="looked", wording=Wording(HOST))
        assert task.status is resolution.to
        assert sent(outbox) == (["C-1"] if resolution is Resolution.RESEND else [])


def test_a_retry_that_another_program_cancelled_waits_for_a_person(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        outbox.enqueue([draft()])
        (claim,) = take(outbox, "worker", 1, CHANNELS, 60)
        later = Transition(status=Status.QUEUED, reason=Reason("busy"), not_before=outbox.db.clock.now() + 60)
        finish(outbox, claim, Outcome.retry("busy"), later)
        write(outbox.db.path, "UPDATE tasks SET status = 'cancelled'")
        assert attention(outbox, CHANNELS).foreign == 1


@pytest.mark.parametrize("ordered", [True, False])
def test_what_was_sent_is_not_sent_again_because_another_program_queues_it(outbox: SqliteOutbox, ordered: bool) -> None:
    with closing(outbox):
        outbox.enqueue([draft(ordered=ordered)])
        assert sent(outbox) == ["C-1"]
        outbox.complete([1])
        write(outbox.db.path, "UPDATE tasks SET status = 'queued', due_at = 0.0")
        assert attention(outbox, CHANNELS).foreign == 1
        outbox.mend_times()
        assert sent(outbox) == []
        (aside,) = outbox.tasks(Filter())
        assert (aside.status, str(aside.reason)) == (
            Status.FAILED,
            "another program set the status to queued, which tells nothing here",
        )


def test_the_highest_id_is_told_and_nothing_is_half_queued(outbox: SqliteOutbox) -> None:
    with closing(outbox):
        insert(outbox.db.path, id=2**63 - 1)
        with pytest.raises(StoreError, match="made a row with the id 9223372036854775807") as caught:
            outbox.enqueue([draft(key="a"), draft(key="b")])
        assert not caught.value.passing
        write(outbox.db.path, "DELETE FROM tasks")
        write(outbox.db.path, "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'tasks'")
        assert outbox.enqueue([draft(key="a")]).new == 1


@example(theirs={}, ours={"not_before": 253_402_300_800.0})  # the year 10000
@given(
    theirs=st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=4),
    ours=st.dictionaries(st.sampled_from([name for name in COLUMNS if name != "channel"]), CELLS, max_size=3),
)
def test_whatever_stands_in_two_rows_the_others_go_out_once(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    wait = ours.get("not_before")
    assume(not isinstance(wait, int | float) or not 0 < wait <= 253_402_300_799)  # then it is a time, and means to wait
    with TemporaryDirectory() as folder, SqliteOutbox.open(Path(folder) / "outbox.db", FakeClock()) as outbox:
        db = outbox.db
        outbox.enqueue([draft(key=f"C-{number}") for number in range(4)])
        names = ["task_type", "recipient", "message", *(name for name in theirs if name not in LEGACY)]
        values = [theirs.get(name, "x") for name in names]
        try:
            places = ", ".join("?" * len(names))
            db.connection.execute(f"INSERT INTO tasks ({', '.join(names)}) VALUES ({places})", values)
            for name, value in ours.items():
                db.connection.execute(f"UPDATE tasks SET {name} = ? WHERE id = 2", (value,))
        except sqlite3.IntegrityError:
            return  # NULL in a column of the old program
        everything(outbox)
        gone = sent(outbox)
        outbox.mend_times()
        gone += sent(outbox)
        everything(outbox)
        assert sorted(key for key in gone if key in ("C-0", "C-2", "C-3")) == ["C-0", "C-2", "C-3"]


LEGACY = ("task_type", "recipient", "message")
