"""The decision table, cell by cell, written down a second time as people would read it."""

from __future__ import annotations

import itertools

import pytest
from notifykit_migration.model import (
    Attempt,
    FlagState,
    Historic,
    MessageTreatment,
    Raised,
    RowState,
    StatusFileState,
    Treatment,
)
from notifykit_migration.plan.decision_table import (
    Choices,
    ContractFact,
    MessageFact,
    RowFact,
    crash_of,
    decide,
)
from notifykit_migration.wording import holds

from notifykit.wording import Reason

HOLD = Choices()

ROWS = {
    RowState.NONE: (),
    RowState.PENDING: ("pending",),
    RowState.COMPLETED: ("completed",),
    RowState.FAILED: ("failed",),
}

# The group message has a row in each state but `none`, the award message has none. Two letters: group, award.
TABLE = """
absent none      GG HH HH --
absent pending   AC AH HH --
absent completed SC SH SH --
absent failed    HH HH HH --
sent   none      HH HH HH HH
sent   pending   AH AH HH HH
sent   completed SH SH SH SH
sent   failed    HH HH HH HH
other  none      HH HH HH HH
other  pending   AH AH HH HH
other  completed SH SH SH SH
other  failed    HH HH HH HH
"""
COLUMNS = (FlagState.UNSENT, FlagState.SENT, FlagState.OTHER, FlagState.MISSING)
STALE = holds.STALE(since="2025-07-01 09:30:00", days=7.0)
TWO_CANDIDATES = holds.SAME_NUMBER(row=3, contracts=2)

CELLS = [
    (StatusFileState(json), RowState(rows), column, letters)
    for json, rows, *cells in map(str.split, TABLE.strip().splitlines())
    for column, letters in zip(COLUMNS, cells, strict=True)
    if letters != "--"
]


def row(
    status: str, id_: int = 1, *, text: int = 0, attempt: Attempt = Attempt.NEVER, stale: Reason | None = None
) -> RowFact:
    return RowFact(id=id_, status=status, text=text, attempt=attempt, evidence=Reason(attempt.name), stale=stale)


def fact(
    json: StatusFileState,
    column: FlagState,
    *messages: MessageFact,
    doubt: Reason | None = None,
    purged: bool = False,
) -> ContractFact:
    return ContractFact(json=json, column=column, messages=messages, doubt=doubt, purged=purged)


def message(name: str, *rows: RowFact, required: bool = True, owned: int = 0) -> MessageFact:
    return MessageFact(name=name, required=required, rows=rows, owned=owned)


def letters(decisions: list[MessageTreatment]) -> str:
    return "".join(item.decision.value[0] for item in decisions)


@pytest.mark.parametrize(("json", "rows", "column", "expected"), CELLS)
def test_a_cell(json: StatusFileState, rows: RowState, column: FlagState, expected: str) -> None:
    contract = fact(json, column, message("group", *map(row, ROWS[rows])), message("award"))
    assert contract.together() is rows
    assert letters(list(decide(contract, HOLD))) == expected


def test_the_table_has_every_cell_that_can_be() -> None:
    possible = len(StatusFileState) * len(ROWS) * len(COLUMNS) - len(
        ROWS
    )  # absent and no row in the CSV: nobody knows it
    assert len(CELLS) == possible


@pytest.mark.parametrize(("json", "column"), list(itertools.product(StatusFileState, COLUMNS)))
def test_mixed_rows_each_say_for_themselves(json: StatusFileState, column: FlagState) -> None:
    contract = fact(json, column, message("group", row("completed", 1)), message("award", row("pending", 2)))
    assert contract.together() is RowState.MIXED
    expected = "SA" if column in (FlagState.UNSENT, FlagState.SENT) else "SH"
    assert letters(list(decide(contract, HOLD))) == expected


@pytest.mark.parametrize(
    ("json", "expected"), [(StatusFileState.ABSENT, "C"), (StatusFileState.SENT, "H"), (StatusFileState.OTHER, "H")]
)
def test_what_is_missing_beside_mixed_rows_is_made_only_where_nothing_speaks_against_it(
    json: StatusFileState, expected: str
) -> None:
    contract = fact(
        json,
        FlagState.UNSENT,
        message("group", row("completed", 1)),
        message("award", row("pending", 2)),
        message("third"),
    )
    assert letters(list(decide(contract, HOLD))) == f"SA{expected}"


def test_a_twin_of_a_completed_row_is_cancelled_and_another_text_is_not() -> None:
    contract = fact(
        StatusFileState.SENT,
        FlagState.SENT,
        message("group", row("pending", 1, text=7), row("completed", 2, text=7), row("pending", 3, text=8)),
    )
    found = {item.row: item for item in decide(contract, HOLD)}
    assert {id_: item.decision for id_, item in found.items()} == {
        1: Treatment.CANCEL,
        2: Treatment.SENT,
        3: Treatment.ADOPT,
    }
    assert sorted(item.round for item in found.values()) == [1, 2, 3]
    assert found[2].round == 1


