"""The legacy program, with its jobs or its scheduler in processes of `multiprocessing`, killed ones too."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
from program_world import BEIJING_JSON, ProgramWorld, contract_id
from system import KILLED

from notifykit.model import Status

MAIN = """
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import task_manager
import task_scheduler
from jobs import *
from modules import file_utils, message_sender, notification_module


def job():
    signing_and_sales_incentive_aug_beijing()


def close(number):
    key = file_utils.get_all_records_from_csv(PERFORMANCE_DATA_FILENAME_BJ_AUG)[number]['合同ID(_id)']
    file_utils.load_send_status(STATUS_FILENAME_BJ_AUG)
    task_manager.create_task('send_wecom_message', WECOM_GROUP_NAME_BJ_AUG, key)
    file_utils.update_send_status(STATUS_FILENAME_BJ_AUG, key, '发送成功')


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def job_that_dies():
    # 第二份合同建到一半
    make = notification_module.generate_award_message
    texts = []
    notification_module.generate_award_message = lambda record: die() if texts else texts.append(1) or make(record)
    job()


def send():
    task_scheduler.check_tasks()


def send_and_die():
    typed = message_sender._type
    message_sender._type = lambda *message: typed(*message) or die()
    send()


def in_processes(method, *names):
    for name in names:
        process = multiprocessing.get_context(method).Process(target=globals()[name])
        process.start()
        process.join()
        print('ended', name, process.exitcode)


def in_pools(method, *names):
    context = multiprocessing.get_context(method)
    with context.Pool(1) as pool, ProcessPoolExecutor(1, mp_context=context) as executor:
        pool.apply(globals()[names[0]])
        executor.submit(globals()[names[1]]).result()


def contract(record):
    task_manager.create_task('send_wecom_message', WECOM_GROUP_NAME_BJ_AUG,
                             notification_module.generate_group_message(record))
    if record['激活奖励状态'] == '1':
        task_manager.create_task('send_wechat_message', record['管家(serviceHousekeeper)'],
                                 notification_module.generate_award_message(record))
    file_utils.update_send_status(STATUS_FILENAME_BJ_AUG, record['合同ID(_id)'], '发送成功')


def each_in_a_pool(method):
    records = file_utils.get_all_records_from_csv(PERFORMANCE_DATA_FILENAME_BJ_AUG)
    for _ in range(2):
        status = file_utils.load_send_status(STATUS_FILENAME_BJ_AUG)
        with multiprocessing.get_context(method).Pool(2) as pool:
            pool.map(contract, [record for record in records if record['合同ID(_id)'] not in status])
            pool.close()
            pool.join()
        send()


def detach():
    waits, goes_on = os.pipe()
    parent = os.getpid()
    if os.fork():
        os.read(waits, 1)
        sys.exit()
    job()
    os.write(goes_on, b'1')
    while os.getppid() == parent:  # 父进程退出
        time.sleep(0.01)
    for _ in range(2):
        send()
        job()


def closing(*methods):
    for number, method in enumerate(methods):
        process = multiprocessing.get_context(method).Process(target=close, args=(number,))
        process.start()
        process.join()


if __name__ == '__main__':
    multiprocessing.set_forkserver_preload(['jobs'])
    globals()[sys.argv[1]](*sys.argv[2:])
"""

METHODS = multiprocessing.get_all_start_methods()
AFRESH = [method for method in METHODS if method != "fork"]


@pytest.fixture
def world(tmp_path: Path) -> ProgramWorld:
    made = ProgramWorld(tmp_path / "world", count=4)
    (made.folder / "main.py").write_text(MAIN, encoding="utf-8")
    return made


def run(world: ProgramWorld, *arguments: str) -> str:
    done = world.shimmed(*arguments, options=["--strict"])
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("ended"))


@pytest.mark.long
@pytest.mark.parametrize("method", AFRESH)
def test_processes_of_pools_are_shimmed(world: ProgramWorld, method: str) -> None:
    run(world, "in_pools", method, "job", "send")
    assert world.problems() == []
    assert not (world.folder / BEIJING_JSON).exists()


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
def test_a_killed_process_loses_and_repeats_nothing(world: ProgramWorld, method: str) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no SIGKILL")
    said = run(world, "in_processes", method, "job_that_dies", "job", "send_and_die", "send")
    ends = (("job_that_dies", KILLED), ("job", 0), ("send_and_die", KILLED), ("send", 0))
    assert said.splitlines() == [f"ended {name} {code}" for name, code in ends]
    (doubt,) = world.tasks(Status.IN_DOUBT)
    assert len(world.typed()) == len(world.due()), "one of them is in doubt, and was typed"
    assert doubt.recipient == world.typed()[0]["to"]
    assert world.decide() == 1
    run(world, "in_processes", method, "job", "send")
    assert world.problems() == []


@pytest.mark.long
def test_contracts_that_processes_create_are_known_by_their_numbers(world: ProgramWorld) -> None:
    """The status is loaded in one process, each contract made in another; and all of it once more."""
    world.fill()
    for _ in range(2):
        run(world, "each_in_a_pool", "spawn")
    assert world.problems() == []


def test_a_program_that_detaches_itself_outlives_its_parent(world: ProgramWorld) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no fork")
    world.fill()
    done = world.shimmed("detach")  # it ends with the last that has its output
    assert done.stderr == ""
    assert world.problems() == []


def test_what_a_process_closes_last_is_queued(world: ProgramWorld) -> None:
    """Closed contracts wait for others; and some processes of `multiprocessing` end without what `atexit` was told."""
    world.fill()
    run(world, "closing", *METHODS)
    assert [task.key for task in world.tasks()] == [contract_id(number) for number, _ in enumerate(METHODS)]


def test_a_project_that_cannot_be_read_ends_the_process(world: ProgramWorld) -> None:
    preload = "multiprocessing.set_forkserver_preload(['jobs'])"
    text = MAIN.replace(preload, "open('notifykit.yaml', 'a').write('nonsense: 1\\n')")
    (world.folder / "main.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        world.command("in_processes", "spawn", "job", shim=True),
        cwd=world.folder,
        env=world.in_process,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == "ended job 4\n"
    assert "notifykit shim: error: " in done.stderr
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr
