"""A task table as the legacy program leaves it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


def write_legacy_table(folder: Path) -> Path:
    """Two rows, the second one done."""
    file = folder / "tasks.db"
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
