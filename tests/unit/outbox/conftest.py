from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.outbox import SqliteOutbox

LEGACY_TABLE = """
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def legacy_file(tmp_path: Path) -> Path:
    """A task table as the legacy program leaves it: two rows, the second one done."""
    file = tmp_path / "tasks.db"
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(LEGACY_TABLE)
        connection.executemany(
            "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) VALUES (?,?,?,?,?,?)",
            [
                ("send_wecom_message", "测试群", "第一条", "pending", "2025-08-01 10:00:00", "2025-08-01 10:00:00"),
                (
                    "send_wechat_message",
                    "测试管家",
                    "第二条",
                    "completed",
                    "2025-08-01 10:00:03",
                    "2025-08-01 10:00:09.12",
                ),
            ],
        )
    connection.close()
    return file
