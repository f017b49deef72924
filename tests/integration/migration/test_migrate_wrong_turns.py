"""Wrong turns on the way to a migration: what is said, the exit code, and that nothing was changed by it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration import migrate as migrating
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.legacy import contracts
from notifykit_migration.legacy.status_file import StatusFile, read_status_file
from system import SUPERUSER

OURS = "notifykit-migration"

IDLE = ("--stopped", "idle")


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    world = LegacyWorld(tmp_path / "project")
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
    return world


def tree(world: LegacyWorld) -> dict[str, str]:
    """Content by name, without what the migration keeps for itself."""
    return {
        name: digest
        for name, (digest, _) in world.tree().items()
        if not name.startswith(OURS) and not name.endswith((".csv.lock", "-shm", "-wal"))
    }


@contextmanager
def nothing_changes(world: LegacyWorld) -> Iterator[None]:
    before = tree(world)
    yield
    assert tree(world) == before


def refuse(world: LegacyWorld, code: int, what: str, *arguments: str) -> None:
    done = world.run("migrate", *(arguments or ("--yes", *IDLE)))
    assert (done.exit_code, what in done.stderr) == (code, True), done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("written", ["csv", "status"])
def test_a_file_that_is_written_while_it_is_read_is_planned_from_neither_state(
    world: LegacyWorld, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Its size and time stay: the clock of files may stand still between two writes."""
    file = world.csv() if written == "csv" else world.status_file("beijing")
    before = file.read_bytes()

    def read_and_they_write(path: Path, name: str) -> StatusFile:
        found = read_status_file(path, name)
        if path == world.status_file("beijing").resolve():
            facts = file.stat()
            file.write_bytes(before[:-2] + before[-2:].swapcase()[::-1])
            os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(contracts, "read_status_file", read_and_they_write)
        refuse(world, 4, "was written while it was read; stop the old program", "--dry-run")
    file.write_bytes(before)
    goes_on(world)


def goes_on(world: LegacyWorld) -> None:
    done = world.run("migrate", "--yes", *IDLE)
    assert done.exit_code == 0, done.output
    assert world.json() is None
    assert world.run("verify").exit_code == 0


def test_a_migrated_store_that_is_gone_is_not_made_anew(world: LegacyWorld) -> None:
    goes_on(world)
    for part in world.folder.glob("tasks.db*"):
        part.unlink()
    with nothing_changes(world):
        refuse(world, 1, "the outbox of this project is gone")
        assert world.run("generate").exit_code == 1


def test_a_rollback_forgets_the_outbox_and_the_next_migration_makes_another(world: LegacyWorld) -> None:
    goes_on(world)
    remembered = world.folder / "notifykit-store.json"
    first = remembered.read_bytes()
    assert world.run("rollback", "--yes").exit_code == 0
    assert not remembered.exists()
    goes_on(world)
    assert remembered.read_bytes() != first


# Files that cannot be read or written.


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write there, not even root: a mount of the folder over itself."""
    if sys.platform != "linux" or not SUPERUSER:
        pytest.skip("a read-only mount needs root on Linux")
    done = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_the_state_folder_is_read_only(world: LegacyWorld) -> None:
    files = {path: path.read_bytes() for path in (world.csv(), world.status_file())}
    with read_only(world.folder / "state"):
        done = world.run("migrate", "--yes", *IDLE)
        assert done.exit_code == 1, done.output
        assert "PerformanceData-BJ-Aug.csv: begun and not finished" in done.stderr
        assert "mount it writable" in done.stderr
        assert {path: path.read_bytes() for path in files} == files
        assert world.run("migrate", "--yes", *IDLE).exit_code == 1
    goes_on(world)
    assert set(world.flags().values()) == {"Y", "N"}


def test_notifykit_works_while_the_flags_cannot_be_written_and_the_same_command_finishes(world: LegacyWorld) -> None:
    """Messages are sent and people edit the file meanwhile; all of that is later than the plan, and nobody's fault."""
    sent, waiting, new = world.flags()
    with read_only(world.folder / "state"):
        assert world.run("migrate", "--yes", *IDLE).exit_code == 1
        for command in (("generate",), ("dispatch", "--once"), ("settle",)):
            assert world.run(*command).exit_code in (0, 1, 3), command  # the flags are owed, and that is told
    world.append(world.row())
    world.set_flag(new, "hold")
    assert world.run("settle").exit_code == 3
    goes_on(world)
    assert world.flags()[sent] == world.flags()[waiting] == "Y"
    assert set(world.delivered.values()) == {1}


