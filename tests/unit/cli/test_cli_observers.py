"""Observers: hooks of plugins, and objects that a project configures."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from cli_world import BROKEN, BUSY, DOUBTFUL, FINE, REFUSED, CliWorld, contract

EAR = '''
from dataclasses import dataclass
import json

from notifykit import hookimpl
from notifykit.options import ProjectPath


@dataclass(kw_only=True)
class Ear:
    """Writes down what it hears."""

    path: ProjectPath
    deaf: bool = False

    def say(self, what, **more):
        with self.path.open("a") as file:
            print(json.dumps([what, more]), file=file)

    def open(self, context):
        self.say("open", folder=context.folder.name)
        if self.deaf:
            raise OSError("no ear")

    def task_queued(self, task):
        self.say("task_queued", key=task.key[-1])

    def task_sent(self, task):
        self.say("task_sent", key=task.key[-1])

    def task_failed(self, task, outcome):
        self.say("task_failed", code=outcome.code)

    def task_in_doubt(self, task, outcome):
        raise ValueError("what now")

    def task_retried(self, task, outcome, at):
        self.say("task_retried", code=outcome.code, later=at > task.queued_at + 3000)

    def task_receipt(self, task, receipt):
        self.say("task_receipt", status=receipt.status)

    def channel_paused(self, pause):
        self.say("channel_paused", channel=pause.channel, why=str(pause.reason))

    def written_back(self, campaign, done, refused):
        self.say("written_back", campaign=campaign, done=len(done), refused=len(refused))

    def decided(self, decision):
        self.say("decided", kind=decision.kind, who=decision.who, undone=decision.undone_at is not None)

    def close(self):
        self.say("close")


@hookimpl
def register_observers(register):
    register("ear", Ear)


@hookimpl
def written_back(campaign, done):
    print(f"hook: {campaign} {len(done)}")
'''


@pytest.fixture
def eared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliWorld]:
    site = tmp_path / "site"
    info = site / "ear-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ear\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[notifykit]\near = an_ear\n")
    (site / "an_ear.py").write_text(dedent(EAR))
    monkeypatch.syspath_prepend(site)
    world = CliWorld(tmp_path / "world", (FINE, REFUSED, DOUBTFUL, BUSY))
    with world.project.open("a", encoding="utf-8") as file:
        file.write("observers:\n  desk: {type: ear, path: heard.jsonl}\n")
    yield world
    sys.modules.pop("an_ear", None)


def heard(world: CliWorld) -> list[tuple[str, dict[str, object]]]:
    """Return what the observer wrote down, and forget it."""
    path = world.folder / "heard.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return [(what, more) for what, more in lines]


def test_an_observer_is_started_told_and_stopped(eared: CliWorld) -> None:
    assert eared.invoke("generate").exit_code == 0
    first, *told, last = heard(eared)
    assert (first, last) == (("open", {"folder": "world"}), ("close", {}))
    assert {what for what, _ in told} == {"task_queued"}
    sent = eared.invoke("dispatch", "--once")
    assert "observer 'desk' fails in task_in_doubt: ValueError" in sent.stderr
    told = heard(eared)
    assert told[0][0] == "open"
    assert ("task_failed", {"code": "40058"}) in told
    assert ("task_retried", {"code": "45009", "later": True}) in told
    assert "task_sent" in {what for what, _ in told}
    assert told[-1][0] == "close"


def test_it_hears_of_write_backs_decisions_and_receipts(eared: CliWorld) -> None:
    eared.lived()
    told = heard(eared)
    (written,) = [more for what, more in told if what == "written_back"]
    assert written["campaign"] == "beijing"
    assert "hook: beijing" in eared.run("settle").stderr or written["done"]
    assert eared.invoke("cancel", "--status", "failed", "--why", "old", "--who", "lin", "--yes").exit_code == 0
    assert ("decided", {"kind": "cancelled", "who": "lin", "undone": False}) in heard(eared)
    assert eared.invoke("undo", "--why", "no", "--who", "ma", "--yes").exit_code == 0
    assert ("decided", {"kind": "cancelled", "who": "lin", "undone": True}) in heard(eared)
    assert eared.invoke("receipt", "delivered", "1").exit_code == 0
    assert eared.invoke("receipt", "delivered", "1").exit_code == 0
    assert [one for one in heard(eared) if one[0] == "task_receipt"] == [("task_receipt", {"status": "delivered"})]


def test_it_hears_that_a_channel_is_paused(eared: CliWorld) -> None:
    eared.write_rows([[contract(1), "测试管家1", "0", "N", BROKEN]])
    assert eared.invoke("run", "--once").exit_code in (0, 3)
    (paused,) = [more for what, more in heard(eared) if what == "channel_paused"]
    assert paused == {"channel": "beijing-group", "why": "93000 bad key"}


def test_one_that_cannot_be_started_stops_nothing_and_is_said_once(eared: CliWorld) -> None:
    eared.edit("notifykit.yaml", "path: heard.jsonl", "path: heard.jsonl, deaf: true")
    done = eared.invoke("generate")
    assert done.exit_code == 0
    assert done.stderr.count("observer 'desk' fails in open: OSError") == 1
    assert [what for what, _ in heard(eared)] == ["open"]


def test_options_are_validated_and_a_missing_type_is_told(eared: CliWorld) -> None:
    eared.edit("notifykit.yaml", "path: heard.jsonl", "paht: heard.jsonl")
    wrong = eared.invoke("check")
    assert wrong.exit_code == 4
    assert 'observers.desk.paht: there is no such key; did you mean "path"?' in wrong.stdout
    eared.edit("notifykit.yaml", "type: ear, paht", "type: eer, paht")
    told = eared.invoke("check").stdout
    assert 'observer "desk" cannot be used: no plugin offers the observer type "eer"; did you mean "ear"?' in told
    assert eared.invoke("generate").exit_code == 0
