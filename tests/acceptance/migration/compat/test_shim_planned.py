"""A program that carried out the published upgrade plan by its letter, under the shim."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from planned_modules import WAYS, carry_out, take_first_step
from program_world import BEIJING_CSV, NOTIFYKIT, ProgramWorld, contract, contract_id, contract_number
from shim_world import shimmed, unshimmed


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> ProgramWorld:
    made = ProgramWorld(tmp_path / "world")
    carry_out(made, request.param)
    return made


def runs(world: ProgramWorld, count: int = 1) -> None:
    """Run the program so many times, each as a new start would."""
    for _ in range(count):
        with shimmed(world) as program:
            program.once()


def test_each_message_is_sent_once_and_then_the_flag_is_set(world: ProgramWorld) -> None:
    runs(world, 3)
    assert world.problems() == []
    assert [entry["text"] for entry in world.typed()] == [task.text for task in world.tasks(campaign="beijing")]


def test_the_flag_waits_for_both_messages(world: ProgramWorld) -> None:
    world.fail("达成")  # stands in award texts only
    runs(world, 3)
    awarded = [contract_id(number) for number in range(world.count) if world.award(number)]
    assert [key for key, flag in world.flags().items() if flag == "N"] == awarded
    world.fail()
    assert world.decide() == len(awarded)
    runs(world, 2)
    assert world.problems() == []


@pytest.mark.long
@pytest.mark.parametrize("odd", ["it's", 'a"b', "back\\slash", "编号-7", "100%_"])
def test_ids_that_the_plans_search_does_not_find(world: ProgramWorld, odd: str) -> None:
    world.offer([contract(n, award=world.award(n), key=odd if n == 0 else None) for n in range(world.count)])
    runs(world, 3)
    assert world.problems() == []


def test_one_that_stops_between_two_messages_queues_none(world: ProgramWorld) -> None:
    world.fill()
    with shimmed(world) as program:
        program.notification_module.generate_award_message = None  # it is called between the two
        for _ in range(2):
            with pytest.raises(TypeError):
                program.notification_module.notify_awards_aug_beijing(BEIJING_CSV, "")
        program.drain()
        assert world.typed() == []
    runs(world, 2)
    assert world.problems() == []


@pytest.mark.long
def test_what_it_left_is_not_created_again(world: ProgramWorld) -> None:
    """One contract failed, one waits with its first message, the others were sent; then the table is migrated."""
    (world.folder / "campaigns" / "shanghai.yaml").unlink()
    take_first_step(world)
    world.fill()
    world.fail(contract_number(1))
    world.bare("--once", "bj")
    world.fail()
    world.count += 1
    world.append(contract(world.count - 1, award=world.award(world.count - 1)))
    with unshimmed(world) as program:
        program.notification_module.generate_award_message = None  # it is called between the two
        with pytest.raises(TypeError):
            program.notification_module.notify_awards_aug_beijing(BEIJING_CSV, "")
    migrated = subprocess.run(
        [NOTIFYKIT, "migrate", "--yes"], cwd=world.folder, env=world.in_process, check=False, stdout=subprocess.DEVNULL
    )
    assert migrated.returncode == 3, "something is held"
    runs(world)
    assert world.decide(), "a person looks at the desktop"
    runs(world, 2)
    assert world.problems() == []
