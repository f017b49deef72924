"""Who sends what reports and reminders insert: the old scheduler or notifykit, never both."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import plans
import pytest
from cli_world import BUSY, DOUBTFUL, REFUSED, CliWorld
from notifykit_migration.legacy.settings import others_of
from notifykit_migration.store import fence

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds
from notifykit.pipeline.project import open_project
from notifykit.testing.outbox.steps import take

SECTION = """
legacy:
  others: notifykit
  channels: {send_wecom_message: beijing-group, send_wechat_message: award-desk}
"""


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    """A migrated project whose notifykit sends the other programs' messages."""
    world = CliWorld(tmp_path, moods=())
    with world.project.open("a", encoding="utf-8") as file:
        file.write(SECTION)
    with SqliteOutbox.open(world.store) as outbox, outbox.transaction():
        fence.remember_schema(outbox.db)
        fence.install(outbox.db, plans.plan(), others=others_of(open_project(world.project).configuration))
    return world


def legacy(world: CliWorld, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(world.store, timeout=30)) as connection:
        found = connection.execute(sql, values).fetchall()
        connection.commit()
        return found


def create_task(world: CliWorld, task_type: str, recipient: str, text: str) -> None:
    legacy(
        world,
        "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        *(task_type, recipient, text, "pending", "2025-08-05 09:00:00", "2025-08-05 09:00:00"),
    )


def pending(world: CliWorld) -> list[int]:
    return [row[0] for row in legacy(world, "SELECT * FROM tasks WHERE status = 'pending'")]


def statuses(world: CliWorld) -> list[str]:
    return [status for (status,) in legacy(world, "SELECT status FROM tasks ORDER BY id")]


def test_the_old_scheduler_never_sees_what_notifykit_sends(world: CliWorld) -> None:
    create_task(world, "send_wechat_message", "测试公司", "提醒一")
    create_task(world, "send_wechat_message", "测试公司", "提醒二")
    create_task(world, "send_email", "somebody", "of a type that nobody named")
    assert pending(world) == [3]
    assert world.invoke("dispatch").exit_code == 0
    assert statuses(world) == ["completed", "completed", "pending"]
    lines = (world.folder / "out" / "awards.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["提醒一", "提醒二"]
    assert world.invoke("settle").exit_code == 0
    assert world.invoke("run", "--once").exit_code == 0


def test_its_messages_show_like_all_others(world: CliWorld) -> None:
    for mood in (BUSY, REFUSED, DOUBTFUL, "好"):
        create_task(world, "send_wecom_message", f"群{mood}", mood)
    world.invoke("dispatch", "--once")
    assert statuses(world) == ["queued", "failed", "in_doubt", "completed"]
    (figures,) = [item for item in world.json("status")["campaigns"] if item["campaign"] == "legacy"]
    assert figures["by_status"]["in_doubt"] == 1
    assert "legacy" in world.invoke("status").output
    told = world.invoke("trace", "task-3").output
    assert "ReadTimeout" in told
    listed = world.json("tasks", "--campaign", "legacy")["tasks"]
    assert [item["key"] for item in listed] == ["task-1", "task-2", "task-3", "task-4"]
    assert world.invoke("resolve", "3", "--sent", "--why", "seen in the group").exit_code == 0
    assert statuses(world)[2] == "completed"
    assert world.invoke("retry", "--campaign", "legacy", "--failed", "--why", "mended", "--yes").exit_code == 0
    assert statuses(world)[1] == "queued"


def test_what_was_pending_before_stays_as_it_is(world: CliWorld) -> None:
    with SqliteOutbox.open(world.store) as outbox:
        fence.sync_others(outbox.db, {})
        create_task(world, "send_wecom_message", "日报群", "一")
        fence.sync_others(outbox.db, {"send_wecom_message": "beijing-group"})
        create_task(world, "send_wecom_message", "日报群", "二")
        fence.sync_others(outbox.db, {})
        create_task(world, "send_wecom_message", "日报群", "三")
    assert pending(world) == [1, 3]
    world.invoke("dispatch", "--once")
    assert statuses(world) == ["pending", "completed", "pending"]


def test_a_message_behind_others_of_its_lane_waits_for_its_turn(world: CliWorld) -> None:
    for number in range(3):
        create_task(world, "send_wecom_message", "日报群", str(number))
    with world.outbox() as outbox:
        assert outbox.db.all("SELECT due_at FROM tasks ORDER BY id") == [(0.0,), (None,), (None,)]
        outbox.mend_times()  # which sees what other programs queued
        (claim,) = take(outbox, "w", 9, {"beijing-group": ChannelBounds()}, 60)
        create_task(world, "send_wecom_message", "日报群", "3")
        assert take(outbox, "w", 9, {"beijing-group": ChannelBounds()}, 60) == []
        outbox.release(claim)
        assert [item.task.id for item in take(outbox, "w", 9, {"beijing-group": ChannelBounds()}, 60)] == [1]


def test_a_message_behind_a_retry_waits_no_longer_than_its_patience(world: CliWorld) -> None:
    create_task(world, "send_wecom_message", "日报群", BUSY)
    world.invoke("dispatch", "--once")
    create_task(world, "send_wecom_message", "日报群", "二")
    with world.outbox() as outbox:
        (hold_until,) = outbox.db.one("SELECT hold_until FROM tasks WHERE id = 1")
        assert outbox.db.one("SELECT due_at FROM tasks WHERE id = 2") == (hold_until,)
