"""Each row of the table of a rollback: what the present of a contract becomes in the old program's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plans
import pytest
from notifykit_migration.model import (
    ContractPlan,
    FlagState,
    MessageTreatment,
    OutboxState,
    Return,
    RowState,
    StatusFileState,
    Treatment,
)
from notifykit_migration.rollback.translate import OldState, TaskView, returned
from notifykit_migration.wording.way_back import PERHAPS_ACCEPTED

from notifykit.model import Status
from notifykit.wording import Reason

KEY, WORD = "2025080000000000001", "发送成功"

Made = Sequence[tuple[str, Treatment, int | None]]


def plan(
    json: StatusFileState, rows: RowState, column: FlagState, decisions: Made, *, set_flag: bool = False
) -> ContractPlan:
    return ContractPlan(
        key=KEY,
        number="YHWX-BJ-SDHY-2025080001",
        json=json,
        rows=rows,
        column=column,
        decisions=tuple(
            MessageTreatment(message=message, decision=decision, why=plans.AS_IT_IS, row=row)
            for message, decision, row in decisions
        ),
        set_flag=set_flag,
    )


def seen(id_: int, message: str, status: Status, *, round_: int = 1, doubt: Reason | None = None) -> TaskView:
    return TaskView(id_, message, round_, status, doubt)


def back(
    decided: ContractPlan | None,
    tasks: Sequence[TaskView],
    column: FlagState,
    rows: Mapping[int, str] | None = None,
    word: str | None = None,
    *,
    unreadable: bool = False,
    quiet: bool = False,
) -> Return:
    before = OldState(sent_word=WORD, word=word, unreadable=unreadable, rows=rows or {})
    return returned("beijing", KEY, decided, tasks, column, before, quiet=quiet)


def told(found: Return) -> tuple[OutboxState, FlagState, str | None, Mapping[int, str]]:
    return found.present, found.column, found.json, found.rows


NEW = [
    ("never queued", [], (OutboxState.NEVER, FlagState.UNSENT, None, {})),
    ("queued", [("group", Status.QUEUED)], (OutboxState.QUEUED, FlagState.SENT, WORD, {1: "pending"})),
    ("sent", [("group", Status.SENT)], (OutboxState.SENT, FlagState.SENT, WORD, {1: "completed"})),
    ("completed", [("group", Status.COMPLETED)], (OutboxState.SENT, FlagState.SENT, WORD, {1: "completed"})),
    (
        "some sent",
        [("group", Status.COMPLETED), ("award", Status.QUEUED)],
        (OutboxState.PARTLY, FlagState.SENT, WORD, {1: "completed", 2: "pending"}),
    ),
    ("sending", [("group", Status.SENDING)], (OutboxState.HELD, FlagState.SENT, WORD, {})),
    ("in doubt", [("group", Status.IN_DOUBT)], (OutboxState.HELD, FlagState.SENT, WORD, {})),
    ("failed", [("group", Status.FAILED)], (OutboxState.HELD, FlagState.SENT, WORD, {})),
    (
        "one held, one queued",
        [("group", Status.FAILED), ("award", Status.QUEUED)],
        (OutboxState.HELD, FlagState.SENT, WORD, {2: "pending"}),
    ),
    ("cancelled", [("group", Status.CANCELLED)], (OutboxState.CANCELLED, FlagState.SENT, WORD, {})),
    (
        "one cancelled, one sent",
        [("group", Status.CANCELLED), ("award", Status.SENT)],
        (OutboxState.SENT, FlagState.SENT, WORD, {2: "completed"}),
    ),
]


@pytest.mark.parametrize(("tasks", "expected"), [row[1:] for row in NEW], ids=[row[0] for row in NEW])
def test_a_contract_that_came_after_the_migration(
    tasks: Sequence[tuple[str, Status]], expected: tuple[OutboxState, FlagState, str | None, Mapping[int, str]]
) -> None:
    found = [seen(at, message, status) for at, (message, status) in enumerate(tasks, 1)]
    assert told(back(None, found, FlagState.UNSENT)) == expected


def test_a_queued_message_that_may_have_left_is_held() -> None:
    tasks = [seen(1, "group", Status.QUEUED, doubt=PERHAPS_ACCEPTED())]
    assert told(back(None, tasks, FlagState.UNSENT)) == (OutboxState.HELD, FlagState.SENT, WORD, {})


def test_a_second_round_is_a_row_of_its_own() -> None:
    tasks = [seen(1, "group", Status.COMPLETED), seen(9, "group", Status.QUEUED, round_=2)]
    assert told(back(None, tasks, FlagState.SENT)) == (
        OutboxState.PARTLY,
        FlagState.SENT,
        WORD,
        {1: "completed", 9: "pending"},
    )


@pytest.mark.parametrize("column", [FlagState.OTHER, FlagState.MISSING])
def test_a_flag_that_says_neither_stays(column: FlagState) -> None:
    assert back(None, [seen(1, "group", Status.SENT)], column).column is column


def test_the_normal_queue_comes_back_as_it_was() -> None:
    """sent / pending / Y: the old program would send the row, and so would we."""
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.SENT, [("group", Treatment.ADOPT, 5)])
    found = back(decided, [seen(5, "group", Status.QUEUED)], FlagState.SENT, {5: "pending"}, WORD)
    assert told(found) == (OutboxState.UNCHANGED, FlagState.SENT, WORD, {5: "pending"})


def test_a_flag_that_the_migration_set_is_taken_back() -> None:
    """sent / completed / N: the file keeps the old job from making it again."""
    decided = plan(
        StatusFileState.SENT, RowState.COMPLETED, FlagState.UNSENT, [("group", Treatment.SENT, 5)], set_flag=True
    )
    found = back(decided, [seen(5, "group", Status.COMPLETED)], FlagState.SENT, {5: "completed"}, WORD)
    assert told(found) == (OutboxState.UNCHANGED, FlagState.UNSENT, WORD, {5: "completed"})


def test_a_contract_that_the_old_program_would_send_again_is_not_put_back_as_it_was() -> None:
    """absent / completed / N: the crash before the file was written."""
    decided = plan(
        StatusFileState.ABSENT, RowState.COMPLETED, FlagState.UNSENT, [("group", Treatment.SENT, 5)], set_flag=True
    )
    found = back(decided, [seen(5, "group", Status.COMPLETED)], FlagState.SENT, {5: "completed"})
    assert told(found) == (OutboxState.SENT, FlagState.SENT, WORD, {5: "completed"})


def test_a_pending_twin_is_not_put_back() -> None:
    decided = ContractPlan(
        key=KEY,
        number="1",
        json=StatusFileState.SENT,
        rows=RowState.MIXED,
        column=FlagState.SENT,
        decisions=(
            MessageTreatment(message="group", decision=Treatment.SENT, why=plans.AS_IT_IS, row=5),
            MessageTreatment(message="group", decision=Treatment.CANCEL, why=plans.AS_IT_IS, row=6, round=2),
        ),
    )
    tasks = [seen(5, "group", Status.COMPLETED), seen(6, "group", Status.CANCELLED, round_=2)]
    found = back(decided, tasks, FlagState.SENT, {5: "completed", 6: "pending"}, WORD)
    assert told(found) == (OutboxState.SENT, FlagState.SENT, WORD, {5: "completed"})


def test_a_stale_row_that_was_held_stays_held() -> None:
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.SENT, [("group", Treatment.HOLD, 5)])
    found = back(decided, [seen(5, "group", Status.IN_DOUBT)], FlagState.SENT, {5: "pending"}, WORD)
    assert told(found) == (OutboxState.HELD, FlagState.SENT, WORD, {})


def test_a_row_that_was_held_waits_again_where_nothing_happened_to_any_contract() -> None:
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.SENT, [("group", Treatment.HOLD, 5)])
    found = back(decided, [seen(5, "group", Status.IN_DOUBT)], FlagState.SENT, {5: "pending"}, WORD, quiet=True)
    assert told(found) == (OutboxState.UNCHANGED, FlagState.SENT, WORD, {5: "pending"})


@pytest.mark.parametrize("twin", [Treatment.CANCEL, None])
def test_a_held_row_is_not_given_back_with_what_would_send_it_twice(twin: Treatment | None) -> None:
    decisions = [("group", Treatment.HOLD, 5), *([("group", twin, 6)] if twin else [])]
    json, column = (StatusFileState.SENT, FlagState.SENT) if twin else (StatusFileState.ABSENT, FlagState.UNSENT)
    decided = plan(json, RowState.PENDING, column, decisions)
    tasks = [seen(5, "group", Status.IN_DOUBT), *([seen(6, "group", Status.CANCELLED)] if twin else [])]
    found = back(decided, tasks, column, {5: "pending", 6: "pending"}, WORD if twin else None, quiet=True)
    assert told(found) == (OutboxState.HELD, FlagState.SENT, WORD, {})


def test_a_historic_hold_without_a_row_leaves_the_old_state_as_it_was() -> None:
    """sent / none / Y: the old program would do nothing, and so would we."""
    decided = plan(StatusFileState.SENT, RowState.NONE, FlagState.SENT, [("group", Treatment.HOLD, None)])
    found = back(decided, [seen(70, "group", Status.IN_DOUBT)], FlagState.SENT, {}, WORD)
    assert told(found) == (OutboxState.UNCHANGED, FlagState.SENT, WORD, {})


def test_what_was_held_without_a_row_is_left_to_the_old_program_that_would_make_it() -> None:
    decided = plan(StatusFileState.OTHER, RowState.NONE, FlagState.UNSENT, [("group", Treatment.HOLD, None)])
    found = back(decided, [seen(70, "group", Status.IN_DOUBT)], FlagState.UNSENT, {}, "?")
    assert told(found) == (OutboxState.UNCHANGED, FlagState.UNSENT, "?", {})


def test_a_key_behind_a_tear_is_written() -> None:
    decided = plan(StatusFileState.OTHER, RowState.PENDING, FlagState.SENT, [("group", Treatment.ADOPT, 5)])
    tasks = [seen(5, "group", Status.QUEUED)]
    found = back(decided, tasks, FlagState.SENT, {5: "pending"}, unreadable=True)
    assert told(found) == (OutboxState.QUEUED, FlagState.SENT, WORD, {5: "pending"})


def test_what_was_sent_since_is_not_unchanged() -> None:
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.SENT, [("group", Treatment.ADOPT, 5)])
    found = back(decided, [seen(5, "group", Status.SENT)], FlagState.SENT, {5: "pending"}, WORD)
    assert told(found) == (OutboxState.SENT, FlagState.SENT, WORD, {5: "completed"})


def test_a_contract_that_was_left_to_the_next_generation_and_generated_since() -> None:
    decided = plan(StatusFileState.ABSENT, RowState.NONE, FlagState.UNSENT, [("group", Treatment.GENERATE, None)])
    assert back(decided, [], FlagState.UNSENT).present is OutboxState.NEVER
    found = back(decided, [seen(80, "group", Status.QUEUED)], FlagState.UNSENT)
    assert told(found) == (OutboxState.QUEUED, FlagState.SENT, WORD, {80: "pending"})


def test_a_flag_that_somebody_reset_is_set_where_nothing_else_keeps_the_old_job_from_it() -> None:
    decided = plan(StatusFileState.ABSENT, RowState.COMPLETED, FlagState.SENT, [("group", Treatment.SENT, 5)])
    found = back(decided, [seen(5, "group", Status.COMPLETED)], FlagState.UNSENT, {5: "completed"})
    assert (found.column, found.json) == (FlagState.SENT, WORD)


def test_a_flag_that_somebody_set_stays_set() -> None:
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.UNSENT, [("group", Treatment.ADOPT, 5)])
    found = back(decided, [seen(5, "group", Status.QUEUED)], FlagState.SENT, {5: "pending"}, WORD)
    assert told(found) == (OutboxState.UNCHANGED, FlagState.SENT, WORD, {5: "pending"})


def test_a_task_that_somebody_deleted_is_held() -> None:
    decided = plan(StatusFileState.SENT, RowState.PENDING, FlagState.SENT, [("group", Treatment.ADOPT, 5)])
    assert told(back(decided, [], FlagState.SENT, {5: "pending"}, WORD)) == (OutboxState.HELD, FlagState.SENT, WORD, {})


def test_what_the_outbox_had_before_the_migration_is_translated() -> None:
    decided = plan(StatusFileState.SENT, RowState.NONE, FlagState.SENT, [("group", Treatment.OWNED, None)])
    found = back(decided, [seen(5, "group", Status.COMPLETED)], FlagState.SENT, {}, WORD)
    assert told(found) == (OutboxState.SENT, FlagState.SENT, WORD, {5: "completed"})
