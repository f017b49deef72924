"""Every word that a plan can hold has a name in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from notifykit_migration.journal.phase import Phase
from notifykit_migration.legacy.task_table import Attempts
from notifykit_migration.model import (
    Attempt,
    CheckResult,
    FlagState,
    Historic,
    InputKind,
    OutboxState,
    Raised,
    RowState,
    StatusFileState,
    Stopped,
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
from notifykit_migration.report import words
from notifykit_migration.report.reasons import reason

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Treatment, words.DECISIONS),
        (Treatment, words.MEANINGS),
        (StatusFileState, words.JSONS),
        (RowState, words.ROWS),
        (FlagState, words.COLUMNS),
        (words.Outcome, words.OUTCOMES),
        (CheckResult, words.RESULTS),
        (OutboxState, words.PRESENTS),
        (InputKind, words.KINDS),
        (Phase, words.PHASES),
    ],
)
def test_every_word_has_a_name(kind: type, names: dict[str, words.Words]) -> None:
    assert set(names) == set(kind)  # type: ignore[call-overload]
    for pair in names.values():
        assert CHINESE.search(pair.zh) or pair.zh == pair.en in ("Y", "N")
        assert not CHINESE.search(pair.en)


def row(id_: int, status: str = "pending", **changes: object) -> RowFact:
    return RowFact(id=id_, status=status, text=id_, **changes)  # type: ignore[arg-type]


ROWS_THERE: tuple[tuple[RowFact, ...], ...] = (
    (),
    (row(1),),
    (row(1, "completed"), row(2)),
    (row(1, "failed"),),
    (RowFact(id=1, status="completed", text=1), RowFact(id=2, status="pending", text=1)),
    (RowFact(id=1, status="pending", text=1), RowFact(id=2, status="pending", text=1)),
    (row(1, stale="pending since 2025-08-01 09:30:00: older than 7 days"),),
    (row(1, attempt=Attempt.RAISED, evidence="the log says that it was tried and raised"),),
)


def reasons() -> Iterator[str]:
    """Every reason that the decision table gives."""
    options = product(
        StatusFileState, FlagState, ROWS_THERE, (0, 1), (None, "row 3 names 2 contracts"), (False, True), Historic
    )
    for json, column, rows, owned, doubt, purged, historic in options:
        messages = [
            MessageFact(name="group", required=True, rows=rows, owned=owned),
            MessageFact(name="award", required=True),
        ]
        fact = ContractFact(json=json, column=column, messages=messages, doubt=doubt, purged=purged)
        for item in decide(fact, Choices(historic=historic, raised=Raised.HOLD)):
            if item.why:
                yield item.why


def test_every_reason_of_the_decision_table_is_known_in_chinese() -> None:
    found = set(reasons())
    assert len(found) > 20
    assert sorted(why for why in found if not CHINESE.search(reason(why).zh)) == []


def test_every_accident_is_known_in_chinese() -> None:
    found = {crash_of(*state) for state in product(StatusFileState, RowState, FlagState)} - {None}
    assert sorted(str(crash) for crash in found if not CHINESE.search(reason(str(crash)).zh)) == []


@pytest.mark.parametrize("id_", [3, 11, 12])
@pytest.mark.parametrize("updated", ["2025-08-01 10:00:00", "2024-01-01 10:00:00"])
def test_every_evidence_of_the_id_order_is_known_in_chinese(id_: int, updated: str) -> None:
    attempts = Attempts(completed=[(10, updated)], first_beyond=11, stopped=Stopped.UNKNOWN, log=None)
    _, why = attempts.of(id_, "2025-08-01 09:30:00")
    assert CHINESE.search(reason(why).zh)


def test_numbers_are_carried_over() -> None:
    assert reason("row 12 names 3 contracts").zh == "第 12 行提到了 3 份合同"


def test_groups_of_reasons_are_known_in_chinese() -> None:
    assert CHINESE.search(reason("row … names 2 contracts").zh)


def test_what_is_not_known_stays_as_it_is() -> None:
    assert reason("a plugin's own reason") == words.Words("a plugin's own reason", "a plugin's own reason")
    assert words.check_name("mine") == words.Words("mine", "mine")
    assert words.event("moon_phase") == words.Words("moon phase", "moon phase")
