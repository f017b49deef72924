"""`notifykit verify`: at any time, on the backup alone, and each thing that can be wrong found by the check for it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from killed_worlds import replace
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration import migrate as migrating
from notifykit_migration.apply.steps import use_wal
from notifykit_migration.model import Plan
from reading_account import run_as_reader

from notifykit.pipeline.project import Project

Checks = dict[str, tuple[str, str]]
"""Name to (result, evidence)."""

ONLY_FLAGS = "only flags differ in state/PerformanceData-BJ-Aug.csv"
TECHNICIANS = "state/technician_status_record.json untouched"

NAMES = [
    "backup restores",
    "integrity_check",
    "outbox schema",
    "campaigns as migrated",
    "legacy readers still read",
    "fence stands",
    "one sender for other programs",
    "every contract once",
    "rows kept",
    ONLY_FLAGS,
    TECHNICIANS,
    "old status files",
    "shadow comparison",
]


def build(folder: Path) -> LegacyWorld:
    world = LegacyWorld(folder)
    with world.together():
        world.technician(status="completed")
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
        world.reports(1)
    return world


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[LegacyWorld, Path]:
    """A world that was migrated, with the old files still there, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("verify")
    world = build(folder / "project")
    done = world.run("migrate", "--yes", "--stopped", "idle", "--soak", "7")
    assert done.exit_code == 0, done.output
    replace(folder / "copy", world.folder)
    return world, folder / "copy"


@pytest.fixture
def world(migrated: tuple[LegacyWorld, Path]) -> LegacyWorld:
    """The migrated world as it was."""
    world, copy = migrated
    replace(world.folder, copy)
    return world


def checks(world: LegacyWorld, code: int, *arguments: str) -> Checks:
    done = world.run("verify", "--json", *arguments)
    assert done.exit_code == code, done.output
    said = json.loads(done.stdout)
    assert set(said) == {"ok", "checks"}
    assert said["ok"] is (code == 0)
    keys = {"name", "name_code", "name_params", "result", "evidence", "details"}
    assert all(set(check) == keys for check in said["checks"])
    return {check["name"]: (check["result"], check["evidence"]) for check in said["checks"]}


def failed(found: Checks) -> list[str]:
    return [name for name, (result, _) in found.items() if result == "failed"]


def change(world: LegacyWorld, statement: str) -> None:
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(statement)


def test_every_check_says_what_it_saw(world: LegacyWorld) -> None:
    found = checks(world, 0)
    assert list(found) == NAMES
    assert all(result == "passed" and evidence for result, evidence in found.values())
    shown = world.run("verify")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in NAMES)
    assert "13 checks: 13 passed" in shown.stdout


def test_it_changes_nothing_but_the_journal(world: LegacyWorld) -> None:
    def tree() -> dict[str, tuple[str, int]]:
        """Leave out the journal and the lock: some versions of filelock empty it again."""
        left = world.migration.name
        out = {left, *(f"{left}/{name}" for name in ("journal.jsonl", "lock"))}
        return {name: facts for name, facts in world.tree().items() if name not in out}

    world.run("verify")
    before = tree()
    assert world.run("verify").exit_code == 0
    assert tree() == before


def a_row_is_deleted(world: LegacyWorld) -> None:
    change(world, "DELETE FROM tasks WHERE id = 1")


def a_contracts_row_is_deleted(world: LegacyWorld) -> None:
    change(world, "DELETE FROM tasks WHERE message_name = 'award'")


def a_text_is_changed(world: LegacyWorld) -> None:
    change(world, "UPDATE tasks SET message = '别的' WHERE id = 1")


def a_trigger_is_dropped(world: LegacyWorld) -> None:
    change(world, "DROP TRIGGER fence_refuses")


def a_trigger_is_another(world: LegacyWorld) -> None:
    change(world, "DROP TRIGGER fence_refuses")
    change(world, "CREATE TRIGGER fence_refuses BEFORE INSERT ON tasks BEGIN SELECT 1; END")


def a_pair_is_not_fenced(world: LegacyWorld) -> None:
    change(world, "DELETE FROM fence WHERE recipient LIKE '%群%'")


def the_scheduler_sees_ours(world: LegacyWorld) -> None:
    change(world, "UPDATE tasks SET status = 'pending' WHERE status = 'queued'")


def a_column_must_be_given(world: LegacyWorld) -> None:
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'tasks'").fetchone()
        db.execute("PRAGMA writable_schema = on")
        new = sql.replace('"lease" REAL', '"lease" REAL NOT NULL', 1)
        assert new != sql
        db.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'tasks'", (new,))


def the_index_is_dropped(world: LegacyWorld) -> None:
    change(world, "DROP INDEX tasks_dedup")


def a_task_is_completed_by_hand(world: LegacyWorld) -> None:
    change(world, "UPDATE tasks SET status = 'completed', completed_at = 1 WHERE status = 'queued'")


