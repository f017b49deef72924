"""`notifykit migrate` as a person runs it: what it shows, what it does, and each wrong turn."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import other_versions
import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration import migrate
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.model import Plan
from notifykit_migration.plan.make import make_plan
from notifykit_migration.plan.plan_file import plan_hash, read_plan, write_plan

from notifykit.wording import Reason


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    return LegacyWorld(tmp_path / "project")


def normal(world: LegacyWorld) -> None:
    """What a healthy week leaves: sent, waiting, and not yet begun."""
    with world.together():
        for _ in range(3):
            world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "completed")], award=True)
        for _ in range(2):
            world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("N")


def stands(world: LegacyWorld) -> dict[str, int]:
    with closing(sqlite3.connect(world.store)) as db:
        return dict(db.execute("SELECT status, count(*) FROM tasks GROUP BY status"))


def test_a_dry_run_shows_the_plan_and_touches_nothing(world: LegacyWorld) -> None:
    normal(world)
    before = world.tree()
    done = world.run("migrate", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "beijing" in done.stdout
    assert world.tree() == before
    assert world.run("migrate", "--dry-run", "--detailed-exitcode").exit_code == 10
    assert world.tree() == before


def test_a_healthy_system_migrates_with_nothing_held(world: LegacyWorld) -> None:
    normal(world)
    done = world.run("migrate", "--yes", "--stopped", "idle")
    assert done.exit_code == 0, done.output
    assert stands(world) == {"completed": 6, "queued": 2}
    assert world.json() is None
    assert world.run("run", "--once").exit_code == 0
    assert set(world.flags().values()) == {"Y"}
    assert all(times == 1 for times in world.delivered.values())
    assert len(world.delivered) == 3
    assert world.run("verify").exit_code == 0


def test_no_plan_is_held_while_the_backup_is_planned_from(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000 contracts it is the largest thing that there is."""
    normal(world)

    def plans() -> int:
        return sum(isinstance(one, Plan) for one in gc.get_objects())

    before = plans()
    found = []

    def counted(*arguments: Any, **options: Any) -> Plan:
        found.append(plans() - before)
        return make_plan(*arguments, **options)

    monkeypatch.setattr(migrate, "make_plan", counted)
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0
    assert found == [0]


def test_a_plan_with_reasons_of_another_version_is_carried_out_as_it_stands(world: LegacyWorld, tmp_path: Path) -> None:
    """The proof makes one of the same treatment, and in other words."""
    normal(world)
    path = tmp_path / "plan.json"
    assert world.run("migrate", "--dry-run", "--stopped", "idle", "--out", str(path)).exit_code == 0
    plan = read_plan(path)
    (part,) = plan.campaigns
    contracts = tuple(
        replace(one, decisions=tuple(replace(item, why=Reason("in other words")) for item in one.decisions))
        for one in part.contracts
    )
    other = replace(plan, campaigns=(replace(part, contracts=contracts),))
    write_plan(replace(other, hash=plan_hash(other)), path)
    done = world.run("migrate", "--yes", "--plan", str(path))
    assert done.exit_code == 0, done.output
    assert {row["reason"] for row in world.rows()} == {"in other words"}


def test_what_a_strategy_keeps_does_not_depend_on_the_row_of_the_file(world: LegacyWorld) -> None:
    """Its CSV row is gone, and a task of it is to be found by its contract all the same."""
    normal(world)
    gone = next(iter(world.flags()))
    rows = world.csv().read_bytes().splitlines(keepends=True)
    world.csv().write_bytes(b"".join(row for row in rows if gone.encode() not in row))
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code in (0, 3)
    tasks = [row for row in world.rows() if row["record_key"] == gone]
    assert len(tasks) == 2
    assert {json.loads(row["metadata"])["contract_id"] for row in tasks} == {gone}


def test_the_first_row_beyond_the_completed_ones_may_have_been_in_flight(world: LegacyWorld) -> None:
    normal(world)
    done = world.run("migrate", "--yes")
    assert done.exit_code == 3, done.output
    assert stands(world) == {"completed": 6, "queued": 1, "in_doubt": 1}


