"""Sources, strategies and senders are opened once before their first use, and closed after their last."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from cli_world import CliWorld

from notifykit.model import Status
from notifykit.outbox.values import Filter
from notifykit.pipeline.project import open_project
from notifykit.pipeline.service import Service, Told
from notifykit.plugins import load_plugins

PARTS = """
from dataclasses import dataclass
from pathlib import Path

from notifykit import hookimpl
from notifykit.model import Outcome, Record, Table
from notifykit.options import ProjectPath
from notifykit.roles import Decision, Strategy


class Said:
    broken = ""
    unclosable = ""

    def say(self, what):
        with Path(self.log).open("a") as log:
            print(what, file=log)
        if what == f"open {self.broken}":
            raise ConnectionRefusedError(111, "nobody there")
        if what == f"close {self.unclosable}":
            raise OSError("gone already")


@dataclass(kw_only=True)
class Table_(Said):
    log: ProjectPath
    broken: str = ""
    unclosable: str = ""

    def open(self, context):
        self.say("open source")
        self.context = context

    def read(self):
        self.say(f"read {self.context.campaign} from {self.context.state}")
        return [Record(key, [key], Table("list", {"id": 0}), at) for at, key in enumerate("ab", 1)]

    def close(self):
        self.say("close source")


@dataclass(kw_only=True)
class Keeper(Said, Strategy):
    log: ProjectPath
    broken: str = ""
    unclosable: str = ""

    def open(self):
        self.say("open strategy")

    def decide(self, record, outbox):
        return Decision.NOTIFY

    def close(self):
        self.say("close strategy")


@dataclass(frozen=True, kw_only=True)
class Post(Said):
    log: ProjectPath
    broken: str = ""
    unclosable: str = ""

    def open(self):
        self.say("open sender")

    def send(self, message, context):
        self.say(f"send {message.key}")
        return Outcome.accepted()

    def probe(self, timeout):
        from notifykit.roles import Probe
        self.say("probe")
        return Probe.good("there")

    def close(self):
        self.say("close sender")


@hookimpl
def register_sources(register):
    register("parts", Table_)


@hookimpl
def register_strategies(register):
    register("parts", Keeper)


@hookimpl
def register_senders(register):
    register("parts", Post)
"""

PROJECT = """
store: state/notifykit.db
senders:
  post: {type: parts, log: log.txt}
dispatch: {workers: 4, lease: 5, timeout: 5}
"""

CAMPAIGN = """
source: {type: parts, log: log.txt}
strategy: {type: parts, log: log.txt}
messages:
  - {name: group, recipient: '{{ record["id"] }}', sender: post, template: 'hello {{ record["id"] }}'}
