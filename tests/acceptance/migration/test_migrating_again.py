"""Migrating again after a rollback: what was held is held, what is new is new, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from legacy_project import WECHAT
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path)


def there_and_back(world: LegacyWorld) -> None:
    assert world.run("migrate", "--yes").exit_code == 3
    assert world.run("rollback", "--yes").exit_code in (0, 3)


def held(world: LegacyWorld) -> list[tuple[str, str]]:
    assert world.run("migrate", "--yes").exit_code in (0, 3)
    return sorted(
        (row["record_key"], row["message_name"])
        for row in world.rows()
        if row["campaign"] and row["status"] == "in_doubt"
    )


def test_a_row_to_an_unknown_recipient_is_held_again_and_again(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "completed")])
    row = world.task(WECHAT, "测试前台", f"关于 {made.number}")
    there_and_back(world)
    there_and_back(world)
    assert held(world) == [(made.id, f"row-{row}")]
    assert f"关于 {made.number}" in [row["message"] for row in world.rows()]


def test_a_cancelled_twin_hides_no_hold(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "pending"), (GROUP, "pending")])
    there_and_back(world)
    assert held(world) == [(made.id, GROUP)]


def test_two_texts_of_a_message_are_both_held(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "pending")])
    recipient, text = made.texts[GROUP]
    world.task("send_wecom_message", recipient, f"{text}（更正）")
    world.contract("Y", SENT, [(GROUP, "completed")])  # came later: the two were tried, and raised
    there_and_back(world)
    assert held(world) == [(made.id, GROUP)] * 2


def test_a_message_that_is_not_due_any_more_is_held_all_the_same(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
    there_and_back(world)
    data = world.csv().read_bytes()
    world.csv().write_bytes(data.replace(b",1,", b",0,"))
    assert held(world) == [(made.id, AWARD)]


def test_what_the_old_program_began_anew_is_its_own(world: LegacyWorld) -> None:
    made = world.contract("Y")
    there_and_back(world)
    world.set_flag(made.id, "N")  # a person found out that it was never sent
    LegacyRun(world).generate()
    LegacyRun(world).schedule()
    assert held(world) == []


def test_a_rollback_is_no_purge(world: LegacyWorld) -> None:
    """The rows that it took from the table make no new contract doubtful."""
    made = world.contract("Y", SENT, [(GROUP, "pending")])
    world.contract("Y", SENT, [(GROUP, "completed")])
    there_and_back(world)
    there_and_back(world)
    world.append(world.row(award=True))
    assert held(world) == [(made.id, GROUP)]


def test_a_purge_after_a_rollback_is_seen(world: LegacyWorld) -> None:
    made = world.contract("Y")
    there_and_back(world)  # its hold had an id, which the old program gets once more
    sent = world.row()
    world.append(sent)
    LegacyRun(world).generate()
    LegacyRun(world).schedule()
    world.purge()
    world.status_file().unlink()
    world.set_flag(sent["合同ID(_id)"], "N")
    assert held(world) == sorted([(made.id, GROUP), (sent["合同ID(_id)"], GROUP)])


def test_ids_that_no_task_got_are_no_purge(world: LegacyWorld) -> None:
    """What is offered to the outbox a second time uses up an id."""
    made = world.contract("N", SENT, [(GROUP, "pending")])
    assert world.run("migrate", "--yes").exit_code == 3
    world.run("generate")
    world.append(world.row())
    world.run("generate")
    world.run("dispatch", "--once")
    assert world.run("rollback", "--yes").exit_code == 3
    world.append(world.row())
    assert held(world) == [(made.id, GROUP)]


def test_a_purge_before_the_first_migration_stays_one(world: LegacyWorld) -> None:
    old = world.contract("Y", SENT, [(GROUP, "completed")])
    made = world.contract("Y", SENT, [(GROUP, "pending")])
    world.purge(*old.rows)
    there_and_back(world)
    new = world.row()
    world.append(new)
    assert held(world) == sorted([(old.id, GROUP), (made.id, GROUP), (new["合同ID(_id)"], GROUP)])


# Decisions of a person.


def statuses(world: LegacyWorld, campaign: str = "beijing") -> dict[str, str]:
    """Key to status, of the tasks that have one."""
    return {row["record_key"]: row["status"] for row in world.rows() if row["campaign"] == campaign}


def test_what_was_assumed_sent_stays_so_and_is_not_asked_again(world: LegacyWorld) -> None:
    made = [world.contract("Y", SENT) for _ in range(3)]
    world.contract("Y", SENT, [(GROUP, "completed")])
    assert world.run("migrate", "--yes", "--historic", "assume-sent").exit_code == 0
    for _ in range(2):
        assert world.run("rollback", "--yes").exit_code == 0
        assert held(world) == []
        assert {statuses(world)[contract.id] for contract in made} == {"completed"}


@pytest.mark.parametrize(("decision", "then"), [("--sent", "completed"), ("--cancel", "cancelled")])
def test_what_a_person_decided_stays_so(world: LegacyWorld, decision: str, then: str) -> None:
    made = world.contract("Y", SENT)
    world.contract("Y", SENT, [(GROUP, "completed")])
    assert world.run("migrate", "--yes").exit_code == 3
    assert world.run("resolve", decision, "--key", made.id, "--why", "asked in the group", "--yes").exit_code == 0
    world.run("settle")
    for _ in range(2):
        assert world.run("rollback", "--yes").exit_code == 0
        assert held(world) == []
        assert statuses(world)[made.id] == then


def test_a_campaign_that_sat_out_a_rollback_forgets_nothing(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project", campaigns=("beijing", "shanghai"))
    world.contract("N")
    sent, open_ = (world.contract("Y", SENT, campaign="shanghai") for _ in range(2))
    assert world.run("migrate", "--yes").exit_code == 3
    assert world.run("resolve", "--sent", "--key", sent.id, "--why", "asked in the group", "--yes").exit_code == 0
    assert world.run("rollback", "--yes").exit_code == 3
    described = world.folder / "campaigns" / "shanghai.yaml"
    away = described.rename(tmp_path / "away.yaml")
    assert world.run("migrate", "--yes").exit_code in (0, 3)
    assert world.run("rollback", "--yes").exit_code == 0
    away.rename(described)
    world.run("migrate", "--yes")
    assert statuses(world, "shanghai") == {sent.id: "completed", open_.id: "in_doubt"}
    assert "asked in the group" in world.run("trace", sent.id).stdout
