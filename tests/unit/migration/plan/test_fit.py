"""How well campaigns fit: what is described wrongly is refused; what is merely few, gone or new is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, WECHAT, WECOM, LegacyWorld
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy import contracts
from notifykit_migration.model import Options, Plan
from notifykit_migration.plan.make import make_plan
from notifykit_migration.wording import fit

from notifykit.wording import Reason

MANY = 12


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path / "project")


def notified(world: LegacyWorld, contracts: int = MANY, cells: Mapping[str, str] | None = None) -> None:
    """Contracts of which everything was sent, with awards for half of them."""
    with world.together():
        for at in range(contracts):
            rows = [(GROUP, "completed"), (AWARD, "completed")] if at % 2 else [(GROUP, "completed")]
            world.contract("Y", SENT, rows, award=bool(at % 2), cells=cells)


def described(world: LegacyWorld, old: str, new: str) -> None:
    """Change the campaign's description."""
    file = world.folder / "campaigns" / "beijing.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def planned(world: LegacyWorld, *, explain_fit: bool = False, fit_anyway: bool = False) -> Plan:
    options = Options(fit_anyway=fit_anyway)
    project = world.opened()
    return make_plan(project, options, now=float(int(project.clock.now())), explain_fit=explain_fit)


def misfits(world: LegacyWorld) -> list[Reason]:
    """What is said to be described wrongly; the plan is refused for it, unless it is asked for."""
    found = [reason for reason in planned(world, explain_fit=True).fit if reason.code in fit.MISFITS]
    if found:
        with pytest.raises(PreflightError, match="--fit-anyway"):
            planned(world)
    planned(world, fit_anyway=True)
    return found


def told(plan: Plan, code: str | None) -> list[Reason]:
    return [reason for reason in plan.fit if reason.code == code]


def test_a_campaign_that_fits(world: LegacyWorld) -> None:
    notified(world)
    texts = MANY + MANY // 2
    assert planned(world).fit == (
        fit.FITS(
            campaign="beijing",
            explained=texts,
            named=texts,
            known=MANY,
            keys=MANY,
            column="合同ID(_id)",
            compared=texts,
            texts=texts,
            same=texts,
        ),
    )


def test_a_wrong_recipient(world: LegacyWorld) -> None:
    notified(world)
    described(world, "（北京）销售喜报群", "北京签约群")
    (found,) = misfits(world)
    assert found.code == fit.OTHER_ADDRESS.code
    assert found.params | {"key": "", "row": 0} == {
        "campaign": "beijing",
        "message": "group",
        "contracts": MANY,
        "recipient": "（北京）销售喜报群",
        "kind": WECOM,
        "described": "北京签约群",
        "described_kind": WECOM,
        "key": "",
        "row": 0,
    }


def test_a_wrong_recipient_and_a_wrong_template(world: LegacyWorld) -> None:
    with world.together():
        for _ in range(MANY):
            world.contract("Y", SENT, [(GROUP, "completed")])
    described(world, "（北京）销售喜报群", "北京签约群")
    described(
        world,
        "🎉 签约喜报 🎉",
        "今天天气很好，祝大家工作顺利，身体健康，万事如意，阖家幸福，财源广进，步步高升，心想事成",
    )
    (found,) = misfits(world)
    assert found.code == fit.OTHER_ADDRESS.code


def test_swapped_task_types(world: LegacyWorld) -> None:
    notified(world)
    described(world, WECOM, "swapped")
    described(world, WECHAT, WECOM)
    described(world, "swapped", WECHAT)
    found = misfits(world)
    assert [(one.params["message"], one.params["kind"], one.params["described_kind"]) for one in found] == [
        ("group", WECOM, WECHAT),
        ("award", WECHAT, WECOM),
    ]


def test_a_wrong_key_column(world: LegacyWorld) -> None:
    notified(world)
    described(world, "key: 合同ID(_id)", "key: 合同编号(contractdocNum)")
    (found,) = misfits(world)
    assert found == fit.OTHER_KEY(
        campaign="beijing", known=0, keys=MANY, column="合同编号(contractdocNum)", there=MANY, better="合同ID(_id)"
    )


def test_a_wrong_sent_word(world: LegacyWorld) -> None:
    notified(world)
    described(world, "kind: contract,", "kind: contract, sent_word: 已派发,")
    (found,) = misfits(world)
    assert found == fit.OTHER_SENT_WORD(campaign="beijing", keys=MANY, described="已派发", there=MANY, word=SENT)


@pytest.mark.parametrize("column", ["工单编号(serviceAppointmentNum)", "管家(serviceHousekeeper)", "活动编号"])
def test_a_wrong_number_column(world: LegacyWorld, column: str) -> None:
    notified(world, cells={"管家(serviceHousekeeper)": "张师傅"})
    described(world, "kind: contract,", f"kind: contract, number: {column},")
    (found,) = misfits(world)
    assert found.code == fit.OTHER_NUMBER.code
    assert found.params["column"] == column
    assert found.params["better"] == "合同编号(contractdocNum)"