"""


@pytest.fixture
def parts(world: CliWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    site = tmp_path / "site"
    info = site / "parts-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[notifykit]\nparts = opened_parts\n")
    (site / "opened_parts.py").write_text(dedent(PARTS))
    monkeypatch.syspath_prepend(site)
    world.project.write_text(PROJECT, encoding="utf-8")
    for old in (world.folder / "campaigns").iterdir():
        old.unlink()
    world.write_campaign("c", CAMPAIGN)
    yield world
    sys.modules.pop("opened_parts", None)


def said(world: CliWorld) -> list[str]:
    """Return what the parts did, and forget it."""
    log = world.folder / "log.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def tasks(world: CliWorld) -> dict[str, Status]:
    with world.outbox() as outbox:
        return {task.key: task.status for task in outbox.tasks(Filter())}


def test_a_command_opens_what_it_uses_and_closes_it(parts: CliWorld) -> None:
    assert parts.invoke("generate", "--dry-run").exit_code == 0
    reads = ["open source", "open strategy", "read c from None"]
    assert said(parts) == [*reads, "close source", "close strategy"]
    assert parts.invoke("generate").exit_code == 0
    assert said(parts) == [*reads, "close source", "close strategy"]
    assert parts.invoke("dispatch").exit_code == 0
    first, *sends, last = said(parts)
    assert (first, sorted(sends), last) == ("open sender", ["send a", "send b"], "close sender")
    assert parts.invoke("settle").exit_code == 0
    assert said(parts) == ["open strategy", "close strategy"], "nothing is read to write back"


def test_one_pass_opens_each_part_once(parts: CliWorld) -> None:
    assert parts.invoke("run", "--once").exit_code == 0
    lines = said(parts)
    assert sorted(line for line in lines if line.startswith("open")) == ["open sender", "open source", "open strategy"]
    assert sorted(lines[-3:]) == ["close sender", "close source", "close strategy"]
    assert set(tasks(parts).values()) == {Status.COMPLETED}


def test_looking_opens_and_closes_too(parts: CliWorld) -> None:
    assert parts.invoke("check", "--online").exit_code == 0
    lines = said(parts)
    assert lines[:2] == ["open sender", "probe"]
    assert sorted(lines[-3:]) == ["close sender", "close source", "close strategy"]
    assert parts.invoke("preview").exit_code == 0
    assert said(parts)[-2:] == ["close source", "close strategy"]
    assert parts.invoke("send", "--channel", "post", "--to", "x", "--yes").exit_code == 0
    first, sent, last = said(parts)
    assert (first, sent[:4], last) == ("open sender", "send", "close sender")


def test_a_sender_that_cannot_be_opened_sent_nothing(parts: CliWorld) -> None:
    assert parts.invoke("generate").exit_code == 0
    parts.edit("notifykit.yaml", "log: log.txt", "log: log.txt, broken: sender")
    said(parts)
    assert parts.invoke("dispatch", "--once").exit_code == 0
    assert not [line for line in said(parts) if line.startswith("send")]
    assert set(tasks(parts).values()) == {Status.QUEUED}
    (outage,) = parts.json("status")["outages"]
    assert outage["reason"] == "cannot be reached: ConnectionRefusedError the sender cannot be opened"
    told = parts.json("check", "--online", code=4)["findings"]
    assert "not ready: ConnectionRefusedError: the sender cannot be opened" in [one["what"] for one in told]
    parts.edit("notifykit.yaml", "broken: sender", "broken: ''")
    assert parts.invoke("resume", "post", "--why", "it is there").exit_code == 0


@pytest.mark.parametrize("part", ["source", "strategy"])
def test_a_campaign_whose_part_cannot_be_opened_fails_alone(parts: CliWorld, part: str) -> None:
    parts.write_campaign("c", CAMPAIGN + "shares_data_with: [d]\n")
    parts.write_campaign("d", CAMPAIGN + "shares_data_with: [c]\n")
    parts.edit("campaigns/c.yaml", f"{part}: {{type: parts, ", f"{part}: {{type: parts, broken: {part}, ")
    failures = parts.json("generate", code=1)["failures"]
    kind = {"source": "Table_", "strategy": "Keeper"}[part]
    assert list(failures) == ["c"]
    assert failures["c"].endswith(f"c.yaml: {kind} cannot be opened: ConnectionRefusedError: [Errno 111] nobody there")
    assert len(tasks(parts)) == 2
    lines = said(parts)
    assert lines.count("close source") == {"source": 1, "strategy": 2}[part]


def test_what_close_raises_changes_nothing(parts: CliWorld) -> None:
    for file in ("notifykit.yaml", "campaigns/c.yaml"):
        part = "sender" if file == "notifykit.yaml" else "source"
        path = parts.folder / file
        path.write_text(path.read_text().replace("type: parts,", f"type: parts, unclosable: {part},", 1))
    done = parts.invoke("run", "--once")
    assert done.exit_code == 0
    assert done.stderr.count("fails with OSError") == 2
    assert set(tasks(parts).values()) == {Status.COMPLETED}


def test_a_project_that_is_read_anew_closes_the_one_before(parts: CliWorld) -> None:
    plugins = load_plugins()
    passes: list[int] = []

    def passed(*_: object) -> None:
        passes.append(len(passes))
        if len(passes) == 1:
            service.reload()
        else:
            service.stop()

    def refused(error: Exception) -> None:
        raise error

    told = Told(started=lambda _: None, passed=passed, refused=refused)
    service = Service(lambda: open_project(parts.project, plugins=plugins), told, interval=0.01)
    service.run()
    lines = said(parts)
    closed = lines.index("close source")
    assert "send a" in lines[:closed]
    assert lines[closed:].count("open source") == 1
    assert sorted(lines[-2:]) == ["close source", "close strategy"]
    assert lines.count("open sender") == lines.count("close sender") == 1
