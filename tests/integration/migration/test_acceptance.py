"""After a migration: the calendar of its verifications, its acceptance with the evidence, and who signed."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from killed_worlds import replace
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.journal.lock import migration_lock
from notifykit_migration.verify.beside import verify_if_due

from notifykit.pipeline.project import open_project

POINTS = [
    "nothing is lost",
    "technicians and other programs as before",
    "old programs can still read",
    "rollback is possible",
    "nothing was sent twice",
    "flags follow sending",
    "each task keeps its contract",
    "held messages are decided",
    "as many messages are sent",
    "messages leave as soon",
    "no more errors",
    "verified by the calendar",
]

ATTEMPTED_AGAIN = """
INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict)
SELECT task_id, 2, channel, worker, started_at, finished_at, 'unknown' FROM attempts LIMIT 1
"""


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[LegacyWorld, Path]:
    """A world that was migrated and has sent since, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("acceptance")
    world = LegacyWorld(folder / "project")
    with world.together():
        world.technician(status="completed")
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
    done = world.run("migrate", "--yes", "--stopped", "idle", "--soak", "7")
    assert done.exit_code == 0, done.output
    world.contract("N")
    assert world.run("run", "--once").exit_code == 0
    replace(folder / "copy", world.folder)
    return world, folder / "copy"


@pytest.fixture
def world(migrated: tuple[LegacyWorld, Path]) -> LegacyWorld:
    """That world as it was."""
    world, copy = migrated
    replace(world.folder, copy)
    return world


def told(world: LegacyWorld, *arguments: str, code: int = 0) -> Any:
    done = world.run(*arguments, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def points(world: LegacyWorld, *arguments: str, code: int = 0) -> dict[str, tuple[str, str]]:
    found = told(world, "verify", "--acceptance", *arguments, code=code)["checks"]
    return {check["name"]: (check["result"], check["evidence"]) for check in found}


def ticks(world: LegacyWorld) -> list[str]:
    return [slot["tick"] for slot in told(world, "history")["calendar"]]


def age(world: LegacyWorld, seconds: float) -> None:
    """Have the migration be older: the journal is written anew."""
    path = world.migration / "journal.jsonl"
    entries = Journal.read(path)
    path.unlink()
    at = iter([entry.at - seconds for entry in entries])
    with Journal(path, clock=lambda: next(at)) as journal:
        for entry in entries:
            journal.append(entry.kind, **entry.fields)


def change(world: LegacyWorld, statement: str, values: Sequence[object] = ()) -> None:
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(statement, values)


def test_every_point_has_its_evidence(world: LegacyWorld) -> None:
    found = points(world)
    assert list(found) == POINTS
    assert {result for result, _ in found.values()} == {"passed", "skipped"}
    assert found["no more errors"] == ("skipped", "since: 0 / 3; before: nothing tells of it")
    assert found["each task keeps its contract"][1] == "2 tasks queued since, each with the metadata of its contract"
    assert found["as many messages are sent"][1] == "since: 100.0% (2); before: 100.0% (2)"
    shown = world.run("verify", "--acceptance")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in POINTS)


def test_the_old_log_tells_the_errors_of_before(world: LegacyWorld, tmp_path: Path) -> None:
    log = tmp_path / "old.log"
    log.write_text("Task 2 completed successfully\nError executing task ID: 3\nError executing task ID: 999\n", "utf-8")
    found = points(world, "--log", str(log))
    assert found["no more errors"] == ("passed", "since: 0 / 3; before: 1 / 2")