def test_a_wrong_template_is_told_with_the_first_difference_of_each_message(world: LegacyWorld) -> None:
    notified(world)
    described(world, "，并收款！", "，恭喜！")
    plan = planned(world)
    (found,) = told(plan, fit.TEXT_DIFFERS.code)
    assert (found.params["message"], found.params["row"]) == ("group", 1)
    assert (found.params["old"], found.params["new"]) == ("并收款！", "恭喜！")
    assert told(plan, fit.FITS.code)[0].params["same"] == MANY // 2
    assert len(told(planned(world, explain_fit=True), fit.TEXT_DIFFERS.code)) == MANY


def test_line_ends_around_a_text_are_no_difference(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT)
    world.task(WECOM, made.texts[GROUP][0], made.texts[GROUP][1] + "\n", "completed")
    assert not told(planned(world), fit.TEXT_DIFFERS.code)


def fresh(world: LegacyWorld) -> None:
    with world.together():
        for _ in range(MANY):
            world.contract("N")
        world.reports(MANY, status="completed")


def few(world: LegacyWorld) -> None:
    notified(world, 3)
    described(world, "（北京）销售喜报群", "北京签约群")


def purged(world: LegacyWorld) -> None:
    notified(world)
    world.purge()


def reports_to_the_group(world: LegacyWorld) -> None:
    """Of a campaign whose own rows are gone."""
    purged(world)
    with world.together():
        for at in range(MANY):
            world.task(WECOM, "（北京）销售喜报群", f"日报 第{at}号，累计 {at} 单，工单 GD{20250600 + at}", "completed")


def reminders(world: LegacyWorld) -> None:
    """Of another job, which names the contracts to others."""
    with world.together():
        for _ in range(MANY):
            made = world.contract("Y", SENT, [(GROUP, "completed")])
            world.task(WECHAT, "测试服务商", f"请回访 {made.number}", "completed")


def reminders_of_what_is_new(world: LegacyWorld) -> None:
    """Of the kind of the awards, which were not begun."""
    with world.together():
        for _ in range(MANY):
            made = world.contract("N", award=True)
            world.task(WECHAT, "测试服务商", f"请回访 {made.number}", "completed")


def reminders_where_the_own_rows_are_gone(world: LegacyWorld) -> None:
    with world.together():
        for _ in range(MANY):
            made = world.contract("Y", SENT)
            world.task(WECHAT, "测试服务商", f"请回访 {made.number}", "completed")


def staff_who_left(world: LegacyWorld) -> None:
    """A third of the awards went to somebody who has another name in the file by now."""
    notified(world)
    with world.together():
        for _ in range(MANY // 4):
            made = world.contract("Y", SENT, [(GROUP, "completed")], award=True)
            world.task(WECHAT, "已离职", made.texts[AWARD][1], "completed")


def contracts_that_were_removed(world: LegacyWorld) -> None:
    with world.together():
        for _ in range(MANY):
            world.contract(None, SENT, [(GROUP, "completed")])


@pytest.mark.parametrize(
    "left",
    [
        fresh,
        few,
        purged,
        reports_to_the_group,
        reminders,
        reminders_of_what_is_new,
        reminders_where_the_own_rows_are_gone,
        staff_who_left,
        contracts_that_were_removed,
    ],
    ids=lambda left: left.__name__,
)
def test_what_is_no_wrong_description(world: LegacyWorld, left: Callable[[LegacyWorld], None]) -> None:
    left(world)
    assert misfits(world) == []


def test_rows_to_somebody_unknown_are_not_said_to_be_gone(world: LegacyWorld) -> None:
    few(world)
    whys = [item.why.code for part in planned(world).campaigns for one in part.contracts for item in one.decisions]
    assert set(whys) == {"unknown_recipient", "row_completed"}


def test_a_file_that_was_cut_is_told_first(world: LegacyWorld) -> None:
    notified(world)
    world.csv_torn(0.5)
    first, *_ = planned(world).fit
    assert first == fit.CSV_CUT(campaign="beijing", file="state/PerformanceData-BJ-Aug.csv")


def test_a_file_that_was_cut_between_two_rows_is_told_first(world: LegacyWorld) -> None:
    notified(world)
    lines = world.csv().read_bytes().splitlines(keepends=True)
    world.csv().write_bytes(b"".join(lines[:4]))
    first, *_ = planned(world).fit
    assert (first.code, first.params["missing"], first.params["keys"]) == (fit.CSV_SHORT.code, MANY - 3, MANY)


def test_of_many_texts_some_of_all_parts_are_compared(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "SAMPLE", 4)
    with world.together():
        for _ in range(MANY):
            world.contract("Y", SENT, [(GROUP, "completed")])
    (sampled,) = planned(world).fit
    assert (sampled.params["compared"], sampled.params["texts"]) == (3, MANY)
    (every,) = planned(world, explain_fit=True).fit
    assert (every.params["compared"], every.params["texts"]) == (MANY, MANY)
