"""`notifykit retire`: when it moves the old files, when it refuses, and what it says of the old code."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from killed_worlds import replace
from legacy_code import JOBS, NOTIFICATION, write_legacy_code
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

SHOWN = "state/send_status_bj_aug.json"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[LegacyWorld, Path]:
    """A world that was migrated, whose old files are to stay for a week, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("retire")
    world = LegacyWorld(folder / "project")
    with world.together():
        world.technician(status="completed")
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
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


def change(world: LegacyWorld, statement: str) -> None:
    with closing(sqlite3.connect(world.store)) as db, db:
        db.execute(statement)


def retired(world: LegacyWorld) -> Path:
    (backup,) = (world.migration / "backups").iterdir()
    return backup / "retired" / "00-send_status_bj_aug.json"


def test_the_soak_is_waited_for(world: LegacyWorld) -> None:
    before = world.tree()
    done = world.run("retire", "--yes")
    assert done.exit_code == 4
    assert "7.0 more days" in done.stderr
    assert "--now" in done.stderr
    assert world.tree() == before


def test_the_file_moves_as_it_is_and_the_technicians_stay(world: LegacyWorld) -> None:
    data, technicians = world.status_file().read_bytes(), world.technician_file.read_bytes()
    done = world.run("retire", "--yes", "--now")
    assert (done.exit_code, done.stdout) == (0, f"retired: {SHOWN}\n"), done.output
    assert retired(world).read_bytes() == data
    assert not world.status_file().exists()
    assert world.technician_file.read_bytes() == technicians
    assert world.run("verify").exit_code == 0
    again = world.run("retire", "--yes")
    assert (again.exit_code, again.stdout) == (0, "nothing to do: the old files are retired already\n")


def test_it_is_asked_for(world: LegacyWorld) -> None:
    done = world.run("retire", "--now")
    assert done.exit_code == 2
    assert "say --yes" in done.stderr
    assert world.json() is not None


def test_as_json(world: LegacyWorld) -> None:
    done = world.run("retire", "--yes", "--now", "--json")
    nothing: dict[str, object] = {
        "constants": [],
        "left_alone": [],
        "leftovers": [],
        "remaining": [],
        "remarks": [],
        "patch": None,
    }
    assert json.loads(done.stdout) == {"retired": [SHOWN], **nothing}
    assert json.loads(world.run("retire", "--yes", "--json").stdout) == {"retired": [], **nothing}


def a_message_is_lost(world: LegacyWorld) -> None:
    """The old program would send it still, and notifykit would not."""
    change(world, "DELETE FROM tasks WHERE message_name = 'award'")


def a_message_is_made_up(world: LegacyWorld) -> None:
    """Notifykit would send it, and the old program would not: it has sent it."""
    change(world, "UPDATE tasks SET status = 'queued', due_at = 0 WHERE message_name = 'group' AND id = 3")


def the_old_program_wrote(world: LegacyWorld) -> None:
    world.say("2025080000000000099", SENT)


def the_fence_is_gone(world: LegacyWorld) -> None:
    change(world, "DROP TRIGGER fence_refuses")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (a_message_is_lost, "shadow comparison: 1 differences that no decision explains"),
        (a_message_is_made_up, "only notifykit would send it"),
        (the_old_program_wrote, "was written to since the migration"),
        (the_fence_is_gone, "fence stands"),
    ],
)
def test_it_refuses_while_a_check_fails(world: LegacyWorld, damage: Callable[[LegacyWorld], None], what: str) -> None:
    damage(world)
    words = world.json()
    done = world.run("retire", "--yes", "--now")
    assert done.exit_code == 7, done.output
    assert what in done.stderr
    assert "Traceback" not in done.output
    assert world.json() == words
    assert not retired(world).exists()


def test_another_store_is_refused(world: LegacyWorld) -> None:
    for name in ("tasks.db", "tasks.db-wal", "tasks.db-shm"):
        world.store.with_name(name).unlink(missing_ok=True)
    done = world.run("retire", "--yes", "--now")
    assert done.exit_code not in (0, 3)
    assert "Traceback" not in done.output
    assert world.json() is not None


def test_there_is_no_room_for_two_of_one_name(world: LegacyWorld) -> None:
    """Somebody put a file where the old one goes: it is not written over."""
    retired(world).parent.mkdir()
    retired(world).write_text("mine", encoding="utf-8")
    done = world.run("retire", "--yes", "--now")
    assert done.exit_code in (5, 7), done.output
    assert retired(world).read_text(encoding="utf-8") == "mine"
    assert world.json() is not None


@pytest.mark.parametrize(
    ("phase", "what"),
    [
        (None, "run `notifykit migrate` first"),
        ("apply", "`notifykit migrate` goes on with it"),
    ],
)
def test_it_is_too_early(tmp_path: Path, phase: str | None, what: str) -> None:
    world = LegacyWorld(tmp_path / "project")
    world.contract("Y", SENT, [(GROUP, "completed")])
    if phase is not None:
        assert world.run("migrate", "--yes", "--until", phase).exit_code == 0
    done = world.run("retire", "--yes")
    assert done.exit_code == 4
    assert what in done.stderr
    assert world.json() is not None


