"""Each promise of an observer and of a command is broken once, and the contract's test must see it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from notifykit import hookimpl
from notifykit.errors import NotifykitError
from notifykit.model import Outcome, Task
from notifykit.plugins import Plugins, load_plugins
from notifykit.session import Session
from notifykit.terminal.console import json_option, print_json
from notifykit.testing import CommandContract, ObserverContract, ProjectRunner, project_runner

__all__ = ["project_runner"]


class Good:
    """An observer."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def task_failed(self, task: Task, outcome: Outcome) -> None:
        self.told.append(f"{task.key}: {outcome.code}")

    @hookimpl
    def task_queued(self, task: Task) -> None:
        self.told.append(task.key)


class Blind:
    @hookimpl
    def refusals(self, project: Any) -> None:
        """It is told of no message."""


class Late:
    @hookimpl
    async def task_sent(self, task: Task) -> None: ...


class Unmarked(Good):
    def task_sent(self, task: Task) -> None: ...


class Choosy(Good):
    @hookimpl
    def task_failed(self, task: Task, outcome: Outcome) -> None:
        task.text.encode()


class KnowsNoRetry(Good):
    @hookimpl
    def task_failed(self, task: Task, outcome: Outcome) -> None:
        {"40058": "too long"}[outcome.code]


class Slow(Good):
    @hookimpl
    def task_queued(self, task: Task) -> None:
        time.sleep(1.1)


class Busy(Good):
    def __init__(self) -> None:
        super().__init__()
        self.inside = threading.Lock()

    @hookimpl
    def task_queued(self, task: Task) -> None:
        assert self.inside.acquire(blocking=False)
        time.sleep(0.002)
        self.inside.release()


def observing(observer: object) -> Any:
    return type("Made", (ObserverContract,), {"make_observer": lambda self, folder: observer})()


@pytest.mark.parametrize(
    ("observer", "promise"),
    [
        (Blind, "its_hooks_are_hooks"),
        (Late, "its_hooks_are_hooks"),
        (Unmarked, "its_hooks_are_hooks"),
        (Choosy, "it_takes_every_fact"),
        (KnowsNoRetry, "it_takes_every_fact"),
        (Slow, "it_is_quick"),
        (Busy, "several_threads_tell_it_at_once"),
    ],
)
def test_a_bad_observer_is_caught(tmp_path: Path, observer: type, promise: str) -> None:
    with pytest.raises(AssertionError):
        getattr(observing(observer()), f"test_{promise}")(tmp_path)
    good = Good()
    getattr(observing(good), f"test_{promise}")(tmp_path)
    assert good.told or promise == "its_hooks_are_hooks"


# commands -------------------------------------------------------------------------------------------------


@click.command()
@json_option
@click.pass_obj
def good(session: Session, as_json: bool) -> None:
    """Count the campaigns."""
    number = len(session.open_project().configuration.campaigns)
    if as_json:
        print_json({"campaigns": number})
    else:
        click.echo(number)


@click.command()
@click.option("--since")
def unsaid(since: str) -> None:
    """Count the campaigns."""


@click.command()
def helpless() -> None:
    click.echo("1")


@click.command()
def failing() -> None:
    """Count the campaigns."""
    raise NotifykitError("no luck")


@click.command()
@json_option
def chatty(as_json: bool) -> None:
    """Count the campaigns."""
    click.echo("one moment")
    print_json({})


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("rest", nargs=-1)
def patient(rest: tuple[str, ...]) -> None:
    """Count the campaigns."""


@click.command()
@click.pass_obj
def blunt(session: Session) -> None:
    """Count the campaigns."""
    session.file.read_text()


COMMANDS: dict[str, click.Command] = {
    str(command.name): command for command in (good, unsaid, helpless, failing, chatty, patient, blunt)
}


@pytest.fixture(autouse=True)
def offered() -> Iterator[None]:
    """A plugin with all of these: by their places, as `acme-NAME`."""
    made = ModuleType("notifykit_of_commands")
    sys.modules[made.__name__] = made

    @hookimpl
    def register_lazy_commands(register: Any) -> None:
        for name in COMMANDS:
            line = "Count the parcels." if name == "patient" else "Count the campaigns."
            register(f"acme-{name}", f"notifykit_of_commands:{name}", line)

    vars(made).update(COMMANDS, register_lazy_commands=register_lazy_commands)
    yield
    del sys.modules[made.__name__]


def commanding(name: str) -> Any:
    def plugins(self: object) -> Plugins:
        return load_plugins(entry_points=[EntryPoint("of_commands", "notifykit_of_commands", "notifykit")])

    return type("Made", (CommandContract,), {"command": f"acme-{name}", "make_plugins": plugins})()


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("nowhere", "its_help_says_what_it_is_for"),
        ("unsaid", "its_help_says_what_it_is_for"),
        ("helpless", "its_help_says_what_it_is_for"),
        ("patient", "its_help_says_what_it_is_for"),
        ("failing", "it_does_its_work"),
        ("chatty", "with_json_it_prints_data_alone"),
        ("patient", "an_option_that_it_lacks_is_refused"),
        ("blunt", "without_a_project_it_says_what_to_do"),
    ],
)
def test_a_bad_command_is_caught(tmp_path: Path, name: str, promise: str) -> None:
    with pytest.raises(AssertionError):
        getattr(commanding(name), f"test_{promise}")(tmp_path)
    getattr(commanding("good"), f"test_{promise}")(tmp_path)


# a project ------------------------------------------------------------------------------------------------

PROJECT = """
    plugins: {path: plugins}
    senders:
      file: {type: file, path: sent.jsonl}
"""
CAMPAIGN = """
    source: {type: local_numbers}
    strategy: {type: once}
    messages:
      - {name: note, sender: file, recipient: ops, template: 'number {{ record.key }}'}
"""
SOURCE = """
    from dataclasses import dataclass
    from notifykit import hookimpl
    from notifykit.testing import records

    @dataclass
    class Numbers:
        def read(self):
            return records({"id": "1"}, {"id": "2"})

    @hookimpl
    def register_sources(register):
        register("local_numbers", Numbers)
"""


@pytest.mark.long
def test_a_project_is_written_and_run(project_runner: ProjectRunner) -> None:
    project_runner.write("notifykit.yaml", PROJECT)
    project_runner.write("campaigns/numbers.yaml", CAMPAIGN)
    project_runner.write("plugins/local_numbers.py", SOURCE)
    ran = project_runner.run("run", "--once")
    assert (ran.code, ran.err.count("Traceback")) == (0, 0), ran.err
    assert [(task["key"], task["status"]) for task in project_runner.tasks()] == [
        ("1", "completed"),
        ("2", "completed"),
    ]
    assert [task["text"] for task in project_runner.tasks("--key", "2")] == ["number 2"]
    assert (project_runner.folder / "sent.jsonl").read_text().count('"text"') == 2
    project_runner.write("campaigns/numbers.yaml", b"source: {type: nowhere}\n")
    broken = project_runner.run("check", "--json")
    assert broken.code == 4
    assert broken.json["ok"] is False
