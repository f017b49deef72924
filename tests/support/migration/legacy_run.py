"""The legacy program over the files of a LegacyWorld, in this process: what it does on a day without accidents.

Its effects are those of the real one, its speed is not: files are written once where it writes them per contract.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import legacy_project
from legacy_project import AWARD, GROUP, KINDS, SENT
from legacy_world import LegacyWorld


class LegacyRun:
    """The jobs of the old program."""

    def __init__(self, world: LegacyWorld) -> None:
        self._world = world

    def generate(self, campaign: str = "beijing") -> int:
        """Notify what the flag and the send-status file call for. Returns how many tasks were made."""
        world = self._world
        with world.csv(campaign).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            records = list(reader)
        words = world.json(campaign) or {}
        tasks = []
        for record in records:
            contract = record["合同ID(_id)"]
            if record["是否发送通知"] == "N" and words.get(contract) != SENT:
                names = [GROUP, AWARD] if record["激活奖励状态"] == "1" else [GROUP]
                for name in names:
                    recipient = legacy_project.recipient_of(name, record, campaign)
                    tasks.append((KINDS[name], recipient, legacy_project.text_of(name, record)))
                words[contract] = SENT
                record["是否发送通知"] = "Y"
        if tasks:
            self.create_tasks(tasks)
            world.status_file(campaign).write_text(json.dumps(words, ensure_ascii=False, indent=4), encoding="utf-8")
            with world.csv(campaign).open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(records[0]))
                writer.writeheader()
                writer.writerows(records)
        return len(tasks)

    def schedule(
        self, limit: int | None = None, *, send: Callable[[str, str], object] | None = None, record: bool = True
    ) -> int:
        """Send pending rows in the order that the table gives them, and mark each. Returns how many were sent.

        `limit`: stop after so many. `record` False: killed before the last of them was marked.
        """
        sent = 0
        with closing(sqlite3.connect(self._world.store)) as db:
            waiting = db.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
            for row in waiting[:limit]:
                (send or self._world.desk.take)(row[2], row[3])
                sent += 1
                if record or sent < len(waiting[:limit]):
                    now = str(datetime.now())  # noqa: DTZ005 - as it writes its times
                    db.execute("UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?", ("completed", now, row[0]))
            db.commit()
        return sent

    def create_tasks(self, tasks: list[tuple[str, str, str]]) -> None:
        """Add pending rows: (task_type, recipient, message), as every job of the program does."""
        now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"  # noqa: DTZ005 - as it writes its times
        with closing(sqlite3.connect(self._world.store)) as db, db:
            db.executemany(
                "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at)"
                f" VALUES (?, ?, ?, 'pending', '{now}', '{now}')",
                tasks,
            )