def test_a_row_whose_flag_is_due_is_gone_when_it_goes_on(world: LegacyWorld) -> None:
    with read_only(world.folder / "state"):
        assert world.run("migrate", "--yes", *IDLE).exit_code == 1
    lines = world.csv().read_bytes().splitlines(keepends=True)
    world.csv().write_bytes(lines[0] + b"".join(lines[2:]))
    goes_on(world)


def test_what_changed_before_anything_was_done_is_given_up_and_planned_anew(world: LegacyWorld) -> None:
    assert world.run("migrate", "--yes", *IDLE, "--until", "backup").exit_code == 0
    with Journal(MigrationFolder.of(world.folder).journal) as journal:
        (backup,) = (world.migration / "backups").iterdir()
        journal.append("migrate_begun", plan_hash="", plan_made_at=0.0, backup=backup.name, soak_until=None)
    LegacyRun(world).generate()
    refuse(world, 5, "`notifykit rollback` gives it up")
    assert world.run("rollback", "--yes").exit_code == 0
    goes_on(world)


def test_the_send_status_file_alone_cannot_be_moved(world: LegacyWorld) -> None:
    """All flags are right already: the folder is first written to when the file is retired."""
    for contract in world.flags():
        world.set_flag(contract, "Y")
    with read_only(world.folder / "state"):
        done = world.run("migrate", "--yes", *IDLE)
        assert done.exit_code == 1, done.output
        assert "send_status_bj_aug.json" in done.stderr
        assert "run the same command again" in done.stderr
        assert world.json() is not None
    done = world.run("retire", "--yes")
    assert done.exit_code == 0, done.output
    assert world.json() is None


def test_the_whole_project_is_read_only(world: LegacyWorld) -> None:
    before = world.tree()
    with read_only(world.folder):
        assert world.run("migrate", "--dry-run").exit_code == 0
        refuse(world, 4, "cannot be made (Read-only file system)")
    assert world.tree() == before
    goes_on(world)


@pytest.mark.parametrize("which", ["csv", "status_file"])
def test_a_folder_in_the_place_of_a_file(world: LegacyWorld, which: str) -> None:
    path: Path = getattr(world, which)()
    path.unlink()
    path.mkdir()
    with nothing_changes(world):
        refuse(world, 4, path.name)


def test_a_spreadsheet_program_has_the_csv_file_open(world: LegacyWorld) -> None:
    for lock in (f"~${world.csv().name}", f".~lock.{world.csv().name}#"):
        path = world.csv().with_name(lock)
        path.write_text("somebody", encoding="utf-8")
        done = world.run("migrate", "--dry-run")
        assert done.exit_code == 0
        assert "is open in a spreadsheet program" in done.stdout
        assert lock in done.stdout
        path.unlink()
    assert "spreadsheet" not in world.run("migrate", "--dry-run").output


def test_a_lock_that_a_dead_process_left_is_none(world: LegacyWorld) -> None:
    world.migration.mkdir()
    (world.migration / "lock").touch()
    dead = {"what": "migrate", "pid": 2**22 - 1, "host": "elsewhere", "who": "somebody", "since": 0}
    (world.migration / "lock.json").write_text(json.dumps(dead), encoding="utf-8")
    goes_on(world)


# Backups and plans.


def begin(world: LegacyWorld) -> Path:
    """Migrate up to the database and the flags; returns the backup."""
    assert world.run("migrate", "--yes", *IDLE, "--until", "apply").exit_code == 0
    (backup,) = (world.migration / "backups").iterdir()
    return backup


