"""The shim beside notifykit itself, and the program as it is before, during and after a migration."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from notifykit_compat.errors import ShimError
from program_world import BEIJING_CSV, BEIJING_JSON, FLAG, NOTIFYKIT, ProgramWorld, contract
from shim_world import shimmed

from notifykit.errors import HeldCampaignError
from notifykit.model import Status
from notifykit.pipeline.run import Runner


@pytest.fixture
def world(tmp_path: Path) -> ProgramWorld:
    return ProgramWorld(tmp_path / "world", count=12, shanghai=3)


def notifykit(world: ProgramWorld, *arguments: str, code: int = 0) -> str:
    command = [NOTIFYKIT, "--project", str(world.project), *arguments]
    done = subprocess.run(command, cwd=world.folder, env=world.in_process, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_notifykit_and_the_shim_in_turns(world: ProgramWorld) -> None:
    """Whoever comes first queues a contract, and whoever comes first sends it."""
    world.fill()
    for turn in range(4):
        world.append(*(contract(number, award=world.award(number)) for number in range(12 + turn * 3, 15 + turn * 3)))
        with shimmed(world) as program:
            if turn % 2:
                program.jobs.signing_and_sales_incentive_aug_beijing()
            project = world.opened()
            with project.open_file() as outbox:
                Runner(project, outbox, project.campaigns(("beijing",))).once()
            program.once("bj")
    assert world.problems(range(24)) == []


def test_notifykit_and_the_shim_at_once(world: ProgramWorld) -> None:
    world.count = 40
    world.offer([contract(number, award=world.award(number)) for number in range(world.count)])
    world.fill()
    native = subprocess.Popen(
        [NOTIFYKIT, "--project", str(world.project), "run", "--once"],
        cwd=world.folder,
        env=world.in_process,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with shimmed(world) as program:
        program.once("bj", "sh")
        _, said = native.communicate(timeout=60)
        assert native.returncode in (0, 1), said.decode()  # Shanghai's CSV may not be there when it begins
        program.once("bj", "sh")
    assert world.problems() == []


def test_two_threads_of_one_program(world: ProgramWorld) -> None:
    """The scheduler thread and two jobs at once, each with its own contracts."""
    world.fill()
    with shimmed(world) as program:
        jobs = program.jobs
        program.once("sh")
        threads = [
            threading.Thread(target=work)
            for work in (
                jobs.signing_and_sales_incentive_aug_beijing,
                jobs.signing_and_sales_incentive_aug_shanghai,
                jobs.check_technician_status,
                program.task_scheduler.check_tasks,
            )
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        program.once("bj", "sh")
    assert world.problems() == []


@pytest.mark.long
def test_before_during_and_after_a_migration(world: ProgramWorld) -> None:
    """Bare, migrated with messages under way, shimmed, started bare by mistake, rolled back, bare, and once more."""
    world.environment["LEGACY_CYCLES"] = "1"
    world.fail("达成")
    world.bare("--once", "bj", "sh", "ts")
    world.fail()
    with pytest.raises(ShimError, match="run `notifykit migrate` first"), shimmed(world):
        pass
    notifykit(world, "migrate", "--yes", "--raised", "queue")
    assert not (world.folder / BEIJING_JSON).exists()

    with shimmed(world) as program:
        program.once("bj", "sh", "ts")
        assert program.told == []
    assert world.problems() == []

    grow(world, 15)
    before = world.typed()
    done = world.bare("--once", "bj")
    refusal = "this message belongs to a campaign that was migrated, and notifykit sends it; run the campaign with"
    assert refusal in done.stdout
    assert "notifykit shim -- main.py" in done.stdout
    assert not (world.folder / BEIJING_JSON).exists()
    assert {row[FLAG] for row in world.rows()} == {"Y", "N"}
    world.bare("--once", "ts", "report")
    assert [entry["text"][:4] for entry in world.typed()[len(before) :]] == ["服务日报"], "others go on"

    with shimmed(world) as program:
        program.jobs.signing_and_sales_incentive_aug_beijing()  # queued, not sent
    notifykit(world, "rollback", "--yes")
    assert len(world.rows(BEIJING_CSV)) == 15
    world.bare("--once", "bj", "sh", "ts")
    assert world.problems() == []

    grow(world, 18)
    notifykit(world, "migrate", "--yes")
    with shimmed(world) as program:
        program.once("bj", "sh", "ts")
    assert world.problems() == []
    assert {task.status for task in world.tasks()} == {Status.COMPLETED}


@pytest.mark.long
def test_a_renamed_campaign_is_refused_until_it_is_said_and_then_goes_on(world: ProgramWorld) -> None:
    world.bare("--once", "bj", "sh")
    notifykit(world, "migrate", "--yes")
    campaigns = world.folder / "campaigns"
    (campaigns / "beijing.yaml").rename(campaigns / "beijing-aug.yaml")
    grow(world, 15)
    with pytest.raises(ShimError, match='run `notifykit campaign rename "beijing" "beijing-aug"'), shimmed(world):
        pass
    notifykit(world, "campaign", "rename", "beijing", "beijing-aug", "--why", "a file a month")
    with shimmed(world) as program:
        program.once("bj")
    assert {task.campaign for task in world.tasks()} == {"beijing-aug", "shanghai"}
    notifykit(world, "rollback", "--yes")
    world.bare("--once", "bj")
    assert world.problems() == []


@pytest.mark.long
def test_a_program_that_runs_while_its_campaign_is_renamed_queues_nothing_more(world: ProgramWorld) -> None:
    world.bare("--once", "bj", "sh")
    notifykit(world, "migrate", "--yes")
    with shimmed(world) as program:
        program.once("bj")
        campaigns = world.folder / "campaigns"
        (campaigns / "beijing.yaml").rename(campaigns / "beijing-aug.yaml")
        notifykit(world, "campaign", "rename", "beijing", "beijing-aug", "--why", "a file a month")
        grow(world, 15)
        with pytest.raises(HeldCampaignError, match="beijing-aug"):
            program.jobs.signing_and_sales_incentive_aug_beijing()
    assert {task.campaign for task in world.tasks()} == {"beijing-aug", "shanghai"}
    with shimmed(world) as program:
        program.once("bj")
    assert world.problems() == []


@pytest.mark.long
def test_nobody_rolls_back_under_a_program_that_runs(world: ProgramWorld) -> None:
    world.bare("--once", "bj", "sh")
    notifykit(world, "migrate", "--yes")
    with shimmed(world) as program:
        program.once("bj")
        assert "another program has it open; nothing was changed" in notifykit(world, "rollback", "--yes", code=4)
        grow(world, 15)
        program.once("bj")
    notifykit(world, "rollback", "--yes")
    with pytest.raises(ShimError, match="run `notifykit migrate` first"), shimmed(world):
        pass
    assert world.problems() == []


def grow(world: ProgramWorld, count: int) -> None:
    world.count = count
    world.offer([contract(number, award=world.award(number)) for number in range(count)])
