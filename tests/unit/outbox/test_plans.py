"""Every statement of the hot path is a search in an index, whatever the planner learns about the data."""

from __future__ import annotations

from typing import Any

import pytest

from notifykit.model import Draft, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import (
    channel_times,
    claiming,
    counting,
    deciding,
    lanes,
    looking,
    postponing,
    pulsing,
    queueing,
    rates,
    recent,
    recording,
    rows,
    setting_aside,
    standing,
    writeback,
)
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing.outbox.steps import finish, take

NAMED = {"campaign": "c", "channel": "ch", "now": 1.0, "room": 1, "last": 0, "id": 1, "worker": "w"}

KEYED = {"campaign": "c", "key": "k", "message": "m"}
IN_PERIOD = KEYED | {"period": "2026-11-29"}

NOTED = {"decision": 1, "id": 1, "became": "queued", "was": None, "tries": 0, "not_before": 0.0, "doubted_at": None}
NOTED |= {"sent_at": None, "reason": None, "reason_code": None, "reason_params": None}

LATELY = {"since": 1.0, "until": 2.0}

STATEMENTS: dict[str, tuple[str, Any, str]] = {
    "due": (claiming._DUE, NAMED, "tasks_due"),
    "due of a campaign": (claiming._DUE_OF_CAMPAIGN, NAMED, "tasks_open (status=? AND campaign=? AND channel=?)"),
    "turn of a campaign": (
        channel_times._TURN_OF_CAMPAIGN,
        NAMED,
        "tasks_open (status=? AND campaign=? AND channel=?)",
    ),
    "used": (rates._USED, {"channel": "ch", "from": 0.0, "to": 1.0}, "PRIMARY KEY"),
    "standing": (recording._STANDING.format("?, ?"), (1, 2), "PRIMARY KEY"),
    "move": (recording._MOVE, (None,) * 13, "PRIMARY KEY"),
    "worth a look": (channel_times._WORTH_A_LOOK, (1.0,), "channels_next"),
    "waiting": (channel_times._WAITING, (), "channels_next"),
    "look again": (channel_times._LOOK_AGAIN, (), "tasks_due"),
    "next lane": (setting_aside._LANES_OF_NOBODY, (), "tasks_lane (channel=? AND recipient>?)"),
    "next channel with lanes": (setting_aside._LANES_OF_NOBODY, (), "tasks_lane (channel>?)"),
    "first of a lane": (setting_aside._LANES_OF_NOBODY, (), "tasks_lane (channel=? AND recipient=?)"),
    "waits set in the future": (claiming._WAITS_SET_IN_THE_FUTURE, NAMED, "tasks_due (channel=? AND due_at>?)"),
    "new turns": (channel_times._NEW_TURNS, (0,), "PRIMARY KEY"),
    "lane": (lanes._LANE, ("ch", "r"), "tasks_lane"),
    "busy": (lanes._BUSY, ("ch", "r"), "tasks_sending"),
    "first of lanes": (
        lanes._FIRST.format("(?, ?), (?, ?)"),
        ("ch", "r") * 2,
        "tasks_lane (channel=? AND recipient=?)",
    ),
    "first task of each": (lanes._FIRST.format("(?, ?)"), ("ch", "r"), "PRIMARY KEY"),
    "behind retries": (lanes._BEHIND_RETRIES, NAMED, "tasks_retrying"),
    "place new": (lanes._PLACE_NEW, NAMED, "PRIMARY KEY"),
    "delivered": (queueing._DELIVERED, IN_PERIOD, "tasks_dedup (campaign=? AND record_key=?)"),
    "known": (queueing._KNOWN, IN_PERIOD, "tasks_dedup (campaign=? AND record_key=? AND message_name=?)"),
    "last period": (queueing._LAST_PERIOD, ("c", "k", "m"), "tasks_periods (campaign=? AND record_key=?"),
    "any period": (queueing._ANY_PERIODS, (), "tasks_periods"),
    "expired": (postponing._EXPIRED, (1e9, 10), "tasks_expiring (expires_at>? AND expires_at<?)"),
    "completed": (queueing._COMPLETED, ("c", "k"), "tasks_dedup (campaign=? AND record_key=?)"),
    "owed": (writeback._OWED, ("c", 0, 10), "tasks_owed (campaign=?"),
    "what was before": (deciding._NOTE, NOTED, "tasks_dedup (campaign=? AND record_key=?)"),
    "what happened since": (deciding._STANDING, (1,), "decided_task (task_id=? AND decision>?)"),
    "open": (pulsing._OPEN, {"status": "queued", "most": 9}, "tasks_open (status=? AND campaign=? AND channel=?"),
    "next channel": (pulsing._OPEN, {"status": "queued", "most": 9}, "(status=? AND campaign=? AND channel>?)"),
    "owing": (pulsing._OWED, {"most": 9}, "tasks_owed (campaign>?)"),
    "flags owed": (pulsing._OWED, {"most": 9}, "tasks_owed (campaign=?)"),
    "oldest doubt": (pulsing._FIRST_DOUBT, ("c",), "tasks_doubts (campaign=?)"),
    "uncounted": (counting._UNCOUNTED, (10,), "SEARCH attempts USING PRIMARY KEY (task_id=? AND number=?)"),
    "lately accepted": (recent._ACCEPTED, LATELY, "attempts_finished (finished_at>? AND finished_at<?)"),
    "lately not accepted": (recent._OTHERS, LATELY, "attempts_finished (finished_at>? AND finished_at<?)"),
    "perhaps twice lately": (recent._TWICE, LATELY, "attempts_finished (finished_at>? AND finished_at<?)"),
    "never tried": (pulsing._FIRST_DUE, NAMED, "tasks_due (channel=? AND due_at=?)"),
    "retries": (pulsing._FIRST_DUE, NAMED, "tasks_due (channel=? AND due_at>?)"),
}