def test_every_crash_gets_its_decision(world: LegacyWorld) -> None:
    with world.together():
        re_exported = world.contract("N", SENT, [(GROUP, "completed")])
        before_json = world.contract("N", None, [(GROUP, "completed")], award=True)
        historic = world.contract("Y", SENT)
        by_hand = world.contract("Y", None)
    done = world.run("migrate", "--yes", "--stopped", "idle")
    assert done.exit_code == 3, done.output
    assert world.flags() == {re_exported.id: "Y", before_json.id: "N", historic.id: "Y", by_hand.id: "Y"}
    with closing(sqlite3.connect(world.store)) as db:
        found = {
            (key, message): status
            for key, message, status in db.execute("SELECT record_key, message_name, status FROM tasks")
        }
    assert found == {
        (re_exported.id, GROUP): "completed",
        (before_json.id, GROUP): "completed",
        (before_json.id, AWARD): "queued",
        (historic.id, GROUP): "in_doubt",
        (by_hand.id, GROUP): "in_doubt",
    }
    world.run("run", "--once")
    assert world.flags()[before_json.id] == "Y"
    closed = world.run("resolve", "--reason", "historic", "--sent", "--why", "sent last year", "--yes")
    assert closed.exit_code == 0
    assert "1 message changed" in closed.stdout


def test_historic_contracts_can_be_assumed_sent(world: LegacyWorld) -> None:
    for _ in range(4):
        world.contract("Y", SENT)
    assert world.run("migrate", "--yes", "--historic", "assume-sent").exit_code == 0
    assert stands(world) == {"completed": 4}


def test_other_jobs_rows_stay_as_they_are(world: LegacyWorld) -> None:
    with world.together():
        world.leftovers(324)
        world.technician()
        world.reports(2)
        world.contract("N")
    rows = [list(row.values())[:7] for row in world.rows()]
    technicians = world.technician_file.read_bytes()
    done = world.run("migrate", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert [list(row.values())[:7] for row in world.rows()] == rows
    assert world.technician_file.read_bytes() == technicians
    assert json.loads(done.stdout)["held"] == 0


def test_a_plan_file_is_carried_out_once_and_to_the_letter(world: LegacyWorld, tmp_path: Path) -> None:
    normal(world)
    plan = tmp_path / "plan.json"
    assert world.run("migrate", "--dry-run", "--stopped", "idle", "--out", str(plan)).exit_code == 0
    assert world.run("migrate", "--plan", str(plan), "--yes").exit_code == 0
    again = world.run("migrate", "--plan", str(plan), "--yes")
    assert again.exit_code == 5
    assert "a plan applies once" in again.stderr
    done = world.run("migrate", "--yes")
    assert done.exit_code == 0
    assert "nothing to do" in done.stdout


def test_soak_leaves_the_old_files_and_retire_takes_them(world: LegacyWorld) -> None:
    normal(world)
    assert world.run("migrate", "--yes", "--stopped", "idle", "--soak", "7").exit_code == 0
    assert world.json() is not None
    early = world.run("retire", "--yes")
    assert early.exit_code == 4
    assert "7.0 more days" in early.stderr
    assert world.run("run", "--once").exit_code == 0
    done = world.run("retire", "--yes", "--now")
    assert done.exit_code == 0, done.output
    assert world.json() is None
    assert "nothing to do" in world.run("retire", "--yes").stdout


def test_a_phase_can_be_the_last_for_now(world: LegacyWorld) -> None:
    normal(world)
    before = world.rows()
    assert world.run("migrate", "--yes", "--until", "backup").exit_code == 0
    assert world.rows() == before
    assert world.run("migrate", "--yes", "--stopped", "idle", "--until", "apply").exit_code == 0
    assert stands(world) == {"completed": 6, "queued": 2}
    assert world.json() is not None
    done = world.run("migrate", "--yes")
    assert done.exit_code == 0, done.output
    assert "going on" in done.stderr
    assert world.json() is None


def edit_csv(world: LegacyWorld, _: Path) -> None:
    world.contract("N")


def edit_json(world: LegacyWorld, _: Path) -> None:
    world.say("2025089999", SENT)


def edit_table(world: LegacyWorld, _: Path) -> None:
    world.reports(1)


@pytest.mark.parametrize("edit", [edit_csv, edit_json, edit_table])
def test_a_plan_of_another_world_is_refused(
    world: LegacyWorld, tmp_path: Path, edit: Callable[[LegacyWorld, Path], None]
) -> None:
    normal(world)
    plan = tmp_path / "plan.json"
    world.run("migrate", "--dry-run", "--out", str(plan))
    edit(world, plan)
    before = world.tree()
    done = world.run("migrate", "--plan", str(plan), "--yes")
    assert done.exit_code == 5, done.output
    assert "changed since the plan was made" in done.stderr
    after = world.tree()
    after.pop("notifykit-migration", None)
    assert {name: fact for name, fact in after.items() if not name.startswith("notifykit-migration/")} == {
        name: fact for name, fact in before.items() if name != "."
    }


def test_an_edited_plan_is_refused(world: LegacyWorld, tmp_path: Path) -> None:
    normal(world)
    plan = tmp_path / "plan.json"
    world.run("migrate", "--dry-run", "--out", str(plan))
    plan.write_text(plan.read_text(encoding="utf-8").replace('"H"', '"A"'), encoding="utf-8")
    done = world.run("migrate", "--plan", str(plan), "--yes")
    assert done.exit_code == 7
    assert "it was edited" in done.stderr


def no_old_state(world: LegacyWorld) -> None:
    world.store.unlink()


def no_section(world: LegacyWorld) -> None:
    for path in (world.folder / "campaigns").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            "\n".join(line for line in text.splitlines() if not line.startswith("legacy:")), encoding="utf-8"
        )


def csv_missing(world: LegacyWorld) -> None:
    world.csv().unlink()


def json_no_object(world: LegacyWorld) -> None:
    world.status_file().write_text("[1]", encoding="utf-8")


def store_no_database(world: LegacyWorld) -> None:
    world.store.write_bytes(b"not a database, but long enough to be read as one" * 40)


def newer_version(world: LegacyWorld) -> None:
    world.run("migrate", "--yes")
    with closing(sqlite3.connect(world.store)) as db:
        other_versions.add_a_step_of_tomorrow(db)


@pytest.mark.parametrize(
    ("damage", "code", "what"),
    [
        (no_old_state, 4, "no old state was found"),
        (no_section, 4, "no campaign has old state"),
        (csv_missing, 4, "PerformanceData"),
        (json_no_object, 4, "not an object"),
        (store_no_database, 1, "not an SQLite database"),
    ],
)
def test_a_wrong_turn_says_what_and_changes_nothing(
    world: LegacyWorld, damage: Callable[[LegacyWorld], None], code: int, what: str
) -> None:
    if damage is not no_old_state:
        normal(world)
    damage(world)
    before = world.tree()
    done = world.run("migrate", "--yes")
    assert (done.exit_code, what in done.stderr) == (code, True), done.output
    assert "Traceback" not in done.output
    assert world.tree() == before


def test_a_store_of_a_newer_version_is_refused(world: LegacyWorld) -> None:
    normal(world)
    newer_version(world)
    done = world.run("migrate", "--yes")
    assert done.exit_code != 0
    assert "newer notifykit" in done.stderr


