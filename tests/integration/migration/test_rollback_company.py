"""Rollbacks where there is more than one clean campaign: several migrations, other programs' tasks, second rounds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from legacy_run import LegacyRun
from legacy_world import GROUP, SENT, WECOM, LegacyWorld
from notifykit_migration.files.reading import content_digest


def run(world: LegacyWorld, *arguments: str, code: int = 0) -> str:
    result = world.run(*arguments)
    assert result.exit_code == code, result.output
    return result.output


def migrate(world: LegacyWorld) -> None:
    run(world, "migrate", "--yes", "--stopped", "idle")


def digest(world: LegacyWorld) -> str:
    with closing(sqlite3.connect(world.store)) as db:
        return content_digest(db)


def state(world: LegacyWorld) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (world.folder / "state").iterdir()}
    return {name: data for name, data in found.items() if not name.endswith(".lock")}


def test_campaigns_that_were_migrated_one_after_the_other_go_back_together(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, campaigns=("beijing", "shanghai"), technicians=False)
    for campaign in world.campaigns:
        world.contract("Y", SENT, [(GROUP, "completed")], campaign=campaign)
        world.contract("N", SENT, [(GROUP, "completed")], campaign=campaign)
    for campaign in world.campaigns:
        world.contract("Y", SENT, [(GROUP, "pending")], campaign=campaign)
    before = state(world), digest(world)
    second = tmp_path / "campaigns" / "shanghai.yaml"
    text = second.read_text(encoding="utf-8")
    second.write_text(text[: text.index("legacy:")], encoding="utf-8")
    migrate(world)
    second.write_text(text, encoding="utf-8")
    migrate(world)
    run(world, "rollback", "--yes")
    assert (state(world), digest(world)) == before


def test_two_campaigns_of_which_one_went_on(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, campaigns=("beijing", "shanghai"), technicians=False)
    for campaign in world.campaigns:
        world.contract("Y", SENT, [(GROUP, "completed")], campaign=campaign)
        world.contract("N", campaign=campaign)
    before = state(world)
    migrate(world)
    run(world, "generate", "beijing")
    run(world, "rollback", "--yes")
    after = state(world)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"PerformanceData-BJ-Aug.csv", "send_status_bj_aug.json"}
    assert LegacyRun(world).generate("beijing") == 0
    assert LegacyRun(world).generate("shanghai") == 1


OTHERS = """
legacy: {others: notifykit, channels: {send_wecom_message: desk}}
"""


def test_other_programs_tasks_that_notifykit_sends_go_back_to_the_old_scheduler(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    world.project.write_text(world.project.read_text(encoding="utf-8") + OTHERS, encoding="utf-8")
    world.contract("Y", SENT, [(GROUP, "completed")])
    migrate(world)
    with closing(sqlite3.connect(world.store)) as db, db:
        for number in (1, 2):
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message) VALUES (?, '运营日报群', ?)",
                (WECOM, f"日报 {number}"),
            )
    world.desk.set_moods({"日报 2": "busy"})
    run(world, "dispatch", "--once")
    run(world, "rollback", "--yes")
    assert [(row["message"], row["status"]) for row in world.rows()[1:]] == [
        ("日报 1", "completed"),
        ("日报 2", "pending"),
    ]
    world.desk.set_moods({})
    LegacyRun(world).schedule()
    assert world.delivered == {("运营日报群", "日报 1"): 1, ("运营日报群", "日报 2"): 1}


def test_tasks_that_other_programs_insert_meanwhile_stay_theirs(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    world.contract("Y", SENT, [(GROUP, "completed")])
    migrate(world)
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES (?, '运营日报群', '日报')", (WECOM,))
    run(world, "rollback", "--yes")
    (report,) = world.rows()[1:]
    assert (report["id"], report["status"], report["message"]) == (2, "pending", "日报")
    with closing(sqlite3.connect(world.store)) as db:
        assert db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone() == (2,)


def test_a_second_round_goes_out_once(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    made = world.contract("Y", SENT, [(GROUP, "completed")])
    migrate(world)
    run(world, "resend", made.id, "--campaign", "beijing", "--why", "deleted by mistake", "--yes")
    run(world, "rollback", "--yes")
    assert [row["status"] for row in world.rows()] == ["completed", "pending"]
    assert LegacyRun(world).generate() == 0
    LegacyRun(world).schedule()
    assert world.delivered == {made.texts[GROUP]: 1}
    migrate(world)
    run(world, "generate")
    run(world, "dispatch", "--once")
    assert world.delivered == {made.texts[GROUP]: 1}


def test_a_store_that_was_new_becomes_one_of_the_old_program(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    made = world.contract("N")
    world.status_file().write_text("{}", encoding="utf-8")
    world.store.unlink()
    migrate(world)
    run(world, "generate")
    run(world, "rollback", "--yes")
    assert [list(row) for row in world.rows()] == [
        ["id", "task_type", "recipient", "message", "status", "created_at", "updated_at"]
    ]
    LegacyRun(world).schedule()
    assert world.delivered == {made.texts[GROUP]: 1}


def test_the_store_was_exchanged(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    world.contract("Y", SENT, [(GROUP, "completed")])
    before = world.store.read_bytes()
    migrate(world)
    for path in tmp_path.glob("tasks.db*"):
        path.unlink()
    world.store.write_bytes(before)
    assert "is not the store of that migration any more" in run(world, "rollback", "--yes", code=5)


def test_what_it_did_as_json(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path, technicians=False)
    world.contract("Y", SENT, [(GROUP, "completed")])
    migrate(world)
    result = world.run("rollback", "--yes", "--json")
    form = json.loads(result.stdout)
    assert form["held"] == 0
    assert Path(form["archive"], "outbox.db").exists()
    assert form["rollback"]["contracts"] == 1
    entries = (world.migration / "journal.jsonl").read_text(encoding="utf-8")
    assert '"rollback_begun"' in entries
    assert '"rollback_done"' in entries
