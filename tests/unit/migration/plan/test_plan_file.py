"""A plan as a file: what is read is what was written, and its hash is of everything that it will do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import plans
import pytest
from notifykit_migration.errors import PreflightError, VerificationError
from notifykit_migration.model import Kept, MessageTreatment, Options, Plan, Raised, Treatment
from notifykit_migration.plan.plan_file import (
    BATCH,
    kept_decisions,
    kept_plan,
    parse_plan,
    plan_hash,
    plan_text,
    read_plan,
    write_plan,
)
from notifykit_migration.wording.proven import TWIN
from notifykit_migration.wording.warnings import NO_TABLE

from notifykit.wording import Reason


def hashed(plan: Plan) -> Plan:
    return replace(plan, hash=plan_hash(plan))


@pytest.fixture
def plan() -> Plan:
    text = 'a "quoted" text,\nwith 中文, \u2028 and 🎉'
    special = replace(
        plans.contract(9000),
        decisions=(
            MessageTreatment(
                message="group", decision=Treatment.CREATE, why=Reason("…"), round=3, recipient="群", text=text
            ),
            MessageTreatment(message="award", decision=Treatment.CANCEL, why=TWIN(row=11), row=12),
        ),
        number=None,
        age=1.25,
    )
    many = plans.contracts((plans.SENT, BATCH + 3), (plans.GONE, 2))
    return hashed(plans.plan(plans.campaign(found=[*many, special]), plans.campaign("shanghai-aug")))


def test_what_is_read_is_what_was_written(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(plan, path)
    assert read_plan(path) == plan
    assert plan_text(read_plan(path)) == path.read_text(encoding="utf-8")


def test_the_plan_of_a_backup_is_read_in_whatever_lines_it_stands(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(plan, path)
    text = path.read_text(encoding="utf-8")
    assert kept_plan(path) == plan
    for indent in (None, 1):
        path.write_text(json.dumps(json.loads(text), indent=indent), encoding="utf-8")
        assert kept_plan(path) == plan
    path.write_text(text.replace('"decision":"S"', '"decision":"A"', 1), encoding="utf-8")
    with pytest.raises(VerificationError, match="it was edited"):
        kept_plan(path)
    path.write_text(text.replace('{"age"', "{age", 1), encoding="utf-8")
    with pytest.raises(PreflightError, match="is no plan"):
        kept_plan(path)


def test_decisions_are_read_without_their_evidence(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(plan, path)
    found = kept_decisions(path)
    assert replace(found, campaigns=()) == replace(plan, campaigns=())
    for part, brief in zip(plan.campaigns, found.campaigns, strict=True):
        assert replace(brief, contracts=()) == replace(part, contracts=())
        assert list(brief.contracts) == [
            replace(
                contract,
                number=None,
                place=None,
                age=None,
                crash=None,
                decisions=tuple(
                    replace(item, why=Reason(""), recipient=None, text=None) for item in contract.decisions
                ),
            )
            for contract in part.contracts
        ]


def test_it_is_plain_json_with_its_format(plan: Plan) -> None:
    form = json.loads(plan_text(plan))
    assert form["format"] == 2
    assert form["hash"] == plan.hash
    assert len(form["campaigns"][0]["contracts"]) == BATCH + 6
    assert form["campaigns"][1]["contracts"] == []


def test_reasons_stand_in_it_with_code_and_parameters(plan: Plan) -> None:
    form = json.loads(plan_text(plan))
    (decision,) = form["campaigns"][0]["contracts"][0]["decisions"]
    assert (decision["why"], decision["why_code"]) == ("row 7 is completed", "row_completed")
    assert decision["why_params"] == {"row": 7}


def test_a_plan_of_the_version_before_has_texts_alone(plan: Plan) -> None:
    plan = hashed(replace(plan, warnings=(NO_TABLE(),)))
    form = json.loads(plan_text(plan))
    form["format"] = 1
    form["warnings"] = [warning["text"] for warning in form["warnings"]]
    for campaign_ in form["campaigns"]:
        for contract_ in campaign_["contracts"]:
            for data in (contract_, *contract_["decisions"]):
                for name in ("why_code", "why_params", "crash_code"):
                    data.pop(name, None)
    text = json.dumps(form)
    assert "_code" not in text
    assert parse_plan(text, "plan.json") == plan


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ('"why_code":"row_completed"', '"why_code":"twin"'),
        ('"why_params":{"row":7}', '"why_params":{"row":8}'),
        ('"why_params":{"row":7}', '"why_params":{"line":7}'),
    ],
)
def test_a_code_that_is_not_that_of_its_text_was_edited(plan: Plan, was: str, is_: str) -> None:
    text = plan_text(plan)
    assert was in text
    with pytest.raises(VerificationError, match="it was edited: "):
        parse_plan(text.replace(was, is_, 1), "plan.json")


def test_the_code_of_a_newer_version_is_kept(plan: Plan) -> None:
    newer = hashed(decided(plan, why=Reason("it rained", "rain", ("mm",), (7,))))
    assert parse_plan(plan_text(newer), "plan.json") == newer


def test_a_plan_without_campaigns() -> None:
    empty = hashed(replace(plans.plan(), campaigns=()))
    assert parse_plan(plan_text(empty), "x") == empty


def contract(plan: Plan, **changes: Any) -> Plan:
    first, *rest = plan.campaigns
    changed = replace(first.contracts[0], **changes)
    return replace(plan, campaigns=(replace(first, contracts=(changed, *first.contracts[1:])), *rest))


def decided(plan: Plan, **changes: Any) -> Plan:
    (item,) = plan.campaigns[0].contracts[0].decisions
    return contract(plan, decisions=(replace(item, **changes),))


def campaign(plan: Plan, **changes: Any) -> Plan:
    first, *rest = plan.campaigns
    return replace(plan, campaigns=(replace(first, **changes), *rest))


CHANGES: dict[str, Callable[[Plan], Plan]] = {
    "store": lambda plan: replace(plan, store="other.db"),
    "options": lambda plan: replace(plan, options=Options(raised=Raised.QUEUE)),
    "input": lambda plan: replace(plan, inputs=plan.inputs[1:]),
    "kept": lambda plan: replace(plan, kept=(Kept(campaign="t", status_file="t.json", sha256=None, keys=0),)),
    "orphans": lambda plan: replace(plan, orphans=(5,)),
    "statements": lambda plan: replace(plan, statements=()),
    "warnings": lambda plan: replace(plan, warnings=(Reason("look"),)),
    "purged": lambda plan: replace(plan, purged=True),
    "campaign": lambda plan: campaign(plan, campaign="other"),
    "pairs": lambda plan: campaign(plan, pairs=()),
    "word": lambda plan: campaign(plan, sent_word="sent"),
    "a contract less": lambda plan: campaign(plan, contracts=plan.campaigns[0].contracts[1:]),
    "another order": lambda plan: campaign(plan, contracts=plan.campaigns[0].contracts[::-1]),
    "key": lambda plan: contract(plan, key="1"),
    "number": lambda plan: contract(plan, number="1"),
    "flag": lambda plan: contract(plan, set_flag=True),
    "place": lambda plan: contract(plan, place="x.csv:9"),
    "crash": lambda plan: contract(plan, crash=Reason("an accident")),
    "decision": lambda plan: decided(plan, decision=Treatment.ADOPT),
    "why": lambda plan: decided(plan, why=Reason("because")),
    "row": lambda plan: decided(plan, row=99),
    "round": lambda plan: decided(plan, round=2),
    "recipient": lambda plan: decided(plan, recipient="somebody"),
    "text": lambda plan: decided(plan, text="something"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_it_would_do_otherwise_is_another_hash(plan: Plan, change: Callable[[Plan], Plan]) -> None:
    other = change(plan)
    assert other != plan
    assert plan_hash(other) != plan.hash
    with pytest.raises(VerificationError, match="it was edited"):
        parse_plan(plan_text(other), "plan.json")


def test_when_it_was_made_and_ages_are_no_part_of_the_hash(plan: Plan) -> None:
    later = contract(replace(plan, made_at=plan.made_at + 5), age=99.0)
    assert plan_hash(later) == plan.hash


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is no plan"),
        ("nonsense", "is no plan"),
        ("[]", "is no plan"),
        ("{}", "is no plan"),
        ('{"decision": "Q"}', "is no plan: 'message'"),
        ('{"decisions": [], "json": "sent"}', "is no plan: 'rows'"),
        ('{"decision": "S", "surprise": 1}', "is no plan"),
        ('{"format": 3}', "a plan of format 3, this notifykit knows 2"),
        ('{"format": 1}', "is no plan: store"),
    ],
)
def test_what_is_no_plan(text: str, what: str) -> None:
    with pytest.raises(PreflightError, match=r"plan\.json") as caught:
        parse_plan(text, "plan.json")
    assert what in str(caught.value)
    assert "anew" in str(caught.value) or "make one" in str(caught.value)
