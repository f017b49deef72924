"""task_manager and task_scheduler on the outbox."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from notifykit_compat.errors import ShimError
from program_world import BEIJING_JSON, LEASE, ProgramWorld, contract_id
from shim_world import Program, shimmed

from notifykit.errors import StoreError
from notifykit.model import Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import take

GROUP, PERSON = "send_wecom_message", "send_wechat_message"


def insert(world: ProgramWorld, task_type: str, created_at: str, recipient: str = "测试防水服务部") -> None:
    """What another program, of the old kind, does: a row of seven columns."""
    with closing(sqlite3.Connection(world.store)) as connection, connection:
        connection.execute(
            "INSERT INTO tasks (task_type, recipient, message, created_at, updated_at) VALUES (?, ?, 'old', ?, ?)",
            (task_type, recipient, created_at, created_at),
        )


def local(ago: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - ago))


def test_a_task_is_the_programs_own_with_its_id(program: Program) -> None:
    task = program.task_manager.create_task(PERSON, "测试防水服务部", "工单")
    assert type(task).__mro__[1].__module__ == "task_manager"
    assert (task.id, task.task_type, task.recipient, task.message, task.status) == (
        1,
        PERSON,
        "测试防水服务部",
        "工单",
        "pending",
    )


def test_a_task_that_is_saved_by_itself(program: Program) -> None:
    task = program.task_manager.Task(PERSON, "测试防水服务部", "工单")
    assert program.world.tasks() == []
    assert task.save() is None
    assert task.id == 1


def test_what_waits_is_seven_columns_in_id_order(program: Program) -> None:
    for number in range(3):
        program.task_manager.create_task(PERSON, f"部门{number}", "工单")
    rows = program.task_manager.get_pending_tasks()
    assert [row[:5] for row in rows] == [(n + 1, PERSON, f"部门{n}", "工单", "pending") for n in range(3)]
    assert all(type(row) is tuple and len(row) == 7 and row[5] == row[6] for row in rows)
    time.strptime(rows[0][5], "%Y-%m-%d %H:%M:%S")


def test_a_row_that_is_executed_is_sent_once(program: Program) -> None:
    for number in range(3):
        program.task_manager.create_task(PERSON, f"部门{number}", "工单")
    for row in program.task_manager.get_pending_tasks():
        program.task_scheduler.execute_task(row)
    assert [entry["to"] for entry in program.world.typed()] == ["部门0", "部门1", "部门2"]
    assert {task.status for task in program.world.tasks()} == {Status.COMPLETED}


def test_what_the_program_says_of_a_task_is_a_decision(program: Program) -> None:
    manager = program.task_manager
    done, dropped, failed, again = (manager.create_task(PERSON, f"部门{n}", "工单") for n in range(4))
    done.update_status("completed")
    manager.update_task(dropped.id, "cancelled")
    manager.update_task(failed.id, status="failed")
    manager.update_task(again.id, "failed")
    manager.update_task(again.id, "pending")
    manager.update_task(999, "completed")
    program.drain()
    assert [task.status for task in program.world.tasks()] == [
        Status.COMPLETED,
        Status.CANCELLED,
        Status.FAILED,
        Status.COMPLETED,
    ]
    assert [entry["to"] for entry in program.world.typed()] == ["部门3"]
    with SqliteOutbox.open(program.world.store) as outbox:
        (event,) = outbox.events(dropped.id)
    assert (event.who, event.detail) == ("legacy program", "queued to cancelled: update_task(…, 'cancelled')")
    with pytest.raises(ShimError, match="has no status 'held'; write one of completed, pending, failed, cancelled"):
        manager.update_task(failed.id, "held")


def test_a_task_that_is_not_released_has_no_status(program: Program) -> None:
    def notify() -> None:
        program.file_utils.load_send_status(BEIJING_JSON)
        task = program.task_manager.create_task(GROUP, "群", "x")
        with pytest.raises(ShimError, match="not released yet"):
            task.update_status("completed")

    notify()


def test_a_task_that_is_saved_as_done_was_never_to_be_sent(program: Program) -> None:
    program.task_manager.Task(PERSON, "部门", "x", status="completed").save()
    program.drain()
    assert program.world.typed() == []


def test_rows_of_the_old_kind_are_sent_unless_they_are_stale(program: Program) -> None:
    insert(program.world, PERSON, local(3_600))
    insert(program.world, PERSON, local(49 * 86_400), "七周前")
    insert(program.world, PERSON, "no time", "不知何时")
    insert(program.world, "send_fax", local(60))
    assert len(program.task_manager.get_pending_tasks()) == 4
    program.drain()
    program.drain()
    assert [entry["to"] for entry in program.world.typed()] == ["测试防水服务部"]
    statuses = [task.status for task in program.world.tasks()]
    assert statuses == [Status.COMPLETED, Status.PENDING, Status.PENDING, Status.CANCELLED]
    (said,) = program.told
    assert "2 pending rows of the old program are more than 7 days old, and are not sent" in said


def test_a_row_that_is_not_notifykits_is_updated_as_before(program: Program) -> None:
    insert(program.world, PERSON, local(49 * 86_400))
    program.task_manager.update_task(1, "completed")
    (task,) = program.world.tasks()
    assert task.status is Status.COMPLETED
    assert program.told == [], "its own function, called by the shim, is no stranger"


def test_a_failing_desktop_holds_the_message(program: Program) -> None:
    program.world.fail("部门")
    program.task_manager.create_task(PERSON, "部门", "工单")
    program.drain()
    (task,) = program.world.tasks()
    assert task.status is Status.IN_DOUBT


def test_other_messages_are_tried_again_as_the_project_says(tmp_path: Path) -> None:
    world = ProgramWorld(
        tmp_path / "world", legacy="  retry: {attempts: 3, first: 60, factor: 1, jitter: 0}\n  on_unknown: resend\n"
    )
    world.fail("部门")
    with shimmed(world, clock=FakeClock(time.time())) as program:
        program.task_manager.create_task(PERSON, "部门", "工单")
        program.task_scheduler.check_tasks()
        program.task_scheduler.check_tasks()  # not yet due again
        assert [task.tries for task in world.tasks()] == [1]
        program.between()
        program.drain()
    (task,) = world.tasks()
    assert (task.status, task.tries) == (Status.IN_DOUBT, 3)


def test_the_scheduler_runs_until_the_program_ends(tmp_path: Path) -> None:
    world = ProgramWorld(tmp_path / "world", legacy="  interval: 0.01\n")
    with shimmed(world) as program:
        thread = threading.Thread(target=program.task_scheduler.start, daemon=True)
        thread.start()
        program.task_manager.create_task(PERSON, "部门", "工单")
        while not world.typed():
            time.sleep(0.01)
        program.shim.scheduler.stop()
        thread.join(10)
        assert not thread.is_alive()
    assert world.tasks()[0].status is Status.COMPLETED


def test_a_store_that_is_locked_ends_a_pass_and_not_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = ProgramWorld(tmp_path / "world", legacy="  interval: 0.01\n")
    with shimmed(world) as program:
        passes: list[bool] = []

        def work() -> None:
            passes.append(len(passes) < 2)
            raise StoreError("tasks.db: locked", passing=passes[-1])

        monkeypatch.setattr(program.shim.scheduler, "work", work)
        with pytest.raises(StoreError):
            program.task_scheduler.start()
    assert passes == [True, True, False]
    assert caplog.text.count("tasks.db: locked") == 2


def test_what_a_killed_worker_left_is_recovered(program: Program) -> None:
    program.task_manager.create_task(PERSON, "部门", "工单")
    project = program.world.opened()
    with SqliteOutbox.open(program.world.store) as outbox, outbox.enlist("gone"):
        (claim,) = take(outbox, "gone", 1, dict.fromkeys(project.configuration.channels, ChannelBounds()), LEASE)
    program.drain()
    (task,) = program.world.tasks()
    assert (task.id, task.status) == (claim.task.id, Status.IN_DOUBT)


def test_what_was_on_the_wire_is_recovered_without_a_lock_when_a_lease_is_over(world: ProgramWorld) -> None:
    """Locks are not everywhere: what another computer claimed, for instance, is known by its heartbeat alone."""
    clock = FakeClock(time.time())
    with shimmed(world, clock=clock) as program:
        program.task_manager.create_task(PERSON, "部门", "工单")
        channels = dict.fromkeys(world.opened().configuration.channels, ChannelBounds())
        with SqliteOutbox.open(world.store) as outbox:
            take(outbox, "elsewhere", 1, channels, LEASE)
        passes = 0
        while world.tasks()[0].status is Status.SENDING:
            program.task_scheduler.check_tasks()
            clock.advance(LEASE / 4)
            passes += 1
        assert world.tasks()[0].status is Status.IN_DOUBT
        assert passes > 4, "for a whole lease"


def test_a_flag_that_cannot_be_written_is_told_once(program: Program) -> None:
    program.jobs.signing_and_sales_incentive_aug_beijing()
    program.world.rewrite(lambda rows: rows[1:])
    program.drain()
    program.drain()
    (said,) = program.told
    assert f"no row has the key '{contract_id(0)}' any more" in said


WITHOUT_A_CLASS = """
import sqlite3