def test_there_was_no_send_status_file(tmp_path: Path) -> None:
    world = LegacyWorld(tmp_path / "project")
    world.contract("N", None, [(GROUP, "completed")])
    assert world.json() is None
    assert world.run("migrate", "--yes", "--soak", "1").exit_code == 0
    done = world.run("retire", "--yes", "--now")
    assert (done.exit_code, done.stdout) == (0, "retired: no file\n"), done.output
    assert world.run("verify").exit_code == 0


# The old code.


ONE_CITY = {"jobs.py": re.sub(r"def signing\w+shanghai.*?\n\n\n", "", JOBS, flags=re.DOTALL)}
"""The old program without the other city's job."""


def test_the_constants_that_may_go(world: LegacyWorld, tmp_path: Path) -> None:
    code = write_legacy_code(tmp_path / "code", ONE_CITY)
    before = {path: path.read_bytes() for path in code.rglob("*.py")}
    done = world.run("retire", "--yes", "--now", "--code", str(code))
    assert done.exit_code == 0, done.output
    assert "STATUS_FILENAME_BJ_AUG = 'state/send_status_bj_aug.json' may be deleted" in done.stdout
    assert "STATUS_FILENAME_TS" not in done.stdout
    assert "SH_AUG" not in done.stdout, "no campaign of that city was migrated"
    assert "left alone" in done.stderr
    assert "STATUS_FILENAME_SH_AUG: names state/send_status_sh_aug.json" in done.stderr
    assert {path: path.read_bytes() for path in code.rglob("*.py")} == before
    (constant,) = [
        line
        for line in json.loads(world.run("retire", "--yes", "--json", "--code", str(code)).stdout)["constants"]
        if "BJ_AUG" in line
    ]
    assert constant.startswith("modules/config.py:")


def test_the_patch_applies(world: LegacyWorld, tmp_path: Path) -> None:
    code, patch = write_legacy_code(tmp_path / "code", ONE_CITY), tmp_path / "cleanup.patch"
    before = {path: path.read_bytes() for path in code.rglob("*.py")}
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    assert {path: path.read_bytes() for path in code.rglob("*.py")} == before, "it is for a person to apply"
    apply(patch, code)
    config = (code / "modules" / "config.py").read_text(encoding="utf-8")
    assert "STATUS_FILENAME_BJ_AUG" not in config
    assert "STATUS_FILENAME_TS" in config
    assert "STATUS_FILENAME_SH_AUG" in config


def apply(patch: Path, code: Path) -> None:
    program = shutil.which("patch")
    if program is None and not os.environ.get("CI"):
        pytest.skip("there is no `patch` here")
    subprocess.run([str(program), "-p1", "-i", str(patch)], cwd=code, check=True, capture_output=True)


def test_what_both_cities_use_waits_for_the_other(world: LegacyWorld, tmp_path: Path) -> None:
    """Without its check, a job that is killed once tells everybody again."""
    code, patch = write_legacy_code(tmp_path / "code"), tmp_path / "cleanup.patch"
    before = (code / "modules" / "notification_module.py").read_bytes(), (code / "jobs.py").read_bytes()
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    text = patch.read_text(encoding="utf-8")
    assert "+++" not in text, "nothing can go yet"
    job = "notify_awards_jun_beijing in signing_and_sales_incentive_aug_shanghai: names state/send_status_sh_aug.json"
    used = "load_send_status in notify_awards_jun_beijing: callers give files of campaigns that wait, too"
    for line in (f"jobs.py:10: {job}", f"modules/notification_module.py:12: {used}"):
        assert line in done.stderr
        assert f"#   {line}" in text
    assert before == ((code / "modules" / "notification_module.py").read_bytes(), (code / "jobs.py").read_bytes())


def test_of_two_cities_with_jobs_of_their_own_one_is_patched(world: LegacyWorld, tmp_path: Path) -> None:
    jobs = JOBS.replace("import notify_awards_jun_beijing,", "import notify_awards_jun_beijing, notify_shanghai,")
    jobs = jobs.replace("notify_awards_jun_beijing(\n", "notify_shanghai(\n")
    job, rest = NOTIFICATION.partition("def notify_awards")[2].partition("def notify_tech")[::2]
    both = NOTIFICATION + "\n\ndef notify_shanghai" + job.partition("beijing")[2].rstrip() + "\n"
    assert rest
    code, patch = tmp_path / "code", tmp_path / "cleanup.patch"
    write_legacy_code(code, {"jobs.py": jobs, "modules/notification_module.py": both})
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    apply(patch, code)
    patched = (code / "modules" / "notification_module.py").read_text(encoding="utf-8")
    beijing = patched.partition("def notify_awards")[2].partition("\ndef ")[0]
    shanghai = patched.partition("def notify_shanghai")[2]
    assert "send_status" not in beijing
    assert shanghai == both.partition("def notify_shanghai")[2]
    assert "notify_shanghai in signing_and_sales_incentive_aug_shanghai" in done.stderr
    assert "beijing" not in done.stderr.partition("left alone")[2]