def test_two_campaigns_with_one_file_are_refused(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project", campaigns=("beijing", "shanghai"))
    first, second = world.status_file("beijing").name, world.status_file("shanghai").name
    path = next(
        path for path in (world.folder / "campaigns").glob("*.yaml") if second in path.read_text(encoding="utf-8")
    )
    path.write_text(path.read_text(encoding="utf-8").replace(second, first), encoding="utf-8")
    done = world.run("migrate", "--dry-run")
    assert done.exit_code == 4
    assert "both name it" in done.stderr


@pytest.mark.long
def test_a_running_old_program_is_noticed(world: LegacyWorld) -> None:
    normal(world)
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        done = world.run("migrate", "--yes")
    assert done.exit_code == 4, done.output
    assert "stop" in done.stderr


def test_an_old_program_in_the_middle_of_a_write_is_noticed_before_anything_is_made(world: LegacyWorld) -> None:
    normal(world)
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        done = world.run("migrate", "--yes", "--stopped", "idle")
        db.execute("ROLLBACK")
    assert done.exit_code == 4, done.output
    assert "Is the old program running?" in done.stderr
    assert not (world.migration / "backups").exists()
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0


def test_a_lost_journal_is_told(world: LegacyWorld) -> None:
    normal(world)
    world.run("migrate", "--yes")
    (world.migration / "journal.jsonl").unlink()
    done = world.run("verify")
    assert done.exit_code == 7
    assert "journal.jsonl" in done.stderr


def test_neither_verify_nor_rollback_touch_a_newer_store(world: LegacyWorld) -> None:
    normal(world)
    newer_version(world)
    assert world.run("verify").exit_code == 7
    done = world.run("rollback", "--yes")
    assert done.exit_code == 4
    assert "newer notifykit" in done.stderr


def test_only_one_migrates_at_a_time(world: LegacyWorld) -> None:
    normal(world)
    with migration_lock(MigrationFolder.of(world.folder), "rollback"):
        done = world.run("migrate", "--yes")
    assert done.exit_code == 6
    assert str(os.getpid()) in done.stderr


def test_without_a_terminal_it_wants_a_yes(world: LegacyWorld) -> None:
    normal(world)
    before = world.tree()
    done = world.run("migrate")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert world.tree() == before


def test_torn_json_is_judged_by_the_rows(world: LegacyWorld) -> None:
    with world.together():
        made = [world.contract("Y", SENT, [(GROUP, "completed")]) for _ in range(20)]
        fresh = world.contract("N")
    world.json_torn(0.5)
    done = world.run("migrate", "--yes", "--stopped", "idle")
    assert done.exit_code == 0, done.output
    assert "torn" in done.output
    assert stands(world) == {"completed": len(made)}
    world.run("run", "--once")
    assert [text for _, text in world.delivered] == [fresh.texts[GROUP][1]]


def test_an_old_program_started_by_mistake_changes_nothing(world: LegacyWorld) -> None:
    normal(world)
    world.run("migrate", "--yes")
    made = world.contract("N")
    recipient, text = made.texts[GROUP]
    with closing(sqlite3.connect(world.store)) as db:
        with pytest.raises(sqlite3.Error, match="notifykit"):
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, ?)",
                ("send_wecom_message", recipient, text),
            )
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wechat_message', '测试服务商', '别的')"
        )
        db.commit()
        assert db.execute("SELECT count(*) FROM tasks WHERE status = 'pending'").fetchone() == (1,)


def others(world: LegacyWorld) -> dict[str, str]:
    with closing(sqlite3.connect(world.store)) as db:
        return dict(db.execute("SELECT task_type, channel FROM others"))


def test_who_sends_other_programs_messages_can_be_changed_later(world: LegacyWorld) -> None:
    normal(world)
    assert world.run("migrate", "--yes").exit_code == 3
    assert others(world) == {}
    (channel,) = list(world.opened().configuration.channels)[:1]
    text = world.project.read_text(encoding="utf-8")
    section = f"legacy: {{others: notifykit, channels: {{send_wechat_message: {channel}}}}}\n"
    world.project.write_text(text + section, encoding="utf-8")
    checked = world.run("verify")
    assert checked.exit_code == 7
    assert "one sender for other programs" in checked.stdout
    assert world.run("migrate", "--dry-run").exit_code == 0
    assert others(world) == {}
    assert "who sends them is now" in world.run("migrate", "--yes").stderr
    assert others(world) == {"send_wechat_message": channel}
    assert world.run("verify").exit_code == 0
    assert "who sends them" not in world.run("migrate", "--yes").stderr