def what_was_sent_waits_again(world: LegacyWorld) -> None:
    change(world, "UPDATE tasks SET status = 'in_doubt' WHERE status = 'completed' AND campaign > ''")


def somebody_wrote_the_json(world: LegacyWorld) -> None:
    world.status_file().write_text('{"1": "发送成功"}', encoding="utf-8")


def the_json_is_gone(world: LegacyWorld) -> None:
    world.status_file().unlink()


def the_csv_is_gone(world: LegacyWorld) -> None:
    world.csv().unlink()


def a_key_of_the_technicians_is_gone(world: LegacyWorld) -> None:
    world.technician_file.write_text("{}", encoding="utf-8")


def the_technicians_are_gone(world: LegacyWorld) -> None:
    world.technician_file.unlink()


def a_pipe(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def the_technicians_are_a_pipe(world: LegacyWorld) -> None:
    a_pipe(world.technician_file)


def the_json_is_a_pipe(world: LegacyWorld) -> None:
    a_pipe(world.status_file())


def the_backup_is_damaged(world: LegacyWorld) -> None:
    (store,) = (world.migration / "backups").glob("*/store.db")
    store.write_bytes(b"this is no database" * 1000)


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (a_row_is_deleted, ["rows kept"]),
        (a_contracts_row_is_deleted, ["every contract once", "rows kept", "shadow comparison"]),
        (a_text_is_changed, ["rows kept"]),
        (a_trigger_is_dropped, ["fence stands"]),
        (a_trigger_is_another, ["fence stands"]),
        (a_pair_is_not_fenced, ["fence stands"]),
        (the_scheduler_sees_ours, ["fence stands", "shadow comparison"]),
        (a_column_must_be_given, ["integrity_check", "legacy readers still read"]),
        (the_index_is_dropped, ["outbox schema"]),
        (a_task_is_completed_by_hand, ["every contract once"]),
        (what_was_sent_waits_again, ["every contract once"]),
        (somebody_wrote_the_json, ["old status files"]),
        (the_json_is_gone, ["old status files"]),
        (a_key_of_the_technicians_is_gone, [TECHNICIANS]),
        (the_technicians_are_gone, [TECHNICIANS]),
        (the_technicians_are_a_pipe, [TECHNICIANS]),
        (the_json_is_a_pipe, ["old status files", "shadow comparison"]),
        (the_backup_is_damaged, ["backup files", "backup database"]),
    ],
)
def test_what_is_wrong_is_found_by_its_check(
    world: LegacyWorld, damage: Callable[[LegacyWorld], None], names: list[str]
) -> None:
    damage(world)
    assert failed(checks(world, 7)) == names
    shown = world.run("verify")
    assert shown.exit_code == 7
    assert "✗" in shown.stdout
    assert "Traceback" not in shown.output


def half_migrated(folder: Path) -> LegacyWorld:
    world = build(folder)
    done = world.run("migrate", "--yes", "--stopped", "idle", "--until", "apply")
    assert done.exit_code == 0, done.output
    return world


def a_cell_other_than_the_flag(world: LegacyWorld) -> None:
    # What looks to the flags alone sees a file that is as it was.
    world.csv().write_bytes(world.csv().read_bytes().replace(b"15000.0", b"15000.5", 1))


def a_flag_is_set_by_hand(world: LegacyWorld) -> None:
    world.csv().write_bytes(world.csv().read_bytes().replace(b",N,", b",Y,", 1))


def another_job_waits_again(world: LegacyWorld) -> None:
    change(world, "INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', 'm')")
    change(world, "UPDATE tasks SET status = 'odd' WHERE campaign IS NULL")


def the_technicians_wrote(world: LegacyWorld) -> None:
    world.technician_file.write_text('{"CHG-1": "通知成功"}', encoding="utf-8")


def migrated_while(
    world: LegacyWorld, damage: Callable[[LegacyWorld], None], monkeypatch: pytest.MonkeyPatch
) -> Result:
    """Migrate, and do damage between apply and verify."""

    def use_wal_and_they_write(project: Project, plan: Plan) -> None:
        use_wal(project, plan)
        damage(world)

    with monkeypatch.context() as patched:
        patched.setattr(migrating, "use_wal", use_wal_and_they_write)
        return world.run("migrate", "--yes", "--stopped", "idle")


