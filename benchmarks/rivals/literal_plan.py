"""The published upgrade plan for the legacy program, taken literally: its look-up, its commits, its rewrites.

The journal mode and durability are those of the legacy database: `delete`, and SQLite's own default (FULL).
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from benchmarks import world
from benchmarks.rivals.raw_sqlite import Send
from notifykit.demo.contracts import COLUMNS

_KEY = COLUMNS[world.KEY]
_FLAG = COLUMNS[world.FLAG]

_LEGACY_TABLE = """
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
_GROUP = "send_wecom_message"
_AWARD = "send_wechat_message"


def upgrade(store: Path) -> None:
    """The legacy database with the plan's column and two indexes."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(_LEGACY_TABLE)
        connection.execute("ALTER TABLE tasks ADD COLUMN metadata TEXT")
        connection.execute("CREATE INDEX idx_tasks_metadata ON tasks (metadata)")
        connection.execute("CREATE INDEX idx_tasks_status_type ON tasks (status, task_type)")


def generate(contracts: Path, store: Path) -> None:
    """For each row with flag N: look it up with LIKE; if unknown, insert each message with its own commit."""
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        rows = [list(row.values()) for row in csv.DictReader(file)]
    for row in rows:
        if row[world.FLAG] != "N" or _has_pending_task(store, row[world.KEY]):
            continue
        for text in world.messages(row):
            _create_task(store, contracts, text)


def _has_pending_task(store: Path, contract_id: str) -> bool:
    with closing(sqlite3.connect(store)) as connection:
        found = connection.execute(
            "SELECT COUNT(*) FROM tasks WHERE status = 'pending' AND metadata LIKE ?",
            (f'%"contract_id": "{contract_id}"%',),
        ).fetchone()
    return bool(found[0])


def _create_task(store: Path, contracts: Path, text: world.Text) -> None:
    now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"
    metadata = {"contract_id": text.key, "csv_file": str(contracts), "created_by": "contract_notification"}
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at, metadata)"
            " VALUES (?, ?, ?, 'pending', ?, ?, ?)",
            (
                _GROUP if text.name == "group" else _AWARD,
                text.recipient,
                text.text,
                now,
                now,
                json.dumps(metadata, ensure_ascii=False),
            ),
        )


def send_all(store: Path, send: Send) -> Iterator[int]:
    """Send each pending task, rewrite the whole file for it, mark it completed; yields each id when done."""
    with closing(sqlite3.connect(store)) as connection:
        tasks = connection.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
    for task in tasks:
        metadata = json.loads(task[7])
        try:
            send(task[2], task[3])
            _flag(Path(metadata["csv_file"]), metadata["contract_id"])
            _update_task(store, task[0], "completed")
        except Exception:  # noqa: BLE001 - the plan: "on any exception mark it failed"
            _update_task(store, task[0], "failed")
        yield task[0]


def _flag(contracts: Path, contract_id: str) -> None:
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        fields = list(reader.fieldnames or ())
        rows = list(reader)
    for row in rows:
        if row[_KEY] == contract_id:
            row[_FLAG] = "Y"
            break
    with contracts.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def _update_task(store: Path, task_id: int, status: str) -> None:
    now = str(datetime.now().astimezone().replace(tzinfo=None))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?", (status, now, task_id))