@pytest.mark.parametrize("name", ["store.db", "plan.json", "manifest.json", "files/001-PerformanceData-BJ-Aug.csv"])
def test_the_backup_is_damaged_between_apply_and_verify(world: LegacyWorld, name: str) -> None:
    file = begin(world) / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-20] + bytes(20))
    with nothing_changes(world):
        refuse(world, 7, name.rpartition("/")[2])
    assert world.json() is not None, "nothing is retired into a backup that is no backup"
    file.write_bytes(whole)
    goes_on(world)


def test_the_backup_is_gone_between_apply_and_verify(world: LegacyWorld) -> None:
    backup = begin(world)
    elsewhere = backup.rename(world.folder / "elsewhere")
    refuse(world, 7, "Put it back, if it was moved")
    elsewhere.rename(backup)
    goes_on(world)


def planned(world: LegacyWorld, path: Path) -> Path:
    assert world.run("migrate", "--dry-run", *IDLE, "--out", str(path)).exit_code == 0
    return path


def another_format(plan: Path) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace('"format": 2', '"format": 99', 1), encoding="utf-8")


def no_format(plan: Path) -> None:
    plan.write_text("[1, 2]", encoding="utf-8")


def no_json(plan: Path) -> None:
    plan.write_text("this is no plan", encoding="utf-8")


def no_text(plan: Path) -> None:
    plan.write_bytes(b"\xff\xfe\x00\x01" * 30)


def cut(plan: Path) -> None:
    plan.write_bytes(plan.read_bytes()[:-40])


def missing_field(plan: Path) -> None:
    form = json.loads(plan.read_text(encoding="utf-8"))
    del form["store"]
    plan.write_text(json.dumps(form), encoding="utf-8")


def unknown_decision(plan: Path) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace('"decision":"S"', '"decision":"Q"'), encoding="utf-8")


def gone(plan: Path) -> None:
    plan.unlink()


def folder(plan: Path) -> None:
    plan.unlink()
    plan.mkdir()


def pipe(plan: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    plan.unlink()
    os.mkfifo(plan)


def huge(plan: Path) -> None:
    with plan.open("wb") as file:
        file.truncate(1024**3 + 1)


def deep(plan: Path) -> None:
    plan.write_text("[" * 100_000, encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (another_format, "a plan of format 99, this notifykit knows 2"),
        (no_format, "is no plan"),
        (no_json, "is no plan"),
        (no_text, "it is no UTF-8 text"),
        (cut, "is no plan"),
        (missing_field, "is no plan: store"),
        (unknown_decision, "is no plan: 'Q'"),
        (gone, "No such file or directory"),
        (folder, "it is a folder"),
        (pipe, "it is a pipe or a device"),
        (huge, "it has more than 1,073,741,824 bytes"),
        (deep, "is no plan: maximum recursion depth exceeded"),
    ],
)
def test_a_file_that_is_no_plan(world: LegacyWorld, tmp_path: Path, damage: Callable[[Path], None], what: str) -> None:
    plan = planned(world, tmp_path / "plan.json")
    damage(plan)
    before = world.tree()
    refuse(world, 4, what, "--plan", str(plan), "--yes")
    assert world.tree() == before


@pytest.mark.parametrize("which", ["csv", "status_file"])
def test_a_pipe_in_the_place_of_a_file_since_the_plan_was_made(world: LegacyWorld, tmp_path: Path, which: str) -> None:
    plan = planned(world, tmp_path / "plan.json")
    pipe(getattr(world, which)())
    with nothing_changes(world):
        refuse(world, 4, "(it is a pipe or a device): check its path", "--plan", str(plan), "--yes")


def test_another_plan_is_half_done(world: LegacyWorld, tmp_path: Path) -> None:
    mine = planned(world, tmp_path / "mine.json")
    assert world.run("migrate", "--dry-run", "--out", str(tmp_path / "other.json")).exit_code == 0
    assert world.run("migrate", "--plan", str(mine), "--yes", "--until", "apply").exit_code == 0
    with nothing_changes(world):
        refuse(world, 5, "another plan was begun and is half done", "--plan", str(tmp_path / "other.json"), "--yes")
    done = world.run("migrate", "--plan", str(mine), "--yes")
    assert done.exit_code == 0, done.output
    assert world.json() is None


