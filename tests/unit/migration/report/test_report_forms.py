"""What `--json` prints: plain data, without a figure that the table has and it has not."""

from __future__ import annotations

import json
from typing import Any

import plans
from notifykit_migration import report
from notifykit_migration.model import Options, OutboxState


def through_json(form: object) -> Any:
    return json.loads(json.dumps(form, allow_nan=False))


def test_a_plan() -> None:
    campaign = plans.campaign(found=plans.contracts((plans.SENT, 3), (plans.LATE, 1), (plans.OLD, 2)), json_torn=True)
    form = through_json(report.plan_summary_form(plans.plan(campaign, orphans=(4, 5), others=3)))
    assert form["hash"] == plans.HASH
    assert form["made_at"] == "2025-10-09T08:53:20.000Z"
    assert (form["contracts"], form["held"], form["orphans"], form["others"]) == (6, 2, [4, 5], 3)
    (told,) = form["campaigns"]
    assert told["decisions"] == {"S": 4, "A": 0, "G": 0, "C": 0, "H": 2, "X": 0, "assume": 0, "owned": 0}
    assert (told["flags_to_set"], told["held"], told["status_file_torn"]) == (1, 2, True)
    (group,) = form["holds"]
    assert (group["historic"], group["contracts"], len(group["examples"])) == (True, 2, 2)
    assert sum(flow["contracts"] for flow in form["flows"]) == 6
    assert {"path": "state/PerformanceData-BJ-Aug.csv", "what": "1 flag set; every other byte as it is"} in form[
        "changes"
    ]


def test_a_plan_without_an_age() -> None:
    form = through_json(report.plan_summary_form(plans.plan(options=Options(max_age=float("inf")))))
    assert form["options"] == {
        "max_age": None,
        "historic": "hold",
        "raised": "hold",
        "stopped": "unknown",
        "timezone": None,
        "fit_anyway": False,
    }


def test_checks() -> None:
    form = through_json(report.checks_form(plans.checks()))
    assert form["ok"] is False
    assert [check["result"] for check in form["checks"]] == ["passed", "explained", "skipped", "failed"]
    assert report.checks_form(plans.checks()[:3])["ok"] is True


def test_a_rollback() -> None:
    plan = plans.rollback(plans.returned(1), plans.returned(2, OutboxState.HELD), holds=(plans.hold(2),))
    form = through_json(report.rollback_form(plan))
    assert form["contracts"] == 2
    assert form["rows"] == {"pending": 1}
    assert form["returns"][0] == {
        "campaign": "beijing-aug",
        "now": "queued",
        "flag": "Y",
        "json": "发送成功",
        "contracts": 1,
    }
    assert form["holds"] == through_json(report.holds_form([plans.hold(2)]))


def test_a_hold() -> None:
    (form,) = through_json(report.holds_form([plans.hold(2, metadata={"csv": "a.csv"})]))
    assert (form["key"], form["task"], form["metadata"]) == ("2025080000000000002", 2, {"csv": "a.csv"})


def test_an_entry() -> None:
    assert through_json(report.entry_form(plans.entry("retired", files=["a.json"]))) == {
        "kind": "retired",
        "at": "2025-10-09T08:53:20.000Z",
        "fields": {"files": ["a.json"]},
    }