def test_a_log_that_begins_late_or_ends_early_proves_less(world: LegacyWorld, tmp_path: Path) -> None:
    with world.together():
        first = world.contract("Y", SENT, [(GROUP, "pending")])
        done = world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "pending")])
        world.contract("Y", SENT, [(GROUP, "pending")])
    log = tmp_path / "scheduler.log"

    def held() -> list[str]:
        shown = world.run("migrate", "--dry-run", "--log", str(log), "--json")
        assert shown.exit_code == 0, shown.output
        return [reason["reason"] for reason in json.loads(shown.stdout)["holds"]]

    log.write_text("Executing task ID 0\nTask 0 completed successfully\n", encoding="utf-8")
    assert {reason.partition(":")[0] for reason in held()} == {
        "tried and not completed",
        "the first row that was not completed",
    }
    (row,) = done.rows
    log.write_text(f"Executing task ID {row}\nTask {row} completed successfully\n", encoding="utf-8")
    assert [reason.partition(":")[0] for reason in held()] == ["tried and not completed"]
    (row,) = first.rows
    log.write_text(log.read_text(encoding="utf-8") + f"Executing task ID {row}\n", encoding="utf-8")
    assert held() == ["the log says that it was begun, and not how it ended"]


def test_other_jobs_that_the_fence_would_stop_are_named(world: LegacyWorld) -> None:
    made = world.contract("N")
    world.task("send_wecom_message", made.texts[GROUP][0], "日报：今日无新签")
    shown = world.run("migrate", "--dry-run")
    assert "other jobs make send_wecom_message rows to （北京）销售喜报群" in shown.stdout


def test_a_resend_that_waits_survives_going_back_and_forth(world: LegacyWorld) -> None:
    made = world.contract("Y", SENT, [(GROUP, "completed")])
    world.run("migrate", "--yes")
    world.run("resend", made.id, "--campaign", "beijing", "--why", "deleted by mistake", "--yes")
    assert world.run("rollback", "--yes").exit_code == 0
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0
    assert stands(world) == {"completed": 1, "queued": 1}
    world.run("run", "--once")
    assert world.delivered == {made.texts[GROUP]: 1}


def test_a_table_that_is_younger_than_the_file_proves_nothing(world: LegacyWorld) -> None:
    world.contract("Y", SENT)
    fresh = world.contract("N")
    done = world.run("migrate", "--yes")
    assert done.exit_code == 3, done.output
    assert "it never had a row" in done.stdout
    world.run("run", "--once")
    assert not world.delivered
    assert world.flags()[fresh.id] == "N"


def test_a_table_that_was_begun_anew_holds_what_has_no_row_and_a_copy_says_the_same(
    world: LegacyWorld, tmp_path: Path
) -> None:
    """No decision hangs on the time of a file: a copy has another one."""
    world.contract("Y", SENT)
    fresh = world.contract("N")
    world.reports(1)
    os.utime(world.status_file(), (0, 0))
    plans = []
    for folder in (world.folder, tmp_path / "copy"):
        if folder != world.folder:
            shutil.copytree(world.folder, folder)  # it gives each file a time of its own
        done = world.run("--project", str(folder / "notifykit.yaml"), "migrate", "--dry-run", "--json")
        plans.append(json.loads(done.stdout))
    assert plans[0]["campaigns"] == plans[1]["campaigns"]
    assert plans[0]["held"] == plans[1]["held"] == 2
    assert "none of the 1 contracts that the send-status file calls sent has a row" in json.dumps(plans[0])
    assert world.run("migrate", "--yes").exit_code == 3
    world.run("run", "--once")
    assert not world.delivered
    assert world.flags()[fresh.id] == "N"


def test_the_times_of_the_table_are_of_the_zone_that_is_told(world: LegacyWorld) -> None:
    """The old program ran twelve hours behind Greenwich, or before it; the row was made a minute ago."""
    world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    project = world.project.read_text(encoding="utf-8")
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):
        with closing(sqlite3.connect(world.store)) as db, db:
            db.execute("UPDATE tasks SET created_at = ?", (f"{made.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}",))
        dry_run = ("migrate", "--dry-run", "--stopped", "idle", "--max-age", "0.01")
        world.project.write_text(project, encoding="utf-8")
        untold = world.run(*dry_run)
        assert "held: beijing: 1 contract: pending since" in untold.stdout or "hours ahead" in untold.stdout
        assert "times of the table: in the zone of this computer" in untold.stdout
        world.project.write_text(f"{project}\nlegacy: {{timezone: {zone}}}\n", encoding="utf-8")
        told = world.run(*dry_run)
        assert f"times of the table: {zone}" in told.stdout
        assert not re.search("held: beijing|hours ahead", told.stdout)
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0
    (task,) = (row for row in world.rows() if row["status"] == "queued")
    assert task["queued_at"] == made.timestamp()