FOUND = ("waiting", "open", "owing", "lane", "channels", "uncounted")
"""What is read whole: the rows that a recursion has found, the few of the channels, and what waits to be counted."""


@pytest.fixture
def filled(outbox: SqliteOutbox) -> SqliteOutbox:
    outbox.enqueue(
        [
            Draft(campaign="c", key=str(n), name="m", recipient=f"r{n % 7}", text="t", channel="ch", task_type="x")
            for n in range(500)
        ]
    )
    for claim in take(outbox, "w", 7, {"ch": ChannelBounds()}, 60):
        finish(outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))
    outbox.db.execute("ANALYZE")
    return outbox


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_planner_uses_the_index(filled: SqliteOutbox, name: str) -> None:
    sql, values, wanted = STATEMENTS[name]
    plan = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any(wanted in step for step in plan), plan
    scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step and "CONSTANT" not in step]
    scans = [step for step in scans if step.removeprefix("SCAN ") not in FOUND and "subquery" not in step]
    assert not scans, plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


@pytest.mark.parametrize("sql", [looking._PAGE.format(table=looking._PERHAPS_FOREIGN, terms=rows.perhaps_foreign())])
def test_what_may_be_foreign_is_read_alone(filled: SqliteOutbox, sql: str) -> None:
    plan = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {sql}", (10,))]
    assert plan == ["SCAN tasks USING INDEX tasks_perhaps_foreign"]


def test_what_waits_for_a_person_is_found_among_that_alone(filled: SqliteOutbox) -> None:
    terms = f"{looking._UNDECIDED} AND campaign = ? AND status IN (?)"
    sql = looking._PAGE.format(table=looking._BY_ID, terms=terms)
    plan = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {sql}", ("c", "failed", 10))]
    assert plan[0] == "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)"
    assert any("tasks_open (status=?" in step for step in plan), plan


def test_a_key_is_found_by_one_seek_for_each_campaign(filled: SqliteOutbox) -> None:
    sql = looking._PAGE.format(table=looking._BY_ANY, terms=looking._OF_KEY)
    plan = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {sql}", ("k", "k", 10))]
    assert plan[0] == "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)"
    assert any("tasks_dedup (campaign=? AND record_key=?)" in step for step in plan), plan


def test_what_is_done_is_counted_in_an_index_alone(filled: SqliteOutbox) -> None:
    (step,) = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {standing._ALL}")]
    assert "tasks USING COVERING INDEX tasks_dedup" in step
    counted = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {standing._NOT_DONE}")]
    assert any("tasks USING COVERING INDEX tasks_open" in step for step in counted), counted
    assert all("INDEX" in step for step in counted if "tasks" in step), counted


@pytest.mark.parametrize("sql", [claiming._ON_WIRE, pulsing._SENDING])
def test_what_is_on_the_wire_is_found_by_its_index(filled: SqliteOutbox, sql: str) -> None:
    plan = [row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {sql}")]
    assert plan[0] == "SCAN tasks USING INDEX tasks_sending"


def test_waiting_keys_are_read_from_the_indexes_of_what_waits(filled: SqliteOutbox) -> None:
    plan = [
        row[3] for row in filled.db.all(f"EXPLAIN QUERY PLAN {queueing._WAITING}", {"campaign": "c", "digests": "d"})
    ]
    assert not [step for step in plan if step == "SCAN tasks"], plan
