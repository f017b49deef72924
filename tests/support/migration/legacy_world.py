"""A project folder as the old program left it: contracts in any state, other jobs' tasks, and a desk that counts.

    world = LegacyWorld(tmp_path)
    made = world.contract(flag="N", json=SENT, rows=[("group", "completed"), ("award", "pending")], award=True)
    world.run("migrate", "--yes")
    assert world.flags()[made.id] == "N"

Everything is on disk after each call; `with world.together():` writes once at its end.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import legacy_project
from click.testing import CliRunner, Result
from contract_world import HEADER, NOTIFYKIT, contract_row
from legacy_desk import Desk
from legacy_project import AWARD, GROUP, KINDS, SENT, TECHNICIAN_SENT, WECHAT, WECOM

from notifykit.cli.app import build_cli
from notifykit.pipeline.project import Project, open_project

__all__ = ["AWARD", "GROUP", "SENT", "WECHAT", "WECOM", "LegacyWorld", "Made"]

Rows = Sequence[tuple[str, str]]
"""(message, status) of each row, in the order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A contract of the world."""

    id: str
    number: str
    campaign: str
    rows: tuple[int, ...]
    """Ids of its rows in the task table."""
    texts: Mapping[str, tuple[str, str]]
    """Message to (recipient, text); the award too where it is not due."""


@dataclass
class LegacyWorld:
    """An empty one to begin with: header, `{}` where a key was ever written, and a table without rows."""

    folder: Path
    campaigns: tuple[str, ...] = ("beijing",)
    technicians: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        legacy_project.write_project(self.folder, self.campaigns, technicians=self.technicians)
        self.desk = Desk(self.folder)
        self.started = datetime.now().astimezone().replace(microsecond=0, tzinfo=None) - timedelta(hours=1)
        self._count = 0
        self._waiting: dict[str, list[list[str]]] = {campaign: [] for campaign in self.campaigns}
        self._tasks: list[tuple[object, ...]] = []
        self._next_row = 1
        self._words: dict[str, dict[str, str]] = {}
        self._deferred = False
        for campaign in self.campaigns:
            self.csv(campaign).write_bytes(b"\xef\xbb\xbf" + _lines([HEADER]))
        with closing(sqlite3.connect(self.store)) as db, db:
            db.execute(legacy_project.TABLE)

    # Where things are.

    @property
    def project(self) -> Path:
        return self.folder / "notifykit.yaml"

    @property
    def store(self) -> Path:
        """The old program's tasks.db."""
        return self.folder / "tasks.db"

    @property
    def migration(self) -> Path:
        """Where the migration keeps its things."""
        return self.folder / "notifykit-migration"

    def csv(self, campaign: str = "beijing") -> Path:
        return self.folder / legacy_project.csv_file(campaign)

    def status_file(self, campaign: str = "beijing") -> Path:
        """The send-status JSON."""
        return self.folder / legacy_project.status_file(campaign)

    @property
    def technician_file(self) -> Path:
        return self.folder / "state" / "technician_status_record.json"

    # Making a state.

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what is made inside once, at the end: for hundreds of contracts."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
            self._write()

    def contract(
        self,
        flag: str | None = "N",
        json: str | None = None,  # as the file is called
        rows: Rows = (),
        *,
        award: bool = False,
        age_days: float = 0,
        campaign: str = "beijing",
        cells: Mapping[str, str] | None = None,
    ) -> Made:
        """Add a contract in this state. `flag` None: no CSV row; `json` None: no key; `age_days`: of its task rows."""
        contract = self.row(campaign, award=award, flag=flag or "N") | dict(cells or {})
        made_rows = tuple(
            self._task(KINDS[message], *self._message(message, contract, campaign), status, age_days)
            for message, status in rows
        )
        if flag is not None:
            self._waiting[campaign].append(list(contract.values()))
        if json is not None:
            self._words.setdefault(str(self.status_file(campaign)), {})[contract["合同ID(_id)"]] = json
        self._written()
        return Made(
            id=contract["合同ID(_id)"],
            number=contract["合同编号(contractdocNum)"],
            campaign=campaign,
            rows=made_rows,
            texts={message: self._message(message, contract, campaign) for message in (GROUP, AWARD)},
        )

    def row(self, campaign: str = "beijing", *, award: bool = False, flag: str = "N") -> dict[str, str]:
        """Return the cells of one more contract, which is not written anywhere."""
        self._count += 1
        cells = dict(zip(HEADER, contract_row(self._count, flag=flag, award=award), strict=True))
        upper = legacy_project.CITIES[campaign][2]
        cells["活动编号"] = f"{upper}-AUG"
        cells["合同编号(contractdocNum)"] = f"YHWX-{upper}-SDHY-{2025080000 + self._count}"
        return cells | {"奖励类型": "节节高", "奖励名称": "达标奖"}

    def append(self, *cells: Mapping[str, str], campaign: str = "beijing") -> None:
        """What the old job does with new contracts: rows at the end of the CSV file. Fewer cells make a cut row."""
        self._waiting[campaign] += [list(contract.values()) for contract in cells]
        self._written()

    def say(self, contract: str, word: str, *, campaign: str = "beijing") -> None:
        """Write a word under a key of the send-status file."""
        self._words.setdefault(str(self.status_file(campaign)), {})[contract] = word
        self._written()

    def task(self, task_type: str, recipient: str, text: str, status: str = "pending", *, age_days: float = 0) -> int:
        """Add any row to the task table; returns its id."""
        made = self._task(task_type, recipient, text, status, age_days)
        self._written()
        return made

    def leftovers(self, count: int = 324, *, days: float = 49) -> list[int]:
        """Add pending rows of long ago, of jobs that nobody remembers."""
        return self._tasks_of_others(
            count, lambda at: (WECHAT, f"测试服务商{at % 9}", f"工单 GD{20250600 + at} 待预约，请尽快处理"), days
        )

    def reports(self, count: int = 2, *, status: str = "pending") -> list[int]:
        """Add tasks of the report job."""
        return self._tasks_of_others(
            count, lambda at: (WECOM, "运营日报群", f"服务日报 第{at}号\n累计 {at} 单"), 0, status=status
        )

    def technician(
        self, *, json: str | None = TECHNICIAN_SENT, status: str | None = "pending", age_days: float = 0
    ) -> str:
        """Add a technician's change: a row of the source, its key, its task (None: without). Returns its id."""
        self._count += 1
        change = f"CHG-{self._count:06d}"
        company, technician = f"测试服务商{self._count % 5}", f"测试师傅{self._count}"
        source = self.folder / "source" / "technician_changes.json"
        rows = _load(source, [])
        rows.append([change, "2025-08-20T09:30:00.000+08:00", technician, company, "", ["上线", ""]])
        source.write_text(_dump(rows), encoding="utf-8")
        if status is not None:
            self._task(WECHAT, company, f"您好，贵司 {technician} 师傅申请上线", status, age_days)
        if json is not None:
            self._words.setdefault(str(self.technician_file), {})[change] = json
        self._written()
        return change

    def json_torn(self, keep: float = 0.6, *, campaign: str = "beijing") -> None:
        """Cut the send-status file, as a kill while it is rewritten does."""
        path = self.status_file(campaign)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    def csv_torn(self, keep: float = 0.6, *, campaign: str = "beijing") -> None:
        """Cut the CSV file in the same way."""
        data = self.csv(campaign).read_bytes()
        self.csv(campaign).write_bytes(data[: int(len(data) * keep)])

    def purge(self, *ids: int) -> None:
        """Delete rows of the task table, all of them where none are named; the sequence stays."""
        with closing(sqlite3.connect(self.store)) as db, db:
            where = f" WHERE id IN ({','.join(map(str, ids))})" if ids else ""
            db.execute(f"DELETE FROM tasks{where}")

    def set_flag(self, contract: str, flag: str, *, campaign: str = "beijing") -> None:
        """Edit a flag by hand, with nothing else changed."""
        rows = list(csv.reader(io.StringIO(self.csv(campaign).read_bytes().decode("utf-8-sig"), newline="")))
        for row in rows[1:]:
            if row[HEADER.index("合同ID(_id)")] == contract:
                row[HEADER.index("是否发送通知")] = flag
        self.csv(campaign).write_bytes(b"\xef\xbb\xbf" + _lines(rows))

    # Running notifykit.

    def run(self, *arguments: str, input: str | None = None) -> Result:  # noqa: A002 - as the runner calls it
        """Run a command in this process: `.exit_code`, `.stdout`, `.stderr`, `.output`."""
        environment = {"NOTIFYKIT_PROJECT": None, "COLUMNS": "100", "NO_COLOR": "1", **self.environment}
        result = CliRunner(env=environment).invoke(
            build_cli(), ["--project", str(self.project), *arguments], input=input, prog_name="notifykit"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def command(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        environment = {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **self.environment}
        return subprocess.run(
            self.command_line(*arguments),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **{"env": environment, **options},
        )

    def command_line(self, *arguments: str) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.project), *arguments]

    def opened(self) -> Project:
        return open_project(self.project)

    # What is there.

    def tree(self) -> dict[str, tuple[str, int]]:
        """Every file and folder: path to (sha256, mtime_ns)."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[name] = (digest, path.stat().st_mtime_ns)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Every row of the task table, by id."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM tasks ORDER BY id")]

    def json(self, campaign: str = "beijing") -> dict[str, str] | None:
        """What the send-status file says; None where it is not there."""
        path = self.status_file(campaign)
        words: dict[str, str] | None = _load(path, None)
        return words

    def flags(self, campaign: str = "beijing") -> dict[str, str]:
        """Contract id to flag."""
        with self.csv(campaign).open(encoding="utf-8-sig", newline="") as file:
            return {row["合同ID(_id)"]: row["是否发送通知"] for row in csv.DictReader(file)}

    @property
    def delivered(self) -> Counter[tuple[str, str]]:
        """(recipient, text) of every message that arrived, with how often."""
        return self.desk.taken

    # Writing.

    def _message(self, message: str, cells: Mapping[str, str], campaign: str) -> tuple[str, str]:
        return legacy_project.recipient_of(message, cells, campaign), legacy_project.text_of(message, cells)

    def _tasks_of_others(
        self, count: int, make: Callable[[int], tuple[str, str, str]], days: float, *, status: str = "pending"
    ) -> list[int]:
        found = [self._task(*make(at), status, days) for at in range(count)]
        self._written()
        return found

    def _task(self, task_type: str, recipient: str, text: str, status: str, age_days: float) -> int:
        made = self.started - timedelta(days=age_days) + timedelta(seconds=self._next_row % 1800)
        done = made if status == "pending" else made + timedelta(seconds=4, microseconds=self._next_row * 617 % 10**6)
        self._tasks.append((task_type, recipient, text, status, f"{made:%Y-%m-%d %H:%M:%S}", str(done)))
        self._next_row += 1
        return self._next_row - 1

    def _written(self) -> None:
        if not self._deferred:
            self._write()

    def _write(self) -> None:
        for campaign, rows in self._waiting.items():
            if rows:
                with self.csv(campaign).open("ab") as file:
                    file.write(_lines(rows))
                rows.clear()
        for name, added in self._words.items():
            path = Path(name)
            path.write_bytes(_dump({**_load(path, {}), **added}).encode())
        self._words.clear()
        if self._tasks:
            with closing(sqlite3.connect(self.store)) as db, db:
                db.executemany(
                    "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    self._tasks,
                )
                (last,) = db.execute("SELECT max(id) FROM tasks").fetchone()
            assert last == self._next_row - 1, "others wrote to the table: make the whole world before it is run"
            self._tasks.clear()


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=4)


def _load(path: Path, missing: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return missing