def test_a_zone_that_is_none(world: LegacyWorld) -> None:
    project = world.project.read_text(encoding="utf-8")
    world.project.write_text(f"{project}\nlegacy: {{timezone: Asia/Bejing}}\n", encoding="utf-8")
    done = world.run("migrate", "--dry-run")
    assert done.exit_code == 4
    assert "notifykit.yaml:" in done.stderr
    assert "'Asia/Bejing' is no time zone that this computer knows" in done.stderr


def test_new_recipients_are_fenced_in_when_they_come_up(world: LegacyWorld) -> None:
    normal(world)
    world.run("migrate", "--yes")
    later = world.row(award=True) | {"管家(serviceHousekeeper)": "测试管家新人"}
    world.append(later)
    world.run("generate")
    with closing(sqlite3.connect(world.store)) as db, pytest.raises(sqlite3.Error, match="notifykit"):
        db.execute(
            "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wechat_message', '测试管家新人', '奖励')"
        )


def test_what_was_refused_leaves_no_lock(world: LegacyWorld) -> None:
    normal(world)
    world.run("migrate", "--yes")
    with closing(sqlite3.connect(world.store, timeout=0.1)) as db, closing(sqlite3.connect(world.store)) as other:
        with pytest.raises(sqlite3.Error, match="notifykit"):
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wecom_message', ?, 'x')",
                (world.contract("N").texts[GROUP][0],),
            )
        other.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', 'm')")
        other.commit()


def test_a_hold_outlives_a_rollback_that_its_campaign_was_no_part_of(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project", campaigns=("beijing", "shanghai"))
    held = world.contract("Y", SENT, [(GROUP, "pending")], age_days=30)
    world.contract("Y", SENT, [(GROUP, "completed")], campaign="shanghai")
    (beijing,) = [path for path in (world.folder / "campaigns").glob("*.yaml") if "_bj_" in path.read_text("utf-8")]
    away = tmp_path / beijing.name
    assert world.run("migrate", "--yes").exit_code == 3
    world.append(world.row(campaign="shanghai"), campaign="shanghai")
    world.run("run", "--once")
    assert world.run("rollback", "--yes").exit_code == 3
    beijing.rename(away)
    assert world.run("migrate", "--yes").exit_code == 0
    assert world.run("rollback", "--yes").exit_code == 0
    away.rename(beijing)
    done = world.run("migrate", "--yes", "--historic", "assume-sent")
    assert done.exit_code == 3, done.output
    with closing(sqlite3.connect(world.store)) as db:
        statuses = db.execute("SELECT status FROM tasks WHERE record_key = ?", (held.id,)).fetchall()
    assert statuses == [("in_doubt",)]


def test_what_is_queued_is_counted_without_what_the_fence_writes(world: LegacyWorld) -> None:
    normal(world)
    world.run("migrate", "--yes", "--stopped", "idle")
    world.append(world.row(award=True) | {"管家(serviceHousekeeper)": "测试管家新人"})
    told = json.loads(world.run("generate", "--json").stdout)
    counts = {item["campaign"]: (item["queued"], item["known"]) for item in told["campaigns"]}
    assert counts["beijing"] == (3, 0)  # one was left to the generation, two are new


def test_a_file_in_the_place_of_the_backups_is_told(world: LegacyWorld) -> None:
    normal(world)
    world.migration.mkdir()
    (world.migration / "backups").write_text("not mine", encoding="utf-8")
    done = world.run("migrate", "--yes")
    assert done.exit_code == 4, done.output
    assert "backups" in done.stderr
