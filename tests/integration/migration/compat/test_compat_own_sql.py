"""The program's own SQL, and its own arguments, on the outbox."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from program_world import BEIJING_CSV, BEIJING_GROUP, ProgramWorld, contract_id, contract_number
from shim_world import Program, shimmed

from notifykit.model import Status

GROUP, PERSON = "send_wecom_message", "send_wechat_message"
INSERT = "INSERT INTO tasks (task_type, recipient, message, status, metadata) VALUES (?, ?, ?, ?, ?)"
OF_CONTRACT = json.dumps({"contract_id": contract_id(1), "csv_file": BEIJING_CSV})


def run(program: Program, sql: str, *values: object) -> list[tuple[object, ...]]:
    """Run SQL as the program's own code does."""
    with closing(sqlite3.connect("tasks.db")) as connection, connection:
        return connection.execute(sql, values).fetchall()


def test_what_it_inserts_is_queued(program: Program) -> None:
    run(program, INSERT, PERSON, "部门", "工单", "pending", None)
    run(program, "INSERT INTO tasks (task_type, recipient, message) VALUES (?, '部门', '日报')", PERSON)
    run(program, INSERT, GROUP, BEIJING_GROUP, f"签约 {contract_number(1)}", "pending", OF_CONTRACT)
    run(program, INSERT, GROUP, BEIJING_GROUP, f"签约 {contract_number(1)} 又一次", "pending", OF_CONTRACT)
    program.shim.runtime.releases.flush()
    tasks = program.world.tasks(Status.QUEUED)
    assert [(task.campaign, task.name) for task in tasks] == [
        ("legacy", "task"),
        ("legacy", "task"),
        ("beijing", "group"),
    ]
    assert run(program, "SELECT count(*) FROM tasks WHERE status = 'pending'") == [(0,)], "nobody else sends them"


def test_what_it_updates_is_a_decision_and_it_deletes_nothing(program: Program) -> None:
    task = program.task_manager.create_task(PERSON, "部门", "工单")
    with pytest.raises(sqlite3.IntegrityError, match="tasks are kept"):
        run(program, "DELETE FROM tasks")
    run(program, "UPDATE tasks SET updated_at = '2025-08-01 08:00:00' WHERE id = ?", task.id)
    run(program, "UPDATE tasks SET status = 'completed', updated_at = '…' WHERE id = ?", task.id)
    assert [one.status for one in program.world.tasks()] == [Status.SENT]


def test_a_row_that_no_campaign_owns_is_updated_as_before(program: Program) -> None:
    """Its own scheduler sends it, and would send it again in each of its rounds."""
    with program.world.opened().open_file() as outbox, outbox.transaction():
        outbox.db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', '群', '日报')")
        (id_,) = outbox.db.one("SELECT max(id) FROM tasks")
    assert (id_, "pending") in run(program, "SELECT id, status FROM tasks")
    run(program, "UPDATE tasks SET status = 'completed' WHERE id = ?", id_)
    assert (id_, "completed") in run(program, "SELECT id, status FROM tasks")


def test_other_databases_are_none_of_ours(program: Program) -> None:
    with closing(sqlite3.connect("other.db")) as connection, connection:
        connection.execute("CREATE TABLE tasks (id INTEGER)")
        connection.execute("INSERT INTO tasks VALUES (1)")
        assert connection.execute("DELETE FROM tasks").rowcount == 1


MANAGER = """

def create_task(task_type, recipient, message, metadata=None):
    raise AssertionError('it is replaced')
"""


def test_create_task_may_have_metadata(world: ProgramWorld) -> None:
    with (world.folder / "task_manager.py").open("a", encoding="utf-8") as file:
        file.write(MANAGER)
    world.fill()
    with shimmed(world) as program:
        create = program.task_manager.create_task
        create(GROUP, BEIJING_GROUP, "签约", metadata={"contract_id": contract_id(0), "csv_file": BEIJING_CSV})
        program.shim.runtime.releases.flush()
        assert world.tasks() == [], "it has an award besides"
        create(PERSON, "测试管家0", "奖励", json.dumps({"contract_id": contract_id(0), "csv_file": BEIJING_CSV}))
        create(PERSON, "部门", "工单", "no JSON")
        create(PERSON, "部门", "日报")
        assert [(task.campaign, task.name) for task in world.tasks()] == [
            *(("beijing", "group"), ("beijing", "award")),
            *(("legacy", "task"), ("legacy", "task")),
        ]
        assert program.told == []
