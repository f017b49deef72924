"""A campaign without `legacy:` of which the old program knows is named, and queues nothing before it is migrated."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import legacy_project
import pytest
from legacy_world import GROUP, SENT, WECOM, LegacyWorld

from notifykit.errors import ExitCode

LEGACY = "legacy: {kind: contract, status_file: state/send_status_bj_aug.json}\n"


def without_legacy(world: LegacyWorld, city: str = "beijing") -> Path:
    path = world.folder / "campaigns" / f"{city}.yaml"
    text, changed = re.subn(r"legacy:.*\n", "", path.read_text(encoding="utf-8"))
    assert changed
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    """Beijing says nothing of what the old program sent: one message whose flag was not written. Shanghai does."""
    world = LegacyWorld(tmp_path, ("beijing", "shanghai"), technicians=False)
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("N", SENT, [(GROUP, "completed")], campaign="shanghai")
    without_legacy(world)
    return world


def migrate_shanghai(world: LegacyWorld) -> None:
    result = world.run("migrate", "--yes", "--stopped", "idle")
    assert result.exit_code == 0, result.output


def refused(world: LegacyWorld, said: str) -> None:
    """`check` names the campaign as what is to be mended; nobody queues anything of it."""
    checked = json.loads(world.run("check", "--json").stdout)
    assert not checked["ok"]
    (found,) = [one for one in checked["findings"] if one["about"] == "beijing" and one["level"] == "error"]
    assert said in found["what"]
    assert "run `notifykit migrate`" in found["what"]
    for command in ("generate --dry-run", "generate", "run --once"):
        result = world.run(*command.split())
        assert result.exit_code == ExitCode.ERROR, command
        assert said in result.stderr, command
    assert not world.delivered


def test_before_anything_is_migrated_it_is_named_and_the_old_table_stays(world: LegacyWorld) -> None:
    before = world.rows()
    for file in (True, False):
        if not file:
            world.status_file().unlink()
        checked = world.run("check")
        assert checked.exit_code == ExitCode.PREFLIGHT_FAILED
        said = "state/send_status_bj_aug.json" if file else "tasks.db: 1 rows of the old program"
        assert f"error: beijing: {said}" in checked.stdout.replace("\n", " ")
        assert world.run("run", "--once").exit_code != ExitCode.DONE
    assert world.rows() == before


def test_a_send_status_file_that_nobody_names(world: LegacyWorld) -> None:
    migrate_shanghai(world)
    refused(world, "state/send_status_bj_aug.json: the old program's send-status file knows 1 of its records")
    path = world.folder / "campaigns" / "beijing.yaml"
    path.write_text(path.read_text(encoding="utf-8") + LEGACY, encoding="utf-8")
    migrate_shanghai(world)
    for command in ("check", "run --once", "verify"):
        assert world.run(*command.split()).exit_code == ExitCode.DONE, command
    assert not world.delivered
    assert set(world.flags().values()) == {"Y"}


def test_rows_alone(world: LegacyWorld) -> None:
    world.status_file().unlink()
    migrate_shanghai(world)
    refused(world, "tasks.db: 1 rows of the old program are messages of its records")


def test_a_store_beside_the_old_table(world: LegacyWorld) -> None:
    text = world.project.read_text(encoding="utf-8")
    world.project.write_text(text.replace("store: tasks.db", "store: outbox.db"), encoding="utf-8")
    refused(world, "state/send_status_bj_aug.json: the old program's send-status file knows 1 of its records")


def test_a_file_that_cannot_be_read_is_no_leave(world: LegacyWorld) -> None:
    migrate_shanghai(world)
    world.status_file().write_text("[]", encoding="utf-8")
    said = world.run("generate").stderr
    assert "whether it was migrated cannot be seen: state/send_status_bj_aug.json: holds a JSON array" in said


# Nothing speaks of these.


def fine(world: LegacyWorld, *, delivered: int) -> None:
    for command in ("check", "run --once"):
        result = world.run(*command.split())
        assert result.exit_code == ExitCode.DONE, result.output
    assert world.delivered.total() == delivered


def test_a_project_without_anything_old(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    without_legacy(world)
    world.store.unlink()
    world.contract("N")
    fine(world, delivered=1)


def test_what_other_jobs_and_other_months_left(world: LegacyWorld) -> None:
    """A file with other keys, and rows that name no record, several, or a record to somebody else."""
    world.status_file().write_text(json.dumps({"1": SENT}), encoding="utf-8")
    world.purge(1)
    with world.csv().open(encoding="utf-8-sig", newline="") as file:
        (number,) = (row["合同编号(contractdocNum)"] for row in csv.DictReader(file))
    rows = [
        (WECOM, legacy_project.group_of("beijing"), "日报：累计 25 单"),
        (WECOM, legacy_project.group_of("beijing"), f"{number}-1 已受理"),
        (WECOM, "运营日报群", f"{number} 已签约"),
        ("send_wechat_message", legacy_project.group_of("beijing"), f"{number} 已签约"),
    ]
    with closing(sqlite3.connect(world.store)) as db, db:
        db.executemany("INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, ?)", rows)
    migrate_shanghai(world)
    fine(world, delivered=1)


def test_a_new_month_after_the_move(world: LegacyWorld) -> None:
    path = world.folder / "campaigns" / "beijing.yaml"
    old = path.read_text(encoding="utf-8")
    path.write_text(old + LEGACY, encoding="utf-8")
    migrate_shanghai(world)
    (world.folder / "campaigns" / "beijing-sep.yaml").write_text(old.replace("-Aug.csv", "-Sep.csv"), encoding="utf-8")
    september = world.csv().with_name("PerformanceData-BJ-Sep.csv")
    cells = world.row()
    with september.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, cells)
        writer.writeheader()
        writer.writerow(cells)
    fine(world, delivered=1)


def test_one_that_has_queued_messages_goes_on(world: LegacyWorld) -> None:
    status = world.status_file().read_bytes()
    world.status_file().unlink()
    world.purge(1)
    migrate_shanghai(world)
    fine(world, delivered=1)
    world.status_file().write_bytes(status)
    fine(world, delivered=1)


def test_one_that_is_described_later_without_its_send_status_file(world: LegacyWorld) -> None:
    world.status_file().unlink()
    described = world.folder / "campaigns" / "beijing.yaml"
    text = described.read_text(encoding="utf-8")
    described.unlink()
    migrate_shanghai(world)
    described.write_text(text + LEGACY, encoding="utf-8")
    said = "still holds what the old program queued and sent"
    assert said in world.run("check").output
    for command in ("generate --dry-run", "generate", "run --once"):
        assert said in world.run(*command.split()).stderr, command
    assert not world.delivered
    migrated = world.run("migrate", "--yes", "--stopped", "idle")
    assert migrated.exit_code == 0, migrated.output
    fine(world, delivered=0)


def test_a_second_city_is_migrated_after_work_on_the_first(world: LegacyWorld) -> None:
    described = world.folder / "campaigns" / "beijing.yaml"
    text = described.read_text(encoding="utf-8")
    described.unlink()
    waiting = world.contract("Y", SENT, [(GROUP, "pending")], campaign="shanghai")
    migrate_shanghai(world)
    world.append(world.row(), campaign="shanghai")
    assert world.run("run", "--once").exit_code == 0
    assert world.delivered.total() == 2
    assert [row["status"] for row in world.rows() if row["id"] in waiting.rows] == ["completed"], "queued by the plan"
    described.write_text(text + LEGACY, encoding="utf-8")
    migrated = world.run("migrate", "--yes", "--stopped", "idle")
    assert migrated.exit_code == 0, migrated.output
    assert world.run("verify").exit_code == 0