@pytest.mark.parametrize(
    "damage",
    [
        a_cell_other_than_the_flag,
        a_flag_is_set_by_hand,
        the_technicians_wrote,
        another_job_waits_again,
        a_task_is_completed_by_hand,
    ],
)
def test_right_after_the_migration_nobody_can_have_changed_anything(
    tmp_path: Path, damage: Callable[[LegacyWorld], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(tmp_path)
    done = migrated_while(world, damage, monkeypatch)
    assert done.exit_code == 7, done.output
    assert world.json() is not None, "nothing is retired"
    assert world.run("rollback", "--yes").exit_code == 0


def test_right_after_the_migration_a_file_without_a_flag_to_set_is_looked_at_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = LegacyWorld(tmp_path)
    world.contract("Y", SENT, [(GROUP, "completed")])
    done = migrated_while(world, a_cell_other_than_the_flag, monkeypatch)
    assert done.exit_code == 7, done.output
    assert f"{ONLY_FLAGS}: beyond the 0 flags of the plan, something in it was changed" in done.stderr
    assert world.json() is not None


@pytest.mark.parametrize("damage", [a_cell_other_than_the_flag, a_flag_is_set_by_hand])
def test_what_people_edit_before_a_cut_short_migration_goes_on_is_later_than_the_plan(
    tmp_path: Path, damage: Callable[[LegacyWorld], None]
) -> None:
    world = half_migrated(tmp_path)
    damage(world)
    assert world.run("migrate", "--yes").exit_code == 0
    assert world.json() is None


def test_long_after_edits_are_explained(world: LegacyWorld) -> None:
    assert world.run("run", "--once").exit_code == 0
    a_cell_other_than_the_flag(world)
    world.append(world.row())
    words = json.loads(world.technician_file.read_text(encoding="utf-8"))
    world.technician_file.write_text(json.dumps({**words, "CHG-9": "通知成功"}), encoding="utf-8")
    found = checks(world, 0)
    assert {name: result for name, (result, _) in found.items() if result != "passed"} == {
        ONLY_FLAGS: "explained",
        TECHNICIANS: "explained",
    }
    assert "sent already" in found["shadow comparison"][1] or "sent since" in found["shadow comparison"][1]
    assert "with a difference that a decision explains" in world.run("verify").stdout


def test_appended_rows_are_no_difference(world: LegacyWorld) -> None:
    world.append(world.row())
    result, evidence = checks(world, 0)[ONLY_FLAGS]
    assert result == "passed"
    assert "bytes were appended since" in evidence


def test_the_result_is_in_the_journal(world: LegacyWorld) -> None:
    a_trigger_is_dropped(world)
    checks(world, 7)
    told = json.loads(world.run("history", "--json").stdout)
    assert "fence stands" in json.dumps(told)


def test_the_backup_alone(world: LegacyWorld) -> None:
    found = checks(world, 0, "--backup", "latest")
    assert list(found) == ["backup restores"]
    (backup,) = (world.migration / "backups").iterdir()
    assert checks(world, 0, "--backup", backup.name) == found
    the_backup_is_damaged(world)
    assert failed(checks(world, 7, "--backup", "latest")) == ["backup files", "backup database"]


def test_the_backup_alone_when_all_else_is_gone(world: LegacyWorld) -> None:
    world.store.unlink()
    shutil.rmtree(world.folder / "state")
    assert list(checks(world, 0, "--backup", "latest")) == ["backup restores"]
    done = world.run("verify")
    assert done.exit_code == 7
    assert "store opens" in done.stdout
    assert "tasks.db" in done.stdout
    assert "Traceback" not in done.output


def test_an_unknown_backup(world: LegacyWorld) -> None:
    done = world.run("verify", "--backup", "20010101T000000Z-00000000")
    assert done.exit_code == 7
    assert "there is no such backup; there are" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--backup", "latest"), ("--report", "page.html")])
def test_before_anything_was_migrated(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    world = build(tmp_path / "project")
    before = world.tree()
    done = world.run("verify", *arguments)
    assert done.exit_code == 4, done.output
    assert "notifykit migrate" in done.stderr
    assert world.tree() == before


def test_the_page_has_every_check(world: LegacyWorld, tmp_path: Path) -> None:
    page = tmp_path / "verify.html"
    a_trigger_is_dropped(world)
    assert world.run("verify", "--report", str(page)).exit_code == 7
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in NAMES)
    assert "trigger fence_refuses is missing" in text


def test_the_page_of_a_backup_after_a_rollback(world: LegacyWorld, tmp_path: Path) -> None:
    """Nothing is in force then; the page is of the plan that the backup was made for."""
    assert world.run("rollback", "--yes").exit_code == 0
    page = tmp_path / "backup.html"
    done = world.run("verify", "--backup", "latest", "--report", str(page))
    assert done.exit_code == 0, done.output
    assert "backup restores" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", [the_csv_is_gone])
def test_without_the_csv_file_it_says_so(world: LegacyWorld, damage: Callable[[LegacyWorld], None]) -> None:
    damage(world)
    done = world.run("verify")
    assert done.exit_code in (4, 7)
    assert "PerformanceData-BJ-Aug.csv" in done.output
    assert "Traceback" not in done.output


def test_an_account_that_may_only_read_can_verify(world: LegacyWorld) -> None:
    journal = (world.folder / "notifykit-migration" / "journal.jsonl").read_bytes()
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **world.environment}
    done = run_as_reader(world.command_line("verify"), world.folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 checks: 13 passed" in done.stdout
    assert "cannot be written by this account: the result is shown, and not kept" in done.stderr
    assert (world.folder / "notifykit-migration" / "journal.jsonl").read_bytes() == journal
