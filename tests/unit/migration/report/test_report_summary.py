"""What many contracts come to."""

from __future__ import annotations

from dataclasses import replace

import plans
import pytest
from notifykit_migration.model import ContractPlan, Treatment
from notifykit_migration.report import summary
from notifykit_migration.report.words import Outcome
from notifykit_migration.wording import holds

from notifykit.wording import Reason


def contract_of(*decisions: Treatment) -> ContractPlan:
    return plans.contract(1, decisions=tuple(plans.decision(what) for what in decisions))


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        ((Treatment.SENT, Treatment.SENT), Outcome.SENT),
        ((Treatment.SENT, Treatment.CANCEL), Outcome.SENT),
        ((Treatment.SENT, Treatment.ASSUME), Outcome.ASSUMED),
        ((Treatment.SENT, Treatment.GENERATE), Outcome.LATER),
        ((Treatment.SENT, Treatment.ADOPT), Outcome.QUEUED),
        ((Treatment.SENT, Treatment.CREATE), Outcome.QUEUED),
        ((Treatment.SENT, Treatment.ADOPT, Treatment.HOLD), Outcome.HELD),
        ((Treatment.OWNED, Treatment.CANCEL), Outcome.KNOWN),
        ((), Outcome.NOTHING),
    ],
)
def test_where_a_contract_ends(decisions: tuple[Treatment, ...], expected: Outcome) -> None:
    assert summary.outcome(contract_of(*decisions)) is expected


def test_every_decision_ends_somewhere() -> None:
    assert {summary.outcome(contract_of(what)) for what in Treatment} == set(Outcome) - {Outcome.NOTHING}


def test_every_contract_goes_one_way() -> None:
    plan = plans.plan(plans.campaign(found=plans.contracts((plans.SENT, 5), (plans.OLD, 2), (plans.NEW, 1))))
    flows = summary.flows(plan)
    assert flows.total() == summary.contracts(plan) == 8
    assert flows[summary.Flow(*plans.OLD[:3], Outcome.HELD)] == 2


@pytest.mark.parametrize(
    ("whys", "expected"),
    [
        ([holds.SEVERAL_CONTRACTS(row=row, contracts=2) for row in (1, 9)], "row … names 2 contracts"),
        ([holds.SEVERAL_CONTRACTS(row=1, contracts=many) for many in (2, 3)], "row 1 names … contracts"),
        ([holds.STALE(since=day, days=7.0) for day in "ab"], "pending since …: older than 7 days"),
        ([holds.ODD_STATUS(row=4, status=word) for word in ("failed", "x")], "row 4 says …"),
        (
            [
                holds.BEFORE_ROLLBACK(status="in_doubt", cause=holds.STALE(since=day, days=7.0))
                for day in ("2025-08-01", "2025-08-02")
            ],
            "in_doubt before the rollback: pending since …: older than 7 days",
        ),
        ([holds.HISTORIC()] * 2, holds.HISTORIC.english),
    ],
)
def test_a_group_says_what_its_reasons_have_in_common(whys: list[Reason], expected: str) -> None:
    (group,) = summary.hold_groups(plans.hold(number, why) for number, why in enumerate(whys))
    assert (group.reason.text, group.reason.code) == (expected, whys[0].code)


def test_what_has_no_code_is_alike_where_it_is_the_same_text() -> None:
    groups = summary.hold_groups(plans.hold(number, Reason(f"row {number // 2}")) for number in range(4))
    assert [(group.reason.text, group.messages) for group in groups] == [("row 0", 2), ("row 1", 2)]


def test_holds_are_grouped_by_campaign_and_reason_the_largest_first() -> None:
    beijing = plans.campaign(
        found=[
            plans.contract(1, (*plans.GONE[:4], holds.SEVERAL_CONTRACTS(row=1, contracts=2))),
            plans.contract(2, plans.STALE),
            plans.contract(3, plans.STALE),
            plans.contract(4, (*plans.GONE[:4], holds.SEVERAL_CONTRACTS(row=9, contracts=2))),
            plans.contract(5, plans.STALE),
        ]
    )
    shanghai = plans.campaign("shanghai", plans.contracts((plans.OLD, 9)))
    groups = summary.plan_groups(plans.plan(beijing, shanghai))
    assert [(group.campaign, group.contracts, group.reason.text) for group in groups] == [
        ("beijing-aug", 3, "pending since 2025-08-01 09:30:00: older than 7 days"),
        ("beijing-aug", 2, "row … names 2 contracts"),
        ("shanghai", 9, plans.HISTORIC.text),
    ]
    assert [group.historic for group in groups] == [False, False, True]
    assert len(groups[2].examples) == summary.EXAMPLES


def test_a_contract_with_two_messages_held_counts_once() -> None:
    contract = plans.contract(1, plans.OLD)
    both = (*contract.decisions, plans.decision(Treatment.HOLD, plans.HISTORIC, message="award"))
    plan = plans.plan(plans.campaign(found=[replace(contract, decisions=both)]))
    (group,) = summary.plan_groups(plan)
    assert (group.contracts, group.messages) == (1, 2)


def test_what_is_changed() -> None:
    plan = plans.plan(plans.campaign(found=plans.contracts((plans.LATE, 2), (plans.QUEUED, 3), (plans.OLD, 1))))
    store, flags, status = summary.changes(plan)
    assert (store.file, flags.file, status.file) == (
        "tasks.db",
        "state/PerformanceData-BJ-Aug.csv",
        "state/send_status_bj_aug.json",
    )
    assert "2 messages kept as sent, 3 queued, 1 held" in store.what.en
    assert flags.what.en.startswith("2 flags set")


def test_a_file_whose_flags_stay_is_not_changed() -> None:
    plan = plans.plan(plans.campaign(found=plans.contracts((plans.SENT, 2))))
    assert "state/PerformanceData-BJ-Aug.csv" not in [change.file for change in summary.changes(plan)]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [((), ""), ((5,), "5"), ((3, 1, 2), "1-3"), ((1, 2, 4, 9, 10), "1-2, 4, 9-10")],
)
def test_ranges(ids: tuple[int, ...], expected: str) -> None:
    assert summary.ranges(ids) == expected
