"""A small project with everything that a backup keeps, for tests of the backup alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from notifykit_migration.backup.make import take
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.model import Backup, Options, Plan

NOW = 1_755_000_000.0

FLAGS = "合同ID(_id),合同编号(contractdocNum),是否发送通知\r\n"

TASKS = """
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, task_type TEXT NOT NULL, recipient TEXT NOT NULL, message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""

_WRITER = """
    import os, sqlite3, sys
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    for number in range(int(sys.argv[2])):
        db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wecom_message', '群', ?)",
                   (f"只在日志里 {number}",))
    os._exit(0)
"""


def a_plan(hash_: str = "ab" * 32) -> Plan:
    """A plan of nothing: a backup only keeps it."""
    return Plan(
        store="tasks.db",
        made_at=NOW,
        options=Options(),
        inputs=(),
        campaigns=(),
        kept=(),
        orphans=(),
        others=0,
        warnings=(),
        statements=(),
        purged=False,
        hash=hash_,
    )


@dataclass
class BackedUp:
    """The project, and how it is backed up."""

    folder: Path
    rows: int = 60
    store: Path = field(init=False)
    files: list[Path] = field(init=False)

    def __post_init__(self) -> None:
        self.store = self.folder / "tasks.db"
        state = self.folder / "state"
        state.mkdir(parents=True)
        self.files = [state / "合同.csv", state / "send_status.json", state / "technician.json", state / "absent.json"]
        contracts = [f"{10**18 + n},YHWX-BJ-{n},{'YN'[n % 2]}\r\n" for n in range(40)]
        self.files[0].write_bytes(b"\xef\xbb\xbf" + (FLAGS + "".join(contracts)).encode())
        words = {str(10**18 + n): "发送成功" for n in range(40)}
        self.files[1].write_text(json.dumps(words, indent=4, ensure_ascii=False), encoding="utf-8")
        self.files[2].write_text(json.dumps({"1": "通知成功"}, indent=4, ensure_ascii=False), encoding="utf-8")
        self.files[2].chmod(0o440)
        with closing(sqlite3.connect(self.store)) as db:
            db.execute(TASKS)
            for number in range(self.rows):
                db.execute(
                    "INSERT INTO tasks (task_type, recipient, message) VALUES ('send_wecom_message', '群', ?)",
                    (f"签约喜报 {number} " * 10,),
                )
            db.commit()

    @property
    def migration(self) -> MigrationFolder:
        return MigrationFolder.of(self.folder)

    def take(self, *, now: float = NOW, hash_: str = "ab" * 32) -> Backup:
        plan = a_plan(hash_)
        return take(
            self.migration,
            plan,
            json.dumps({"format": 1, "hash": plan.hash}),
            project=self.folder,
            store=self.store,
            files=self.files,
            clock_now=now,
        )

    def write_to_the_log(self, rows: int) -> None:
        """Add rows as a program does that is killed: they stand in the log, and not in the database file."""
        subprocess.run([sys.executable, "-c", textwrap.dedent(_WRITER), str(self.store), str(rows)], check=True)
