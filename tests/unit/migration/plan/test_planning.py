"""What a plan is made of: matched rows, doubts, warnings, and the same plan from a copy of the files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, WECHAT, WECOM, LegacyWorld, Made
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.contracts import redirected
from notifykit_migration.model import CampaignPlan, ContractPlan, InputKind, Options, Plan, Stopped
from notifykit_migration.plan.make import NothingToMigrateError, make_plan
from notifykit_migration.wording import warnings


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path / "project")


def plan_of(world: LegacyWorld, options: Options | None = None) -> Plan:
    project = world.opened()
    return make_plan(project, options or Options(stopped=Stopped.IDLE), now=float(int(project.clock.now())))


def beijing(plan: Plan) -> CampaignPlan:
    return next(part for part in plan.campaigns if part.campaign == "beijing")


def contract(plan: Plan, made: Made) -> ContractPlan:
    (found,) = [contract for part in plan.campaigns for contract in part.contracts if contract.key == made.id]
    return found


def letters(found: ContractPlan) -> str:
    return "".join(item.decision.value for item in found.decisions)


def why(found: ContractPlan) -> str:
    return "; ".join(item.why.text for item in found.decisions)


def test_inputs_and_what_stays(world: LegacyWorld) -> None:
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.technician(status="completed")
    plan = plan_of(world)
    assert {item.path: (item.kind, bool(item.sha256)) for item in plan.inputs} == {
        "state/PerformanceData-BJ-Aug.csv": (InputKind.CSV, True),
        "state/send_status_bj_aug.json": (InputKind.JSON, True),
        "tasks.db": (InputKind.STORE, True),
    }
    assert [(kept.status_file, kept.keys) for kept in plan.kept] == [("state/technician_status_record.json", 1)]
    assert plan.others == 1


def test_a_file_that_is_not_there_is_an_input_as_well(world: LegacyWorld) -> None:
    world.contract("N", None, [(GROUP, "pending")])
    found = {item.kind: item.sha256 for item in plan_of(world).inputs}
    assert found[InputKind.JSON] == ""


def test_the_same_world_gives_the_same_plan_and_another_one_another(world: LegacyWorld) -> None:
    world.contract("Y", SENT, [(GROUP, "pending")])
    plan = plan_of(world)
    assert plan_of(world).hash == plan.hash
    assert plan_of(world, Options(stopped=Stopped.UNKNOWN)).hash != plan.hash
    world.contract("N")
    assert plan_of(world).hash != plan.hash


def test_from_a_copy_of_the_files_comes_the_same_plan(world: LegacyWorld, tmp_path: Path) -> None:
    """Texts that name a file name the one of the project, wherever it is read from."""
    with world.together():
        world.contract("N", None, [(GROUP, "completed")], award=True)
        world.contract("Y", SENT, cells={"管家(serviceHousekeeper)": ""})
        world.technician()
    world.append({"活动编号": "BJ-AUG", "合同ID(_id)": "2025080000000000077"})
    project = world.opened()
    now = float(int(project.clock.now()))
    plan = make_plan(project, Options(), now=now)
    redirect = {}
    for path in (world.csv(), world.status_file(), world.technician_file, world.store):
        copy = tmp_path / f"copy of {path.name}"
        shutil.copyfile(path, copy)
        path.unlink()
        redirect[path.resolve()] = copy
    assert replace(make_plan(project, Options(), now=now, redirect=redirect)) == plan


def test_the_text_of_a_message_that_is_created(world: LegacyWorld) -> None:
    made = world.contract("N", None, [(GROUP, "completed")], award=True)
    found = contract(plan_of(world), made)
    assert letters(found) == "SC"
    assert (found.decisions[1].recipient, found.decisions[1].text) == made.texts[AWARD]
    assert not found.set_flag


def test_rows_of_others_are_orphans_and_stay(world: LegacyWorld) -> None:
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        left = world.leftovers(3)
        done = world.reports(1, status="completed")
    plan = plan_of(world)
    assert plan.orphans == tuple(left)
    assert plan.others == len(left) + len(done)
    assert warnings.ORPHANS(rows=3) in plan.warnings


def test_a_text_to_somebody_unknown(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "completed")])
    row = world.task(WECHAT, "别人", f"请联系 {made.number}")
    found = contract(plan_of(world), made)
    assert f"row {row} names it, to the unknown recipient '别人'" in why(found)
    assert letters(found) == "SH"


def test_a_text_with_two_numbers(world: LegacyWorld) -> None:
    one, two = world.contract("Y", SENT), world.contract("Y", SENT)
    row = world.task(WECOM, one.texts[GROUP][0], f"{one.number} 与 {two.number}")
    plan = plan_of(world)
    assert f"row {row} names 2 contracts" in why(contract(plan, one)) + why(contract(plan, two))
    assert row not in plan.orphans


def test_a_row_without_a_number_is_in_doubt(world: LegacyWorld) -> None:
    made = world.contract("N", cells={"合同编号(contractdocNum)": ""})
    found = contract(plan_of(world), made)
    assert letters(found) == "H"
    assert "is empty: no row can be matched to it" in why(found)


def test_two_lines_of_one_key(world: LegacyWorld) -> None:
    cells = world.row()
    world.append(cells, cells | {"是否发送通知": "Y"})
    (found,) = beijing(plan_of(world)).contracts
    assert found.column.value == "other"
    assert letters(found) == "H"


def test_a_purged_table_turns_new_into_held(world: LegacyWorld) -> None:
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        fresh = world.contract("N")
    world.purge()
    plan = plan_of(world)
    assert plan.purged
    assert letters(contract(plan, fresh)) == "H"
    assert warnings.PURGED.code in {warning.code for warning in plan.warnings}


def test_no_table_at_all(world: LegacyWorld) -> None:
    with world.together():
        known = world.contract("Y", SENT)
        fresh = world.contract("N")
    world.store.unlink()
    plan = plan_of(world)
    assert plan.purged
    assert (letters(contract(plan, known)), letters(contract(plan, fresh))) == ("H", "H")
    assert [item.kind for item in plan.inputs] == [InputKind.CSV, InputKind.JSON]


def test_a_key_that_the_csv_file_does_not_have(world: LegacyWorld) -> None:
    world.contract("N")
    world.say("2025080000000000099", SENT)
    found = beijing(plan_of(world)).contracts[-1]
    assert (found.key, found.number, found.place, letters(found)) == ("2025080000000000099", None, None, "HH")


def test_warnings_do_not_drown(world: LegacyWorld) -> None:
    world.append(*({"活动编号": "BJ-AUG"} for _ in range(30)))
    world.contract("N")
    found = plan_of(world).warnings
    assert [warning.code for warning in found].count(warnings.UNUSABLE_ROW.code) == 20
    assert warnings.UNUSABLE_ROWS(campaign="beijing", rows=10) in found


def configure(world: LegacyWorld, old: str, new: str) -> None:
    path = world.folder / "campaigns" / "beijing.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_number_column_that_is_not_there(world: LegacyWorld) -> None:
    world.contract("N")
    configure(world, "kind: contract", "kind: contract, number: 合同号")
    with pytest.raises(PreflightError, match="there is no column '合同号'"):
        plan_of(world)


def test_nothing_is_left_to_be_migrated(world: LegacyWorld) -> None:
    world.contract("Y", SENT, [(GROUP, "completed")])
    assert world.run("migrate", "--yes").exit_code == 0
    with pytest.raises(NothingToMigrateError, match="nothing to do"):
        plan_of(world)


def test_a_campaign_that_comes_later_is_planned_alone(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project", campaigns=("beijing", "shanghai"))
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        later = world.contract("Y", SENT, [(GROUP, "pending")], campaign="shanghai")
    shanghai = world.folder / "campaigns" / "shanghai.yaml"
    text = shanghai.read_text(encoding="utf-8")
    shanghai.unlink()
    assert world.run("migrate", "--yes").exit_code == 0
    shanghai.write_text(text, encoding="utf-8")
    plan = plan_of(world)
    assert [part.campaign for part in plan.campaigns] == ["shanghai"]
    assert letters(contract(plan, later)) == "A"


def test_a_source_that_reads_a_copy_knows_what_is_used_of_it(world: LegacyWorld, tmp_path: Path) -> None:
    project = world.opened()
    campaign = next(one for one in project.described if one.name == "beijing")
    copied = redirected(campaign, {campaign.source.path: tmp_path / "copy.csv"})  # type: ignore[attr-defined]
    assert copied.source.path == tmp_path / "copy.csv"  # type: ignore[attr-defined]
    assert "管家(serviceHousekeeper)" in copied.source.expected  # type: ignore[attr-defined]


def test_a_row_whose_key_a_program_rewrote_is_no_contract(world: LegacyWorld) -> None:
    made = world.contract("N", None, [(GROUP, "pending")])
    number = f"{made.id[0]}.{made.id[1:]}E{len(made.id) - 1}"
    world.csv().write_bytes(world.csv().read_bytes().replace(made.id.encode(), number.encode()))
    plan = plan_of(world)
    assert number not in {found.key for found in beijing(plan).contracts}
    assert any(f"turned the key into the number {number}" in warning.text for warning in plan.warnings)
