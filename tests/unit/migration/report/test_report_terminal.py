"""Plans, checks, holds and rollbacks, as a person reads them."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import plans
import pytest
from notifykit_migration import report
from notifykit_migration.model import Check, CheckResult, FlagState, Options, OutboxState
from notifykit_migration.report.terminal import DETAILS, REASONS
from rich.cells import cell_len

from notifykit.errors import NotifykitError
from notifykit.wording import Reason


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_a_plan_is_told_by_campaign_and_decision(capsys: pytest.CaptureFixture[str]) -> None:
    beijing = plans.campaign(found=plans.contracts((plans.SENT, 120), (plans.QUEUED, 40), (plans.LATE, 2)))
    shanghai = plans.campaign("上海七月", plans.contracts((plans.OLD, 200)), status_file="state/sh.json")
    report.show_plan(plans.plan(beijing, shanghai))
    told = lines(capsys)
    assert [" ".join(line.split()) for line in told if line.startswith(("beijing-aug", "上海七月"))] == [
        "beijing-aug S sent 122 its row is completed, and stays so",
        "beijing-aug A queued 40 never tried: its row becomes a queued task",
        "上海七月 H held 200 not proven either way: a person decides",
    ]
    assert "2 campaigns, 362 contracts, 200 of them held for a person" in told


def test_a_plan_names_every_file_and_statement(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_plan(plans.plan(plans.campaign(found=plans.contracts((plans.LATE, 1)))))
    text = "\n".join(lines(capsys))
    assert "state/PerformanceData-BJ-Aug.csv  1 flag set; every other byte as it is" in text
    assert "state/send_status_bj_aug.json     moved into the backup" in text
    assert "schema: 1 new column to tasks: campaign" in text
    assert "schema: 1 new table: migrations" in text
    assert "stays: technicians: state/technician_status_record.json (41 keys): not a byte of it is changed" in text


def test_statements_of_a_kind_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    statements = (
        'ALTER TABLE tasks ADD COLUMN "a" TEXT',
        "UPDATE tasks SET a = 'x'",
        "ALTER TABLE tasks ADD COLUMN b TEXT",
        "CREATE UNIQUE INDEX one ON tasks (a)",
        "CREATE INDEX two\n ON tasks (b)",
    )
    report.show_plan(plans.plan(statements=statements))
    assert [line for line in lines(capsys) if line.startswith("schema: ")] == [
        "schema: UPDATE tasks SET a = 'x'",
        "schema: 2 new columns to tasks: a, b",
        "schema: 2 new indexes: one, two",
    ]


def test_a_file_to_be_kept_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plans.plan()
    report.show_plan(replace(plan, kept=(replace(plan.kept[0], sha256=None, keys=0),)))
    assert any("(not there)" in line for line in lines(capsys))


def test_historic_holds_are_one_line_with_the_command_that_closes_them(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_plan(plans.plan(plans.campaign("july", plans.contracts((plans.OLD, 5000), (plans.STALE, 4)))))
    assert [line for line in lines(capsys) if line.startswith("held:")] == [
        (
            f"held: july: 5,000 contracts: {plans.HISTORIC}; `notifykit migrate --historic assume-sent` closes them, "
            "or afterwards `notifykit resolve --reason historic --sent --why TEXT`"
        ),
        (
            "held: july: 4 contracts: pending since 2025-08-01 09:30:00: older than 7 days; "
            "such as 2025080000000005000, 2025080000000005001, 2025080000000005002"
        ),
    ]


def test_many_reasons_do_not_fill_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    names = [chr(ord("a") + at % 26) * (at // 26 + 1) for at in range(REASONS + 5)]
    held = [plans.contract(at, (*plans.OLD[:4], Reason(f"reason {name}"))) for at, name in enumerate(names)]
    report.show_plan(plans.plan(plans.campaign(found=held)))
    told = [line for line in lines(capsys) if line.startswith("held:")]
    assert len(told) == REASONS + 1
    assert told[-1] == "held: beijing-aug: … for 5 more reasons; --json lists all"


def test_orphans_others_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_plan(
        plans.plan(orphans=tuple(range(1, 325)), others=330, warnings=(Reason("the task table was purged"),))
    )
    told = lines(capsys)
    assert "orphans: 324 pending rows of no contract, left as they are: 1-324" in told
    assert "stays: 330 rows of other jobs in tasks.db" in told
    assert "warning: the task table was purged" in told


def test_the_options_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_plan(plans.plan(options=Options(max_age=2.5 * 86_400)))
    assert any("older than 2.5 days" in line for line in lines(capsys))


def test_a_narrow_screen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    report.show_plan(plans.plan(plans.campaign("北京八月签约活动", plans.contracts((plans.SENT, 3)))))
    table = [line for line in lines(capsys) if not line.startswith(("plan ", "options:", "stays:"))]
    assert max(map(cell_len, table)) <= 60
    assert any("北京八月签约活动" in line for line in table)


@pytest.mark.parametrize("key", ["2025080000000000000", "YHWX-BJ-SDHY-2025080000"])
def test_all_evidence_of_a_contract(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    report.show_contract(plans.plan(plans.campaign(found=plans.contracts((plans.STALE, 2)))), key)
    text = "\n".join(lines(capsys))
    for part in (
        "2025080000000000000 (YHWX-BJ-SDHY-2025080000)",
        "sent / pending / N",
        "says sent; state/send_status_bj_aug.json",
        "the youngest 3 days old",
        "N; state/PerformanceData-BJ-Aug.csv:2",
        "killed before the CSV file was rewritten",
        "pending since 2025-08-01 09:30:00",
    ):
        assert part in text
    assert "2025080000000000001" not in text


def test_a_contract_that_the_plan_does_not_know() -> None:
    with pytest.raises(NotifykitError, match=r'no contract "2025080000000000009".*did you mean'):
        report.show_contract(plans.plan(), "2025080000000000009")


def test_a_key_that_would_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_contract(plans.plan(plans.campaign(found=[plans.contract(1, key="\x1b[2Jevil")])), "\x1b[2Jevil")
    assert "\x1b" not in "\n".join(lines(capsys))


def test_checks(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_checks(plans.checks())
    assert lines(capsys) == [
        "✓ backup restores: 3 files, 120 rows, the same plan",
        "~ shadow comparison: 4 of 120 messages differ",
        "    2025080000000000005 group: held; the old rule would send it",
        "– technician JSON: there is none",
        "✗ CSV differs in flags only: 1 of 120 rows",
        "    line 7: 备注 is '催付', was ''",
        "4 checks: 1 passed, 1 with a difference that a decision explains, 1 skipped, 1 failed",
    ]


def test_checks_where_the_marks_cannot_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="gbk"))
    report.show_checks(plans.checks())
    sys.stdout.flush()
    told = raw.getvalue().decode("gbk").splitlines()
    assert [line.split()[0] for line in told if not line.startswith(" ")] == ["ok", "~", "-", "FAILED", "4"]


def test_many_differences_do_not_fill_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    details = tuple(f"line {number}" for number in range(DETAILS + 7))
    report.show_checks([Check(what=Reason("csv"), result=CheckResult.FAILED, evidence="differs", details=details)])
    assert lines(capsys)[-2:] == ["    … and 7 more; --json lists all", "1 check: 1 failed"]


def test_no_checks(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_checks([])
    assert lines(capsys) == ["nothing was checked"]


def test_a_rollback(capsys: pytest.CaptureFixture[str]) -> None:
    held = plans.returned(4, OutboxState.HELD)
    never = plans.returned(3, OutboxState.NEVER, column=FlagState.UNSENT, json=None)
    plan = plans.rollback(plans.returned(1), plans.returned(2), never, held, holds=(plans.hold(4, Reason("no reply")),))
    report.show_rollback(replace(plan, warnings=(Reason("state/sh.csv is open"),)))
    told = lines(capsys)
    assert [" ".join(line.split()) for line in told if line.startswith("beijing-aug")] == [
        "beijing-aug queued, not attempted 2 Y 发送成功",
        "beijing-aug never queued 1 N no entry",
        "beijing-aug held: in doubt, failed or sending 1 Y 发送成功",
    ]
    assert "rows that the old program will see: 2 pending" in told
    assert "held: beijing-aug: 1 contract: no reply; 2025080000000000004" in told
    assert "held for a person: 1 message" in told
    assert told[-1] == "warning: state/sh.csv is open"


def test_holds_each(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_holds([plans.hold(1), plans.hold(2, task=None)], every=True)
    told = lines(capsys)
    assert told[1].split()[:6] == ["beijing-aug", "2025080000000000001", "group", "1", "in_doubt", "北京签约喜报群"]
    assert len(told) == 4


def test_no_holds(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_holds([])
    assert lines(capsys) == ["nothing is held for a person"]
