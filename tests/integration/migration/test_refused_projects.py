"""What a project's files say that no migration can be with: `check` tells it before a command stops at it."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from legacy_world import GROUP, SENT, LegacyWorld

from notifykit.errors import ExitCode

CITIES = ("beijing", "shanghai")


def build(folder: Path) -> LegacyWorld:
    world = LegacyWorld(folder, CITIES)
    with world.together():
        for city in CITIES:
            world.contract("Y", SENT, [(GROUP, "completed")], campaign=city)
            world.contract("N", campaign=city)
    return world


def edit(world: LegacyWorld, pattern: str, new: str, *, city: str = "beijing") -> None:
    path = world.folder / "campaigns" / f"{city}.yaml"
    text, changed = re.subn(pattern, new, path.read_text(encoding="utf-8"))
    assert changed
    path.write_text(text, encoding="utf-8")


def one_status_file(world: LegacyWorld) -> None:
    edit(world, "send_status_bj_aug", "send_status_sh_aug")


def another_csv_file(world: LegacyWorld) -> None:
    shutil.copy(world.csv(), world.folder / "state" / "corrected.csv")
    edit(world, r"PerformanceData-BJ-Aug\.csv", "corrected.csv")


def another_status_file(world: LegacyWorld) -> None:
    edit(world, "send_status_bj_aug", "send_status_bj_sep")


def no_old_state(world: LegacyWorld) -> None:
    edit(world, r"legacy:.*\n(?: .*\n)*", "")


def no_flags(world: LegacyWorld) -> None:
    edit(world, r"strategy: .*", "strategy: {type: legacy_status, status_file: state/other.json}")


def another_name(world: LegacyWorld) -> None:
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "campaigns" / "bj.yaml")


def no_file(world: LegacyWorld) -> None:
    (world.folder / "campaigns" / "beijing.yaml").unlink()


BOTH = "the campaigns beijing and shanghai both name it as their `legacy: status_file:`; one file belongs to one"
NO_FLAGS = (
    "campaigns/beijing.yaml: its strategy keeps no flags (LegacyStatus), so its old state cannot be read; use the"
)

AFTER: dict[str, tuple[Callable[[LegacyWorld], None], str]] = {
    "one status file": (one_status_file, BOTH),
    "another CSV file": (
        another_csv_file,
        "now, and were in state/PerformanceData-BJ-Aug.csv when it was migrated; put the old path back",
    ),
    "another status file": (
        another_status_file,
        "and was state/send_status_bj_aug.json when it was migrated; put back `legacy: {status_file: state/send_status",
    ),
    "no old state": (
        no_old_state,
        "campaigns/beijing.yaml: its send-status file is not named now, and was state/send_status_bj_aug.json",
    ),
    "no flags": (no_flags, NO_FLAGS),
    "another name": (
        another_name,
        "state/send_status_bj_aug.json: campaign bj was migrated as beijing; run `notifykit campaign rename",
    ),
    "no file": (no_file, "campaign beijing was migrated and is not configured any more; put its file back (with"),
}


@pytest.mark.long
@pytest.mark.parametrize(("change", "said"), AFTER.values(), ids=AFTER)
def test_what_rollback_refuses_is_told_by_every_command(
    tmp_path: Path, change: Callable[[LegacyWorld], None], said: str
) -> None:
    world = build(tmp_path)
    assert world.run("migrate", "--yes", "--soak", "7").exit_code == 0
    assert world.run("check").exit_code == 0
    change(world)
    world.environment["COLUMNS"] = "1000"
    for command, code in {
        "check": ExitCode.PREFLIGHT_FAILED,
        "migrate --dry-run": ExitCode.PREFLIGHT_FAILED,
        "rollback --dry-run": ExitCode.PREFLIGHT_FAILED,
        "rollback --yes": ExitCode.PREFLIGHT_FAILED,
        "verify": ExitCode.VERIFICATION_FAILED,
        "retire --now --yes": ExitCode.VERIFICATION_FAILED,
    }.items():
        result = world.run(*command.split())
        assert (result.exit_code, command) == (code, command), result.output
        assert said in result.output, command
    assert world.json() is not None


def no_number(world: LegacyWorld) -> None:
    edit(world, "status_file: ", "number: 合同, status_file: ")


def no_object(world: LegacyWorld) -> None:
    world.status_file().write_text("[]", encoding="utf-8")


BEFORE: dict[str, tuple[Callable[[LegacyWorld], None], str]] = {
    "one status file": (one_status_file, BOTH),
    "no flags": (no_flags, NO_FLAGS),
    "no number": (no_number, "there is no column '合同'; name the one that stands in the texts of the old messages"),
    "no object": (no_object, "state/send_status_bj_aug.json: holds a JSON array, not an object of key to word"),
    "a misspelt status file": (
        another_status_file,
        "is not there, and state/send_status_bj_aug.json, which no campaign names, knows 1 of its records; correct",
    ),
}


@pytest.mark.parametrize(("change", "said"), BEFORE.values(), ids=BEFORE)
def test_what_migrate_refuses_is_told_before(tmp_path: Path, change: Callable[[LegacyWorld], None], said: str) -> None:
    world = build(tmp_path)
    change(world)
    for command in ("check", "migrate --dry-run"):
        result = world.run(*command.split())
        assert result.exit_code == ExitCode.PREFLIGHT_FAILED, result.output
        assert said in result.output, command
    assert world.run("check").output.count(said) == 1


def test_a_table_that_is_not_the_old_programs_is_told_before(tmp_path: Path) -> None:
    world = build(tmp_path)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("ALTER TABLE tasks ADD COLUMN more TEXT")
    for command in ("check", "migrate --dry-run"):
        said = world.run(*command.split()).output
        assert "ALTER TABLE tasks DROP COLUMN more" in said, command


@pytest.mark.long
def test_what_is_yet_to_be_migrated_is_nothing_of_verify(tmp_path: Path) -> None:
    world = build(tmp_path)
    assert world.run("migrate", "--yes").exit_code == 0
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    september = text.replace("-Aug.csv", "-Sep.csv").replace("bj_aug", "bj_sep")
    (world.folder / "campaigns" / "beijing-sep.yaml").write_text(september, encoding="utf-8")
    assert "PerformanceData-BJ-Sep.csv: there is no such file" in world.run("check").output
    assert world.run("verify").exit_code == ExitCode.DONE
    assert world.run("rollback", "--yes").exit_code == ExitCode.DONE
