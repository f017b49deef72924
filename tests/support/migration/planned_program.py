"""The old program after its team carried out the published upgrade plan: by its letter, with its faults.

`take_first_step` is what its script does to the table. `PlannedProgram` is what the changed jobs do then: the
send-status file is not asked any more, a message is made where none waits for the contract, and the flag is set after
the send. The steps can be stopped between any two, and each failure is the one that the letter of the plan gives.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import legacy_project
from legacy_project import AWARD, GROUP, KINDS
from legacy_world import LegacyWorld

FIRST_STEP = (
    "ALTER TABLE tasks ADD COLUMN metadata TEXT",
    "CREATE INDEX idx_tasks_metadata ON tasks(metadata)",
    "CREATE INDEX idx_tasks_status_type ON tasks(status, task_type)",
)

KEY, FLAG = "合同ID(_id)", "是否发送通知"


def take_first_step(world: LegacyWorld, statements: tuple[str, ...] = FIRST_STEP) -> None:
    with closing(sqlite3.connect(world.store)) as db, db:
        for statement in statements:
            db.execute(statement)


class PlannedProgram:
    """Its jobs, over the files of a world. A generator that is not exhausted is a process that was killed."""

    def __init__(self, world: LegacyWorld, campaign: str = "beijing") -> None:
        self._world = world
        self._campaign = campaign

    def generate(self) -> None:
        for _ in self.generating():
            pass

    def schedule(self) -> None:
        for _ in self.sending():
            pass

    def generating(self) -> Iterator[str]:
        """Make what is due, each message with a commit of its own. Yields before each."""
        for record in self._records():
            if record[FLAG] == "N" and not self._waits(record[KEY]):
                for name in [GROUP, AWARD] if record["激活奖励状态"] == "1" else [GROUP]:
                    yield f"make {record[KEY]} {name}"
                    self._make(name, record)

    def sending(self, fails: Callable[[str], str] = lambda text: "") -> Iterator[str]:
        """Send what waits. Yields before each effect. `fails`: `before` or `after` the click, by the text."""
        with closing(sqlite3.connect(self._world.store)) as db:
            waiting = db.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
        for row in waiting:
            id_, recipient, text, metadata = row[0], row[2], row[3], row[7]
            how = fails(text)
            yield f"send {id_}"
            if how != "before":
                self._world.desk.take(recipient, text)
            if not how and metadata:
                yield f"flag {id_}"
                self._flag(json.loads(metadata))
            yield f"mark {id_}"
            self._mark(id_, "failed" if how else "completed")

    def _records(self) -> list[dict[str, str]]:
        with self._world.csv(self._campaign).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def _waits(self, key: str) -> bool:
        with closing(sqlite3.connect(self._world.store)) as db:
            like = f'%"contract_id": "{key}"%'
            asked = "SELECT COUNT(*) FROM tasks WHERE status = 'pending' AND metadata LIKE ?"
            return bool(db.execute(asked, (like,)).fetchone()[0])

    def _make(self, name: str, record: dict[str, str]) -> None:
        metadata = {
            "contract_id": record[KEY],
            "csv_file": self._world.csv(self._campaign).relative_to(self._world.folder).as_posix(),
            "created_by": "contract_notification",
        }
        now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"  # noqa: DTZ005 - as it writes its times
        values = (
            *(KINDS[name], legacy_project.recipient_of(name, record, self._campaign)),
            *(legacy_project.text_of(name, record), now, now, json.dumps(metadata, ensure_ascii=False)),
        )
        with closing(sqlite3.connect(self._world.store)) as db, db:
            db.execute(
                "INSERT INTO tasks (task_type, recipient, message, created_at, updated_at, metadata)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )

    def _flag(self, metadata: dict[str, Any]) -> None:
        records = self._records()
        for record in records:
            if record[KEY] == metadata["contract_id"]:
                record[FLAG] = "Y"
                break
        with (self._world.folder / metadata["csv_file"]).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(records[0]))
            writer.writeheader()
            writer.writerows(records)

    def _mark(self, id_: int, status: str) -> None:
        with closing(sqlite3.connect(self._world.store)) as db, db:
            now = str(datetime.now())  # noqa: DTZ005 - as it writes its times
            db.execute("UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?", (status, now, id_))