@pytest.mark.parametrize("text", ["contract", "by words"])
def test_whose_file_it_is_is_known_only_at_run_time(world: LegacyWorld, tmp_path: Path, text: str) -> None:
    """Neither words nor a comment tell which campaign's it is: it may be the one that waits."""
    comment = "  # notifykit: contract" if text == "contract" else ""
    job = f"""\
import sys
from modules.file_utils import load_send_status


def notify_contract_of_some_city(contract_id):
    return load_send_status(sys.argv[1]).get(contract_id) == '发送成功'{comment}
"""
    code, patch = write_legacy_code(tmp_path / "code", {"other.py": job}), tmp_path / "cleanup.patch"
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    assert "other.py" not in "".join(line for line in patch.read_text().splitlines() if line.startswith("+++"))
    assert "other.py:6: call load_send_status: undecided" in patch.read_text(encoding="utf-8")


CARRYING = JOBS.replace(
    "    notify_awards_jun_beijing(PERFORMANCE_DATA_FILENAME_BJ_AUG, STATUS_FILENAME_BJ_AUG)",
    """    # status_filename: the send_status file
    performance_data_filename = PERFORMANCE_DATA_FILENAME_BJ_AUG
    status_filename = STATUS_FILENAME_BJ_AUG
    notify_awards_jun_beijing(performance_data_filename, status_filename)""",
)


def test_the_patch_is_rehearsed_before_the_migration(tmp_path: Path) -> None:
    """What is shown on the code as it is, with the campaigns described, is what is written after the migration."""
    world = LegacyWorld(tmp_path / "project", campaigns=("beijing", "shanghai"))
    world.contract("Y", SENT, [(GROUP, "completed")])
    code, patch = write_legacy_code(tmp_path / "code", {"jobs.py": CARRYING}), tmp_path / "cleanup.patch"
    before = world.tree(), {path: path.read_bytes() for path in code.rglob("*.py")}
    shown = world.run("retire", "--dry-run", "--code", str(code), "--patch", str(patch))
    told = json.loads(world.run("retire", "--dry-run", "--code", str(code), "--json").stdout)
    assert (world.tree(), {path: path.read_bytes() for path in code.rglob("*.py")}) == before
    assert shown.exit_code == 0, shown.output
    assert not patch.exists()
    assert "as if all campaigns" in shown.stderr
    assert world.run("migrate", "--yes", "--stopped", "idle", "--soak", "7").exit_code == 0
    again = world.run("retire", "--dry-run", "--code", str(code))
    assert (again.stdout, "as if" in again.stderr) == (shown.stdout, False)
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(patch))
    assert done.exit_code == 0, done.output
    text = patch.read_text(encoding="utf-8")
    assert told["patch"] == text
    assert shown.stdout.endswith(f"\n{text}\n")
    assert told["constants"] == [line for line in shown.stdout.splitlines() if line.endswith(" may be deleted")]
    assert told["remarks"][0] == "jobs.py:6: # status_filename: the send_status file"
    assert told["remarks"][0] in done.stderr
    apply(patch, code)
    assert world.run("inventory", str(code), "--check").exit_code == 0


def test_what_is_left_for_a_person_is_told(world: LegacyWorld, tmp_path: Path) -> None:
    code = write_legacy_code(tmp_path / "code", {**ONE_CITY, "more.py": f"load_send_status('{SHOWN}').popitem()\n"})
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(tmp_path / "cleanup.patch"))
    assert done.exit_code == 0, done.output
    assert f"more.py:1: call load_send_status: contract, names {SHOWN}" in done.stderr


@pytest.mark.parametrize("option", [("--patch", "cleanup.patch"), ("--dry-run",)])
def test_a_patch_needs_the_code(world: LegacyWorld, option: tuple[str, ...]) -> None:
    done = world.run("retire", "--yes", "--now", *option)
    assert done.exit_code == 2
    assert f"{option[0]} needs --code" in done.stderr
    assert world.json() is not None


def test_a_patch_that_cannot_be_written(world: LegacyWorld, tmp_path: Path) -> None:
    code = write_legacy_code(tmp_path / "code")
    done = world.run("retire", "--yes", "--now", "--code", str(code), "--patch", str(tmp_path / "nowhere" / "x"))
    assert done.exit_code == 4
    assert "check --patch" in done.stderr


def test_code_needs_the_plugin_that_reads_it(world: LegacyWorld, tmp_path: Path) -> None:
    code = write_legacy_code(tmp_path / "code")
    text = world.project.read_text(encoding="utf-8")
    world.project.write_text(f"plugins: {{block: [notifykit_inventory]}}\n{text}", encoding="utf-8")
    before = world.tree()
    done = world.run("retire", "--yes", "--now", "--code", str(code))
    assert done.exit_code == 4
    assert "take it out of that list" in done.stderr
    assert world.tree() == before
    assert world.run("retire", "--yes", "--now").exit_code == 0