def test_a_plan_cannot_be_kept_where_there_is_no_folder(world: LegacyWorld, tmp_path: Path) -> None:
    before = world.tree()
    refuse(world, 4, "check --out", "--dry-run", "--out", str(tmp_path / "nowhere" / "plan.json"))
    assert world.tree() == before


# What was asked for.


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("0", "is no time at all"),
        ("99999999", "is longer than can be: 36500d at most"),
        *((value, "must be a duration") for value in ("x", "", "-1", "nan", "inf")),
    ],
)
def test_days_that_are_none(world: LegacyWorld, value: str, what: str) -> None:
    before = world.tree()
    for option in ("--max-age", "--soak"):
        refuse(world, 2, what, option, value, "--yes")
    assert world.tree() == before


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--out", "plan.json", "--yes"), "belong to --dry-run"),
        (("--show", "1"), "belong to --dry-run"),
        (("--detailed-exitcode",), "belong to --dry-run"),
        (("--until", "the end"), "--until"),
        (("--historic", "forget"), "--historic"),
    ],
)
def test_options_that_do_not_go_together(world: LegacyWorld, arguments: tuple[str, ...], what: str) -> None:
    before = world.tree()
    refuse(world, 2, what, *arguments)
    assert world.tree() == before


def test_each_phase_can_be_the_last(world: LegacyWorld) -> None:
    before = world.tree()
    done = world.run("migrate", "--until", "plan", *IDLE)
    assert done.exit_code == 0, done.output
    assert world.tree() == before
    with nothing_changes(world):
        assert world.run("migrate", "--yes", *IDLE, "--until", "backup").exit_code == 0
    assert len(list((world.migration / "backups").iterdir())) == 1
    assert world.run("migrate", "--yes", *IDLE, "--until", "verify").exit_code == 0
    assert world.json() is not None
    assert "nothing to do" in world.run("migrate", "--yes", *IDLE).stdout
    assert world.run("retire", "--yes").exit_code == 0
    assert world.json() is None


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--until", "plan", "--yes")])
def test_a_look_at_a_half_done_migration_shows_its_plan(world: LegacyWorld, arguments: tuple[str, ...]) -> None:
    begin(world)
    before = world.tree()
    done = world.run("migrate", *arguments)
    assert done.exit_code == 0, done.output
    assert "this migration was begun" in done.stderr
    assert "state/send_status_bj_aug.json" in done.stdout
    assert world.run("migrate", "--dry-run", "--detailed-exitcode").exit_code == 10
    assert world.tree() == before


def test_a_phase_that_is_past_is_not_gone_beyond(world: LegacyWorld) -> None:
    begin(world)
    with nothing_changes(world):
        done = world.run("migrate", "--yes", "--until", "backup")
    assert done.exit_code == 0, done.output
    assert "taken already" in done.stderr
    assert not any('"verified"' in line for line in journal(world))
    goes_on(world)


def journal(world: LegacyWorld) -> list[str]:
    return (world.migration / "journal.jsonl").read_text(encoding="utf-8").splitlines()


def test_a_rollback_is_half_done(world: LegacyWorld) -> None:
    assert world.run("migrate", "--yes", *IDLE).exit_code == 0
    with Journal(MigrationFolder.of(world.folder).journal) as journal:
        journal.append("rollback_begun", who="me", archive=None)
    with nothing_changes(world):
        refuse(world, 4, "run `notifykit rollback` first")
        refuse(world, 4, "run `notifykit rollback` first", "--dry-run")
    done = world.run("rollback", "--yes")
    assert done.exit_code == 0, done.output
    goes_on(world)


# Cut short.


def journal_mode(world: LegacyWorld) -> str:
    with closing(sqlite3.connect(world.store)) as db:
        return str(db.execute("PRAGMA journal_mode").fetchone()[0])


def test_cut_short_before_the_store_got_its_log(world: LegacyWorld) -> None:
    """What is in the transaction does not tell whether the switch that cannot be in it was done."""
    begin(world)
    with closing(sqlite3.connect(world.store)) as db:
        db.execute("PRAGMA journal_mode = delete")
    goes_on(world)
    assert journal_mode(world) == "wal"


