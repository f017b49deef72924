"""`notifykit shim` in processes of its own, and `--explain` in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from program_world import ProgramWorld, contract, contract_id
from shim_world import shimmed, surroundings

from notifykit.cli.app import build_cli
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds
from notifykit.testing.outbox.steps import take


def invoke(world: ProgramWorld, *arguments: str) -> Result:
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "NOTIFYKIT_PROJECT": None})
    with surroundings(world.folder):
        return runner.invoke(build_cli(), ["--project", str(world.project), "shim", *arguments], prog_name="notifykit")


def test_explain_runs_nothing_and_tells_all(world: ProgramWorld) -> None:
    utils = world.folder / "modules" / "file_utils.py"
    text = utils.read_text(encoding="utf-8").replace(
        "def save_send_status(filename,", "def save_send_status(city, filename,"
    )
    utils.write_text(text, encoding="utf-8")
    (world.folder / "task_scheduler.py").unlink()
    done = invoke(world, "--explain", "--", "main.py", "--once")
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "9 functions replaced; 5 files of campaigns"
    for line in (
        "task_manager create_task queues; within a contract notification: when its group closes task_manager.py:54",
        "task_manager Task saves to the outbox task_manager.py:29",
        "task_manager get_connection stays as it is task_manager.py:8",
        "task_scheduler there is no readable task_scheduler.py",
        "modules.file_utils save_send_status stays: it takes 3 parameters, not 2 modules/file_utils.py:14",
    ):
        assert line in lines
    assert (
        f"beijing {world.folder}/state/send_status_bj_aug.json never written; what it would say, the outbox answers"
        in lines
    )
    assert f"technicians {world.folder}/state/technician_status_record.json as before, replaced in one piece" in lines
    assert "starts a process" not in done.stdout
    assert not world.store.exists()


def test_explain_names_other_processes(world: ProgramWorld) -> None:
    code = "import multiprocessing, os\nmultiprocessing.Pool()\nos.system('python job.py')\n"
    (world.folder / "nightly.py").write_text(code, encoding="utf-8")
    lines = [" ".join(line.split()) for line in invoke(world, "--explain", "main.py").stdout.splitlines()]
    start = "has no shim: start it by `notifykit shim -- …`, or give the script the line with install()"
    assert lines[-3:] == [
        "starts a process where which",
        "multiprocessing.Pool nightly.py:2 has the shim, too",
        f"os.system nightly.py:3 {start}",
    ]
    found = json.loads(invoke(world, "--explain", "--json", "main.py").stdout)["processes"]
    assert [(one["call"], one["shimmed"]) for one in found] == [("multiprocessing.Pool", True), ("os.system", False)]


def test_explain_for_programs(world: ProgramWorld) -> None:
    manager = world.folder / "task_manager.py"
    manager.write_text(
        manager.read_text(encoding="utf-8").replace("def get_pending_tasks", "def pending"), encoding="utf-8"
    )
    done = invoke(world, "--explain", "--json", "main.py")
    found = json.loads(done.stdout)
    assert {
        "module": "task_manager",
        "name": "get_pending_tasks",
        "place": None,
        "becomes": "is not there",
        "replaced": False,
    } in found["functions"]
    assert sum(one["replaced"] for one in found["functions"]) == 12
    assert [one["campaign"] for one in found["files"]] == ["beijing", "shanghai", "beijing", "shanghai", "technicians"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "name the program's main file: notifykit shim -- main.py"),
        (("--json", "main.py"), 2, "--json goes with --explain"),
        (("nothing.py",), 4, "error: nothing.py: there is no such script; name the program's main file"),
        (("--explain", "nothing.py"), 4, "error: nothing.py: there is no such script"),
        (("modules",), 4, "error: modules: it is a folder; name the program's main file"),
    ],
)
def test_wrong_usage(world: ProgramWorld, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = invoke(world, *arguments)
    assert done.exit_code == code
    assert told in done.output


PRINTS = """
import logging, os, sys
logging.basicConfig(filename='mine.log', level=logging.INFO)
logging.info('started')
import task_manager
print(__name__, sys.argv, sys.path[0] == os.path.dirname(os.path.abspath(__file__)), os.getcwd() == sys.path[0])
print(task_manager.create_task('send_wechat_message', '部门', '工单').id, task_manager.get_pending_tasks()[0][:4])
sys.exit(int(sys.argv[-1]))
"""


def test_a_script_runs_as_it_would_under_python(world: ProgramWorld) -> None:
    (world.folder / "tool.py").write_text(PRINTS, encoding="utf-8")
    command = world.command("--loud", "--", "7", shim=True)
    command[command.index("main.py")] = "tool.py"

    done = subprocess.run(
        command, cwd=world.folder, env=world.in_process, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.splitlines() == [
        "__main__ ['tool.py', '--loud', '--', '7'] True True",
        "1 (1, 'send_wechat_message', '部门', '工单')",
    ]
    assert (world.folder / "mine.log").read_text() == "INFO:root:started\n"


def test_the_program_runs_until_it_is_stopped(world: ProgramWorld) -> None:
    """As a service: the scheduler in its thread, the jobs in a loop, and contracts that come meanwhile."""
    world.legacy = "  interval: 0.05\n"
    world.write_project()
    service = subprocess.Popen(
        world.command("bj", "ts", shim=True),
        cwd=world.folder,
        env=world.in_process,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        for _ in range(2):
            wait_for(lambda: world.csv.exists() and len(world.flags()) == world.count)
            wait_for(lambda: set(world.flags().values()) == {"Y"})
            world.count += 4
            world.offer([contract(number, award=world.award(number)) for number in range(world.count)])
        wait_for(lambda: len(world.flags()) == world.count and set(world.flags().values()) == {"Y"})
    finally:
        service.terminate()
        _, said = service.communicate(timeout=30)
    assert said == "", "no word of ours"
    assert world.problems() == []
    assert "contract " + contract_id(0) in (world.folder / "logs" / "app.log").read_text(encoding="utf-8")


def wait_for(it: Callable[[], bool]) -> None:
    while not it():
        time.sleep(0.02)


def test_status_works_while_it_sends(world: ProgramWorld) -> None:
    world.fill()
    with shimmed(world) as program:
        program.jobs.signing_and_sales_incentive_aug_beijing()
    with SqliteOutbox.open(world.store) as outbox:
        take(outbox, "worker", 1, dict.fromkeys(world.opened().configuration.channels, ChannelBounds()), 120.0)
    with surroundings(world.folder):
        done = CliRunner(env={"NOTIFYKIT_PROJECT": None}).invoke(build_cli(), ["status"], prog_name="notifykit")
    assert done.exit_code == 0, done.output


def test_a_program_that_fails_keeps_its_traceback(world: ProgramWorld) -> None:
    (world.folder / "main.py").write_text("import jobs\nraise RuntimeError('its own')\n", encoding="utf-8")
    done = world.run(shim=True, check=False)
    assert done.returncode == 1
    assert "RuntimeError: its own" in done.stderr
    assert 'main.py", line 2' in done.stderr


def test_what_is_explained_and_refused_is_chinese_where_the_locale_is(
    world: ProgramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFYKIT_LANG", "zh")
    utils = world.folder / "modules" / "file_utils.py"
    text = utils.read_text(encoding="utf-8").replace(
        "def save_send_status(filename,", "def save_send_status(city, filename,"
    )
    utils.write_text(text, encoding="utf-8")
    told = " ".join(invoke(world, "--explain", "--", "main.py").stdout.split())
    for said in (
        "替换 12 个函数；属于活动的有 5 个文件",
        "create_task 入队；在合同通知里：等这一组收尾时",
        "save_send_status 保留：它有 3 个参数，而不是 2 个",
        "state/send_status_bj_aug.json 不再写；它该说的由发件箱回答",
    ):
        assert said in told
    assert "is not there" not in told
    assert "stays: it takes 3 parameters, not 2" in invoke(world, "--explain", "--json", "main.py").stdout
    refused = invoke(world, "--", "no_such.py")
    assert (refused.exit_code, "no_such.py" in refused.stderr) == (4, True)
    assert "没有这个脚本" in refused.stderr


def test_a_program_that_installs_the_shim_itself_is_told_in_its_language(world: ProgramWorld) -> None:
    (world.folder / "first.py").write_text(
        "from task_manager import update_task\nimport notifykit_compat\nnotifykit_compat.install()\n", encoding="utf-8"
    )

    def told(language: str) -> str:
        done = subprocess.run(
            [sys.executable, "first.py"],
            cwd=world.folder,
            env={**os.environ, "NOTIFYKIT_LANG": language, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    assert "在垫片替换之前就绑定了 task_manager.update_task" in told("zh")
    assert "bound task_manager.update_task before the shim replaced it" in told("en")