def test_of_two_pending_twins_one_is_adopted() -> None:
    contract = fact(StatusFileState.ABSENT, FlagState.UNSENT, message("group", row("pending", 4), row("pending", 9)))
    assert [(item.row, item.decision) for item in decide(contract, HOLD)] == [
        (4, Treatment.ADOPT),
        (9, Treatment.CANCEL),
    ]


@pytest.mark.parametrize(
    ("attempt", "raised", "expected"),
    [
        (Attempt.NEVER, Raised.HOLD, "A"),
        (Attempt.PERHAPS, Raised.HOLD, "H"),
        (Attempt.PERHAPS, Raised.QUEUE, "H"),
        (Attempt.RAISED, Raised.HOLD, "H"),
        (Attempt.RAISED, Raised.QUEUE, "A"),
    ],
)
def test_a_row_that_was_perhaps_tried_is_held(attempt: Attempt, raised: Raised, expected: str) -> None:
    contract = fact(StatusFileState.SENT, FlagState.SENT, message("group", row("pending", attempt=attempt)))
    assert letters(list(decide(contract, Choices(raised=raised)))) == expected


def test_a_stale_row_is_held_and_says_why() -> None:
    contract = fact(StatusFileState.SENT, FlagState.SENT, message("group", row("pending", stale=STALE)))
    (item,) = decide(contract, HOLD)
    assert (item.decision, item.why) == (Treatment.HOLD, STALE)


def test_a_purged_table_proves_nothing() -> None:
    contract = fact(StatusFileState.ABSENT, FlagState.UNSENT, message("group"), purged=True)
    assert letters(list(decide(contract, HOLD))) == "H"
    contract = fact(
        StatusFileState.ABSENT, FlagState.UNSENT, message("group", row("pending")), message("award"), purged=True
    )
    assert letters(list(decide(contract, HOLD))) == "AH"


def test_a_doubt_holds_all_but_what_was_completed() -> None:
    contract = fact(
        StatusFileState.ABSENT,
        FlagState.UNSENT,
        message("group", row("completed", 1)),
        message("award", row("pending", 2)),
        message("third"),
        doubt=TWO_CANDIDATES,
    )
    found = list(decide(contract, HOLD))
    assert letters(found) == "SHH"
    assert found[1].why == found[2].why == TWO_CANDIDATES


def test_historic_contracts_can_be_assumed_sent_and_no_others() -> None:
    assume = Choices(historic=Historic.ASSUME_SENT)
    assert letters(list(decide(fact(StatusFileState.SENT, FlagState.SENT, message("group")), assume))) == "a"
    assert letters(list(decide(fact(StatusFileState.SENT, FlagState.UNSENT, message("group")), assume))) == "H"
    assert letters(list(decide(fact(StatusFileState.OTHER, FlagState.SENT, message("group")), assume))) == "H"
    assert (
        letters(
            list(decide(fact(StatusFileState.SENT, FlagState.SENT, message("group"), doubt=TWO_CANDIDATES), assume))
        )
        == "H"
    )


def test_what_the_outbox_has_is_left_and_old_rows_of_it_are_twins() -> None:
    contract = fact(
        StatusFileState.ABSENT, FlagState.UNSENT, message("group", owned=2), message("award", row("pending"), owned=1)
    )
    found = list(decide(contract, HOLD))
    assert [item.decision for item in found] == [Treatment.OWNED, Treatment.CANCEL]
    assert found[1].round == 2


def test_a_message_that_is_not_asked_for_goes_by_its_rows_alone() -> None:
    contract = fact(
        StatusFileState.ABSENT,
        FlagState.UNSENT,
        message("group", required=False),
        message("award", row("pending"), required=False),
    )
    assert letters(list(decide(contract, HOLD))) == "A"


def test_a_status_that_nobody_knows_is_held() -> None:
    (item,) = decide(fact(StatusFileState.SENT, FlagState.SENT, message("group", row("erledigt"))), HOLD)
    assert item.decision is Treatment.HOLD
    assert item.why == holds.ODD_STATUS(row=1, status="erledigt")


@pytest.mark.parametrize(("json", "rows", "column"), list(itertools.product(StatusFileState, RowState, COLUMNS)))
def test_every_state_that_a_clean_run_does_not_leave_has_an_accident(
    json: StatusFileState, rows: RowState, column: FlagState
) -> None:
    clean = {
        (StatusFileState.ABSENT, RowState.NONE, FlagState.UNSENT),
        (StatusFileState.SENT, RowState.PENDING, FlagState.SENT),
        (StatusFileState.SENT, RowState.COMPLETED, FlagState.SENT),
        (StatusFileState.SENT, RowState.MIXED, FlagState.SENT),
    }
    named = crash_of(json, rows, column)
    if (json, rows, column) in clean:
        assert named is None
    elif json is not StatusFileState.OTHER and column is not FlagState.OTHER:
        assert named