def create_task(task_type, recipient, message):
    connection = sqlite3.connect('tasks.db')
    id_ = connection.execute('INSERT INTO tasks (task_type) VALUES (?)', (task_type,)).lastrowid
    connection.commit()
    return id_


def get_pending_tasks():
    return []


def update_task(task_id, status):
    pass
"""


def test_a_program_without_the_class_gets_ids(world: ProgramWorld) -> None:
    (world.folder / "task_manager.py").write_text(WITHOUT_A_CLASS, encoding="utf-8")
    world.fill()
    with shimmed(world) as program:
        assert program.task_manager.create_task(PERSON, "部门", "工单") == 1

        def notify() -> int | None:
            program.file_utils.load_send_status(BEIJING_JSON)
            id_: int | None = program.task_manager.create_task(GROUP, "群", "x")
            return id_

        assert notify() is None, "nothing is promised before the contract is released"
        program.once()
        assert world.problems() == []
        assert program.told == []


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_a_connection_of_its_own(program: Program) -> None:
    program.task_manager.create_task(PERSON, "部门", "before")
    if sys.platform == "win32":
        pytest.skip("Windows has no fork")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            program.task_manager.create_task(PERSON, "部门", "in the child")
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    program.task_manager.create_task(PERSON, "部门", "after")
    assert [task.text for task in program.world.tasks()] == ["before", "in the child", "after"]