def test_cut_short_while_the_old_files_are_retired(world: LegacyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> list[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrating, "retire_files", killed)
        assert world.run("migrate", "--yes", *IDLE).exit_code not in (0, 3)
    assert world.json() is not None
    assert "nothing to do" in world.run("migrate", "--dry-run").stdout
    assert "nothing to do" in world.run("migrate", "--yes", "--until", "verify").stdout
    assert world.json() is not None
    done = world.run("migrate", "--yes")
    assert done.exit_code == 0, done.output
    assert "going on" in done.stderr
    assert world.json() is None
    assert "nothing to do" in world.run("migrate", "--yes").stdout


def test_a_soak_is_not_cut_short_by_the_next_run(world: LegacyWorld) -> None:
    assert world.run("migrate", "--yes", *IDLE, "--soak", "7").exit_code == 0
    assert "nothing to do" in world.run("migrate", "--yes").stdout
    assert world.json() is not None


def misfit(folder: Path) -> tuple[LegacyWorld, str]:
    """A campaign with a wrong group. Returns the right description, too."""
    world = LegacyWorld(folder)
    with world.together():
        for _ in range(9):
            world.contract("Y", SENT, [(GROUP, "completed")])
    right = described(world).read_text(encoding="utf-8")
    described(world).write_text(right.replace("（北京）销售喜报群", "北京喜报群"), encoding="utf-8")
    return world, right


def described(world: LegacyWorld) -> Path:
    return world.folder / "campaigns" / "beijing.yaml"


def test_a_campaign_that_does_not_fit(tmp_path: Path) -> None:
    """It stops everything, shown or not, until it is corrected or the person knows better."""
    world, right = misfit(tmp_path / "misfit")
    with nothing_changes(world):
        for arguments in (("--dry-run",), ("--yes", *IDLE), ("--yes", "--historic", "assume-sent")):
            refuse(world, 4, "the rows of 9 contracts go to '（北京）销售喜报群' (send_wecom_message)", *arguments)
        explained = world.run("migrate", "--dry-run", "--explain-fit")
        assert (explained.exit_code, "misfit: beijing: message group" in explained.stdout) == (4, True)
        assert "assume-sent" not in explained.output
        assert world.run("migrate", "--dry-run", "--fit-anyway", "--out", str(tmp_path / "plan.json")).exit_code == 0
    described(world).write_text(right, encoding="utf-8")
    assert world.run("migrate", "--dry-run").exit_code == 0
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["options"]["fit_anyway"] is True


def test_a_plan_that_goes_on_though_a_campaign_does_not_fit(tmp_path: Path) -> None:
    """The backup is proven by planning from it in the same way."""
    world, _ = misfit(tmp_path / "misfit")
    done = world.run("migrate", "--yes", *IDLE, "--fit-anyway")
    assert done.exit_code == 3, done.output
    assert "9 contracts held for you" in done.stdout


@pytest.mark.parametrize("other", [("--out", "plan.json"), ("--show", "1"), ("--report", "plan.html")])
def test_to_explain_the_fit_shows_no_plan(world: LegacyWorld, other: tuple[str, str]) -> None:
    refuse(world, 2, "--explain-fit shows no plan", "--dry-run", "--explain-fit", *other)
    refuse(world, 2, "belong to --dry-run", "--explain-fit")


@pytest.mark.parametrize(
    "option", [("--max-age", "1"), ("--stopped", "idle"), ("--historic", "assume-sent"), ("--fit-anyway",)]
)
def test_what_a_plan_was_made_with_is_not_said_when_it_is_carried_out(
    world: LegacyWorld, tmp_path: Path, option: tuple[str, ...]
) -> None:
    world.contract("N", SENT, [(GROUP, "completed")])
    plan = tmp_path / "plan.json"
    assert world.run("migrate", "--dry-run", "--out", str(plan), *option).exit_code == 0
    done = world.run("migrate", "--plan", str(plan), "--yes", *option)
    assert done.exit_code == 2
    assert f"--plan is carried out as it says; leave out {option[0]}" in done.stderr
    assert world.run("migrate", "--plan", str(plan), "--yes").exit_code in (0, 3)
