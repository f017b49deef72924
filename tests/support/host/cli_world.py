"""A small project on disk, and the command line run in it: in this process, and in processes of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from notifykit.cli.app import build_cli
from notifykit.outbox import SqliteOutbox

NOTIFYKIT = str(Path(sys.executable).with_name("notifykit"))

FINE, REFUSED, DOUBTFUL, BUSY, BROKEN = "", "拒绝", "存疑", "稍后", "停用"
"""What the desk, a sender that is a function, says to a message with this word in it."""

DESK = f'''
from notifykit.model import FOREVER, Outcome

ANSWERS = {{
    "{REFUSED}": Outcome.rejected("40058", "too long"),
    "{DOUBTFUL}": Outcome.unknown("ReadTimeout", "no reply"),
    "{BUSY}": Outcome.retry("45009", "too many", after=3600),
    "{BROKEN}": Outcome.retry("93000", "bad key", after=0, pause=FOREVER),
}}


def send(recipient, text):
    return next((answer for word, answer in ANSWERS.items() if word in text), True)
'''

PROJECT = """
store: state/notifykit.db
campaigns: campaigns/*.yaml
senders:
  beijing-group: {{type: python, call: "{desk}:send", search_path: .}}
  award-desk: {{type: file, path: out/awards.jsonl}}
dispatch: {{workers: 2, lease: 5, timeout: 5}}
"""

CAMPAIGN = """
source: {type: contract_csv, path: data/bj.csv, key: 合同ID(_id)}
strategy: {type: contract}
messages:
  - name: group
    recipient: 北京签约喜报群
    sender: beijing-group
    template: '签约 {{ record["合同ID(_id)"] }} {{ record["备注"] }}'
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{ record["管家(serviceHousekeeper)"] }}'
    sender: award-desk
    template: '奖励 {{ record["合同ID(_id)"] }}'
"""

HEADER = ("合同ID(_id)", "管家(serviceHousekeeper)", "激活奖励状态", "是否发送通知", "备注")


def contract(number: int) -> str:
    """The business key of a row of the world."""
    return str(1010000000000000000 + number)


@dataclass
class CliWorld:
    """Campaign `beijing` over data/bj.csv. Every message to the group, every second contract also an award."""

    folder: Path
    moods: Sequence[str] = (FINE, FINE)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("campaigns", "data"):
            (self.folder / name).mkdir(parents=True)
        # Several worlds may live in one process: each needs a module of its own.
        desk = f"desk_{uuid4().hex}"
        (self.folder / f"{desk}.py").write_text(DESK, encoding="utf-8")
        self.project.write_text(PROJECT.format(desk=desk), encoding="utf-8")
        (self.folder / "campaigns" / "beijing.yaml").write_text(CAMPAIGN, encoding="utf-8")
        self.write_rows(
            [contract(number), f"测试管家{number}", str(number % 2), "N", mood]
            for number, mood in enumerate(self.moods, 1)
        )

    def at(self, folder: Path) -> CliWorld:
        """Return the copy of this world in another folder."""
        there = copy(self)
        there.folder = folder
        return there

    @property
    def project(self) -> Path:
        return self.folder / "notifykit.yaml"

    @property
    def store(self) -> Path:
        return self.folder / "state" / "notifykit.db"

    @property
    def csv(self) -> Path:
        return self.folder / "data" / "bj.csv"

    @property
    def command(self) -> list[str]:
        return [NOTIFYKIT, "--project", str(self.project)]

    def write_rows(self, rows: Any) -> None:
        with self.csv.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(rows)

    def write_campaign(self, name: str, text: str) -> None:
        (self.folder / "campaigns" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def rows(self) -> list[dict[str, str]]:
        with self.csv.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def flags(self) -> list[str]:
        return [row["是否发送通知"] for row in self.rows()]

    def invoke(self, *arguments: str, input: str | None = None) -> Result:  # noqa: A002 - as the runner calls it
        """Run a command in this process."""
        environment = {"NOTIFYKIT_PROJECT": None, "COLUMNS": "100", "NO_COLOR": "1", **self.environment}
        runner = CliRunner(env=environment)
        result = runner.invoke(
            build_cli(), ["--project", str(self.project), *arguments], input=input, prog_name="notifykit"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with `--json` in this process; returns what it prints."""
        result = self.invoke(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def lived(self) -> CliWorld:
        """Generate, dispatch and settle."""
        for command in ("generate", "dispatch --once", "settle"):
            result = self.invoke(*command.split())
            assert result.exit_code in (0, 3), result.output
        return self

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        return subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.in_process,
            check=False,
            **options,
        )

    @property
    def in_process(self) -> dict[str, str]:
        """The environment of processes."""
        return {**os.environ, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **self.environment}

    @contextmanager
    def outbox(self) -> Iterator[SqliteOutbox]:
        with closing(SqliteOutbox.open(self.store, create=False)) as outbox:
            yield outbox


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[Sequence[str]], CliWorld]:
    def make(moods: Sequence[str]) -> CliWorld:
        return CliWorld(tmp_path / "world", moods)

    return make


@pytest.fixture
def world(make_world: Callable[[Sequence[str]], CliWorld]) -> CliWorld:
    """Two contracts, nothing done yet."""
    return make_world((FINE, FINE))
