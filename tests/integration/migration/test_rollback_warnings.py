"""What a rollback says of what the old program will do once it is started: told before, and again at the end."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from legacy_code import JOBS, write_legacy_code
from legacy_run import LegacyRun
from legacy_world import GROUP, SENT, LegacyWorld

STARTS = "rolled back: the old program may be started again"


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    world = LegacyWorld(tmp_path / "project")
    world.contract("Y", SENT, [(GROUP, "completed")])
    world.contract("N", SENT, [(GROUP, "pending")])
    return world


def migrate(world: LegacyWorld, code: int = 0) -> None:
    done = world.run("migrate", "--yes", "--stopped", "idle")
    assert done.exit_code == code, done.output


def test_rows_of_contracts_that_a_torn_csv_file_lost_are_listed_as_what_it_sends(world: LegacyWorld) -> None:
    """Their contracts are held, the rows belong to nobody any more, and the old scheduler sends them."""
    world.csv_torn(keep=0.0)
    migrate(world, code=3)
    dry = world.run("rollback", "--dry-run")
    assert dry.exit_code == 0, dry.output
    told = "warning: 1 pending rows belong to no campaign, and the old program will send them at its next start"
    assert told in dry.stdout
    done = world.run("rollback", "--yes")
    assert done.exit_code == 3, done.output
    assert STARTS not in done.stdout
    assert "see to this before the old program is started" in done.stdout.splitlines()[-2]
    assert "1 pending rows belong to no campaign" in done.stdout.splitlines()[-1]
    assert (
        "would send 0 pending rows, which is exactly what was queued, 1 pending rows that no campaign has"
        in done.stderr
    )
    LegacyRun(world).schedule()
    assert sum(world.delivered.values()) == 1, "it does what was said"


def test_rows_of_other_jobs_are_counted_and_alarm_nobody(world: LegacyWorld) -> None:
    world.reports(2)
    migrate(world)
    done = world.run("rollback", "--yes")
    assert done.exit_code == 0, done.output
    assert "stays: 2 rows of other jobs in tasks.db, of which the old program will send 2" in done.stdout
    assert done.stdout.splitlines()[-1] == STARTS


@pytest.fixture
def patched(world: LegacyWorld, tmp_path: Path) -> Path:
    """The folder of an old program to which the patch of `retire` was applied."""
    migrate(world)
    jobs = {"jobs.py": JOBS.replace("SH_AUG", "BJ_AUG")}
    code, patch = write_legacy_code(tmp_path / "code", jobs), tmp_path / "cleanup.patch"
    done = world.run("retire", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    program = shutil.which("patch")
    assert program is not None, "`patch` is missing; install it (Debian: apt-get install patch)"
    subprocess.run([program, "-p1", "-i", str(patch)], cwd=code, check=True, capture_output=True)
    assert "load_send_status(status_filename)" not in job(code).partition("technician")[0]
    return code


def job(code: Path) -> str:
    return (code / "modules" / "notification_module.py").read_text(encoding="utf-8")


def test_a_program_whose_check_is_gone_is_not_to_be_started(world: LegacyWorld, patched: Path) -> None:
    dry = world.run("rollback", "--dry-run", "--json")
    (reason,) = json.loads(dry.stdout)["warning_reasons"]
    assert reason["code"] == "still_patched"
    done = world.run("rollback", "--yes")
    assert done.exit_code == 0, done.output
    assert STARTS not in done.stdout
    said = done.stdout.splitlines()[-1]
    assert "the old program's check is gone from" in said
    assert "modules/notification_module.py" in said
    command = said.partition("`patch")[2].partition("`):")[0]
    subprocess.run(["patch", *command.split()], cwd=patched, check=True, capture_output=True)
    assert "load_send_status(status_filename)" in job(patched).partition("technician")[0]


def test_once_the_patch_is_taken_back_nothing_is_said(world: LegacyWorld, patched: Path, tmp_path: Path) -> None:
    back = ["patch", "-R", "-p1", "-i", str(tmp_path / "cleanup.patch")]
    subprocess.run(back, cwd=patched, check=True, capture_output=True)
    done = world.run("rollback", "--yes")
    assert done.stdout.splitlines()[-1] == STARTS


def test_code_that_changed_since_is_for_a_person_to_look_at(world: LegacyWorld, patched: Path) -> None:
    for path in patched.rglob("*.py"):
        path.write_text(f"{path.read_text(encoding='utf-8')}# a change\n", encoding="utf-8")
    said = world.run("rollback", "--yes").stdout.splitlines()[-1]
    assert "changed since `retire` made its patch" in said


def test_of_code_that_changed_in_part_both_are_said(world: LegacyWorld, patched: Path) -> None:
    """What takes the patch back fails on the file that changed."""
    jobs = patched / "jobs.py"
    jobs.write_text(f"{jobs.read_text(encoding='utf-8')}# a change\n", encoding="utf-8")
    reasons = json.loads(world.run("rollback", "--dry-run", "--json").stdout)["warning_reasons"]
    assert [reason["code"] for reason in reasons] == ["still_patched", "code_changed"]


def test_code_that_is_gone_says_nothing(world: LegacyWorld, patched: Path) -> None:
    shutil.rmtree(patched)
    assert world.run("rollback", "--yes").stdout.splitlines()[-1] == STARTS