@pytest.mark.parametrize(
    ("statement", "point"),
    [
        ("DELETE FROM tasks WHERE message_name = 'award'", "nothing is lost"),
        ("DROP TRIGGER fence_refuses", "technicians and other programs as before"),
        ("DROP INDEX tasks_dedup", "old programs can still read"),
        ("UPDATE tasks SET metadata = NULL WHERE queued_at > 0 AND attempts > 0", "each task keeps its contract"),
        ("UPDATE tasks SET status = 'in_doubt' WHERE message_name = 'award'", "held messages are decided"),
        ("UPDATE tasks SET sent_at = sent_at + 9000000 WHERE attempts > 0", "messages leave as soon"),
        ("UPDATE tasks SET status = 'failed' WHERE id = (SELECT max(id) FROM tasks)", "as many messages are sent"),
        ("UPDATE tasks SET status = 'failed' WHERE id = (SELECT max(id) FROM tasks)", "flags follow sending"),
        (ATTEMPTED_AGAIN, "nothing was sent twice"),
    ],
)
def test_what_is_wrong_is_found_by_its_point(world: LegacyWorld, statement: str, point: str) -> None:
    if "failed" in statement:
        statement = statement.replace("SET ", "SET sent_at = NULL, completed_at = NULL, ")
    change(world, statement)
    assert points(world, code=7)[point][0] == "failed"


def test_what_has_waited_for_less_than_a_day_counts_as_nothing(world: LegacyWorld) -> None:
    world.contract("N")
    assert world.run("generate").exit_code == 0
    assert points(world)["as many messages are sent"][1] == "since: 100.0% (2); before: 100.0% (2)"


