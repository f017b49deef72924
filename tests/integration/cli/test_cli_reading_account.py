"""An account that may read everything, and write nothing: what it can look at, and what `check` tells it."""

from __future__ import annotations

import shutil

import pytest
from cli_world import CliWorld, contract
from reading_account import run_as_reader

from notifykit.wording import Reason

LOOKING = ["status", "tasks", f"trace {contract(1)}", "dispatch --dry-run", "generate --dry-run", "run --dry-run"]


@pytest.mark.long
def test_an_account_that_may_only_read_can_look(world: CliWorld) -> None:
    world.lived()
    before = sorted(path.name for path in world.store.parent.iterdir())
    for command in LOOKING:
        done = run_as_reader([*world.command, *command.split()], world.folder, env=world.in_process)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert sorted(path.name for path in world.store.parent.iterdir()) == before
    with world.outbox() as outbox:
        outbox.pause("award-desk", 60, Reason("in the log"))
        done = run_as_reader([*world.command, "status"], world.folder, env=world.in_process)
        assert (done.returncode, "in the log" in done.stdout) == (0, True), done.stderr
        killed = world.folder / "killed"
        shutil.copytree(world.store.parent, killed)
    world.edit("notifykit.yaml", "state/", "killed/")
    done = run_as_reader([*world.command, "status"], world.folder, env=world.in_process)
    assert (done.returncode, "in the log" in done.stdout) == (0, True), done.stderr
    (killed / "notifykit.db-shm").unlink()
    done = run_as_reader([*world.command, "status"], world.folder, env=world.in_process)
    assert done.returncode == 1
    assert "a program that was killed left a log beside it, which this account may not read in" in done.stderr


def test_a_check_names_what_the_account_cannot_write(world: CliWorld) -> None:
    world.lived()
    done = run_as_reader([*world.command, "check"], world.folder, env=world.in_process)
    assert done.returncode == 4
    assert f"error: store: {world.store} cannot be written; correct its owner or mode" in done.stdout
    assert f"error: store: {world.store.parent} cannot be written, where the outbox is" in done.stdout


def test_what_results_cannot_be_written_into_is_found(world: CliWorld) -> None:
    done = run_as_reader([*world.command, "check"], world.folder, env=world.in_process)
    assert done.returncode == 4
    assert f"error: beijing: {world.csv} cannot be written, so no result is written back; correct" in done.stdout
    assert f"error: beijing: {world.csv.parent} cannot be written, where results are written back" in done.stdout
