"""Beginning: what must be there, and what is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from notifykit_compat.errors import ShimError, ShimRefusedError
from program_world import BEIJING_JSON, ProgramWorld, contract_id
from shim_world import shimmed

from notifykit.errors import ConfigError


def old_store(world: ProgramWorld) -> None:
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        connection.execute("INSERT INTO tasks VALUES (1)")


def old_status(world: ProgramWorld) -> None:
    (world.folder / BEIJING_JSON).write_text("{}", encoding="utf-8")


def no_database(world: ProgramWorld) -> None:
    world.store.write_bytes(b"what is this" * 100)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (old_store, "tasks.db: holds the old program's tasks, which were not migrated; run `notifykit migrate` first"),
        (old_status, "send_status_bj_aug.json: the old program's send-status file is still in force"),
        (no_database, "tasks.db: file is not a database; check `store:`"),
    ],
)
def test_what_was_not_migrated_is_refused(
    world: ProgramWorld, state: Callable[[ProgramWorld], None], told: str
) -> None:
    state(world)
    before = {path: path.read_bytes() for path in (world.folder / "state").iterdir()}
    with pytest.raises(ShimError) as error, shimmed(world):
        pass
    assert told in str(error.value)
    assert {path: path.read_bytes() for path in (world.folder / "state").iterdir()} == before
    assert not any(type(finder).__name__ == "ImportHook" for finder in sys.meta_path)


def test_a_status_file_that_soaks_is_no_hindrance(world: ProgramWorld) -> None:
    with shimmed(world):
        pass
    with closing(sqlite3.connect(world.store)) as connection, connection:
        connection.execute("CREATE TABLE migrated (campaign TEXT PRIMARY KEY, status_file, csv_file, sent_word)")
        connection.execute("INSERT INTO migrated (campaign) VALUES ('beijing')")
    old_status(world)
    with shimmed(world) as program:
        assert program.file_utils.load_send_status(BEIJING_JSON) == {}


def test_mistakes_in_the_project_are_told_before_anything_is_replaced(world: ProgramWorld) -> None:
    world.legacy = "  modules: {file_utilities: x}\n"
    world.write_project()
    with (
        pytest.raises(ConfigError, match=r'modules\.file_utilities: there is no such key; did you mean "file_utils"'),
        shimmed(world),
    ):
        pass


def test_two_campaigns_over_one_csv_are_refused(world: ProgramWorld) -> None:
    campaign = world.folder / "campaigns" / "shanghai.yaml"
    campaign.write_text(campaign.read_text(encoding="utf-8").replace("SH-Aug", "BJ-Aug"), encoding="utf-8")
    with (
        pytest.raises(ConfigError, match="belongs to both campaigns beijing and shanghai; correct one"),
        shimmed(world),
    ):
        pass


def test_a_campaign_without_a_csv_is_refused(world: ProgramWorld) -> None:
    campaign = world.folder / "campaigns" / "technicians.yaml"
    text = campaign.read_text(encoding="utf-8").replace("kind: technician", "kind: contract")
    campaign.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="and no source and strategy of one; use a source of"), shimmed(world):
        pass


def test_other_module_names(world: ProgramWorld) -> None:
    (world.folder / "task_manager.py").rename(world.folder / "queueing_of_old.py")
    for file in ("jobs.py", "task_scheduler.py", "modules/notification_module.py"):
        path = world.folder / file
        path.write_text(path.read_text(encoding="utf-8").replace("task_manager", "queueing_of_old"), encoding="utf-8")
    world.legacy = "  modules: {task_manager: queueing_of_old}\n"
    world.write_project()
    world.fill()
    with shimmed(world) as program:
        program.jobs.signing_and_sales_incentive_aug_beijing()
        assert next(task.key for task in world.tasks()) == contract_id(0)
    del sys.modules["queueing_of_old"]


GOES_PAST = """

import contextlib, sqlite3

def peek():
    with contextlib.closing(sqlite3.connect('tasks.db')) as db: return db.execute('select 1').fetchone()
"""


def test_strict_refuses_to_go_past_the_shim(world: ProgramWorld) -> None:
    jobs = world.folder / "jobs.py"
    jobs.write_text(jobs.read_text(encoding="utf-8") + GOES_PAST, encoding="utf-8")
    line = len(jobs.read_text(encoding="utf-8").splitlines())
    with shimmed(world) as program:
        for _ in range(2):
            assert program.jobs.peek() == (1,)
        (said,) = program.told
        assert said.startswith(f"notifykit shim: {jobs}:{line}: connects to the task database itself; let it use")
    with shimmed(world, strict=True) as program, pytest.raises(ShimRefusedError, match=rf"jobs\.py:{line}: connects"):
        program.jobs.peek()


def test_strict_refuses_another_signature(world: ProgramWorld) -> None:
    utils = world.folder / "modules" / "file_utils.py"
    text = utils.read_text(encoding="utf-8")
    utils.write_text(text.replace("def load_send_status(filename):", "def load_send_status(filename, city=None):"))
    with (
        shimmed(world, strict=True) as program,
        pytest.raises(ShimRefusedError, match="load_send_status takes 2 param"),
    ):
        program.jobs.check_technician_status()


def line_in_the_program(world: ProgramWorld, line: str, *, at: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Put a line into main.py, and run it as it is."""
    main = world.folder / "main.py"
    text = main.read_text(encoding="utf-8")
    assert at in text
    main.write_text(text.replace(at, f"{line}\n{at}", 1), encoding="utf-8")
    world.environment |= options
    return world.run("--once", "bj", shim=False, check=False)


def test_one_line_in_the_program_will_do(world: ProgramWorld) -> None:
    line = "import notifykit_compat; notifykit_compat.install(); notifykit_compat.install(strict=True)"
    done = line_in_the_program(world, line, at="import logging")
    assert (done.returncode, done.stderr) == (0, "")
    assert world.problems() == []
    assert not (world.folder / BEIJING_JSON).exists()
    log = (world.folder / "logs" / "app.log").read_text(encoding="utf-8")
    assert f"contract {contract_id(0)} notified" in log


def test_the_line_comes_too_late(world: ProgramWorld) -> None:
    line = "import notifykit_compat; notifykit_compat.install(__file__[:-7] + 'notifykit.yaml')"
    done = line_in_the_program(world, line, at="print('程序启动'")
    main, jobs = world.folder / "main.py", world.folder / "jobs.py"
    assert done.stderr.count(f"{main}:17: bound task_manager.get_pending_tasks before the shim replaced it") == 1
    assert f"{jobs}:14: bound task_manager.create_task before the shim replaced it" in done.stderr
    assert "notification_module.py:14: bound task_manager.create_task before" in done.stderr


def test_the_line_ends_a_program_that_would_send_twice(world: ProgramWorld) -> None:
    world.bare("--once", "bj")
    before = len(world.typed())
    options = {"NOTIFYKIT_PROJECT": str(world.project)}
    done = line_in_the_program(
        world, "import notifykit_compat; notifykit_compat.install()", at="import logging", **options
    )
    assert done.returncode == 4
    assert "notifykit shim: error: " in done.stderr
    assert "run `notifykit migrate` first" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(world.typed()) == before


def test_importing_the_package_loads_next_to_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, notifykit_compat\n"
        "print([n for n in sys.modules if n.startswith(('notifykit_compat.', 'notifykit_migration', 'sqlite3'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