def test_a_flag_that_the_old_program_wrote_is_not_ours(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project")
    world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
    assert world.run("migrate", "--yes", "--stopped", "idle", "--soak", "7").exit_code == 0
    assert points(world)["flags follow sending"] == (
        "passed",
        "0 contracts of messages queued since are flagged, each with all of them sent",
    )


def test_a_calendar_that_was_not_kept_is_told(world: LegacyWorld) -> None:
    age(world, 2 * 3600)
    assert points(world, code=7)["verified by the calendar"] == ("failed", "2 passed, 1 missed, 31 ahead")


def test_who_accepts_it_is_kept(world: LegacyWorld) -> None:
    told(world, "verify", "--acceptance", "--sign", "Li Hua")
    (kept,) = [entry for entry in told(world, "history")["entries"] if entry["kind"] == "accepted"]
    assert kept["fields"]["who"] == "Li Hua"
    assert [line.partition(":")[0] for line in kept["fields"]["points"]] == POINTS
    shown = world.run("history").stdout
    assert "accepted" in shown
    assert "Li Hua" in shown


def test_nobody_signs_what_failed(world: LegacyWorld) -> None:
    change(world, "DROP TRIGGER fence_refuses")
    done = world.run("verify", "--acceptance", "--sign", "Li Hua")
    assert done.exit_code == 7
    failed = "technicians and other programs as before, verified by the calendar"
    assert f"Li Hua has not signed: 2 points failed ({failed})" in done.stderr
    assert "accepted" not in {entry["kind"] for entry in told(world, "history")["entries"]}


def test_run_verifies_what_is_due_and_the_history_shows_it(world: LegacyWorld) -> None:
    assert ticks(world)[:2] == ["passed", "ahead"]
    age(world, 3600)
    assert ticks(world)[:3] == ["passed", "due", "ahead"]
    assert "• due" in world.run("history").stdout or "now due" in world.run("history").stdout
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert ticks(world)[:3] == ["passed", "passed", "ahead"]
    before = len(told(world, "history")["entries"])
    assert world.command("run", "--once").returncode == 0
    assert len(told(world, "history")["entries"]) == before


def test_run_says_that_a_verification_failed(world: LegacyWorld) -> None:
    age(world, 3600)
    change(world, "UPDATE tasks SET message = '别的' WHERE id = 1")
    done = world.command("run", "--once")
    assert "the migration fails its checks" in done.stderr
    assert ticks(world)[1] == "failed"


def test_run_says_that_a_verification_could_not_be_made(world: LegacyWorld) -> None:
    age(world, 3600)
    with migration_lock(MigrationFolder(world.migration), "retire"):
        done = world.command("run", "--once")
    assert "the migration could not be verified (exit code 6)" in done.stderr
    assert ticks(world)[1] == "due"


def test_two_verifications_are_not_made_at_once(world: LegacyWorld) -> None:
    age(world, 3600)
    project = open_project(world.project)
    over = threading.Event()
    under_way = threading.Thread(target=over.wait, name="notifykit-verify")
    under_way.start()
    verify_if_due(project)
    assert [thread.name for thread in threading.enumerate()].count("notifykit-verify") == 1
    over.set()
    under_way.join()
    assert ticks(world)[1] == "due"
    verify_if_due(project)
    for thread in threading.enumerate():
        if thread.name == "notifykit-verify":
            thread.join()
    assert ticks(world)[1] == "passed"


def test_if_due_does_nothing_where_nothing_is_due(world: LegacyWorld) -> None:
    before = (world.migration / "journal.jsonl").read_bytes()
    done = world.run("verify", "--if-due")
    assert done.exit_code == 0
    assert done.stdout.startswith("no verification is due before 20")
    assert (world.migration / "journal.jsonl").read_bytes() == before
    age(world, 3600)
    assert "13 checks: 13 passed" in world.run("verify", "--if-due").stdout
    world.run("rollback", "--yes")
    assert world.run("verify", "--if-due").stdout == "no verification is due\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--if-due", "--acceptance"), "--backup, --if-due and --acceptance are three different things"),
        (("--sign", "Li Hua"), "--sign and --log go with --acceptance"),
        (("--acceptance", "--sign", " "), "--sign needs a name"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    world: LegacyWorld, arguments: Sequence[str], said: str
) -> None:
    done = world.run("verify", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_the_report_sets_the_time_since_against_the_time_before(world: LegacyWorld, tmp_path: Path) -> None:
    found = told(world, "report", "--since-migration")
    assert [(one["what_code"], one["before"], one["no_worse"]) for one in found["compared"]] == [
        ("success_rate", "100.0% (2)", True),
        ("response_time", found["compared"][1]["before"], True),
        ("errors", "", None),
    ]
    shown = world.run("--lang", "zh", "report", "--since-migration", "--html", str(tmp_path / "page.html"))
    assert shown.exit_code == 0, shown.output
    assert len(found["days"]) <= 2
    assert "发送成功率不低于从前" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "100.0% (2)" in world.run("report", "--since-migration").stdout


def test_nothing_is_compared_where_nothing_was_migrated(world: LegacyWorld) -> None:
    world.run("rollback", "--yes")
    refused = world.run("report", "--since-migration")
    assert refused.exit_code == 1
    assert "nothing of this project was migrated" in refused.stderr
    assert world.run("report", "--log", "x").exit_code == 2


def test_a_verification_that_failed_is_told_until_one_passes(world: LegacyWorld) -> None:
    assert world.run("health").exit_code == 0
    with world.project.open("a", encoding="utf-8") as file:
        file.write("alerts: {channel: desk, recipient: duty, quiet: 0, conditions: {reported: {}}}\n")
    change(world, "DROP TRIGGER fence_refuses")
    assert world.run("verify").exit_code == 7
    wrong = "the migration fails its checks (fence stands); `notifykit verify` tells more"
    found = world.run("health")
    assert (found.exit_code, wrong in found.stdout) == (3, True)
    for _ in range(2):
        world.run("run", "--once")
    told = world.run("tasks", "--campaign", "notifykit:alerts", "--json")
    (alert,) = json.loads(told.stdout)["tasks"]
    assert wrong in alert["text"]
    assert "`notifykit rollback` is the way back" in alert["text"]


def test_without_the_migration_the_report_compares_nothing(world: LegacyWorld) -> None:
    assert "--since-migration" in world.run("report", "--help").stdout
    with world.project.open("a", encoding="utf-8") as file:
        file.write("plugins: {block: [notifykit_migration]}\n")
    assert "--since-migration" not in world.run("report", "--help").stdout
    assert world.run("report", "--since-migration").exit_code == 2
