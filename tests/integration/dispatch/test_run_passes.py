"""A campaign whose plugins are broken at run time fails alone, and a passing trouble of the store ends no run."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from contract_world import ContractWorld
from counting_server import counting_server

from notifykit.errors import CampaignError, ConfigError, StoreError
from notifykit.options import LONGEST
from notifykit.outbox.sqlite import database
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import Pass, Runner
from notifykit.roles import Strategy


@dataclass
class Broken(Strategy):
    where: str = ""

    def begin(self) -> None:
        if self.where == "begin":
            raise CampaignError("status.json:3: torn")

    def decide(self, record: Any, outbox: Any) -> Any:
        raise KeyError("column")


class Panic(BaseException):
    """As extension modules raise it."""


@dataclass
class Panicking(Strategy):
    error: type[BaseException] = Panic

    def decide(self, record: Any, outbox: Any) -> Any:
        raise self.error


@dataclass
class Undecided(Strategy):
    answer: Any = None

    def decide(self, record: Any, outbox: Any) -> Any:
        return self.answer


class Unsettled(Strategy):
    def begin(self) -> None:
        raise ConfigError("c.yaml:4: a secret is needed: FEED_KEY")


class BrokenSource:
    def read(self) -> Any:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"strategy": Broken()}, "KeyError with source CsvSource and strategy Broken; this is a defect"),
        ({"source": BrokenSource(), "strategy": Strategy()}, "OSError with source BrokenSource and strategy Strategy"),
        ({"strategy": Broken(where="begin")}, "status.json:3: torn"),
        ({"strategy": Unsettled()}, "c.yaml:4: a secret is needed: FEED_KEY"),
        ({"strategy": Panicking()}, "Panic with source CsvSource and strategy Panicking"),
        ({"strategy": Panicking(SystemExit)}, "SystemExit with source CsvSource and strategy Panicking"),
        ({"strategy": Panicking(GeneratorExit)}, "GeneratorExit with source"),
        ({"strategy": Panicking(asyncio.CancelledError)}, "CancelledError with source"),
        ({"strategy": Undecided(True)}, "decide() of Undecided returned a bool for "),
        ({"strategy": Undecided("notify")}, "decide() of Undecided returned a str for "),
        ({"strategy": Undecided()}, "not a Decision; nothing is queued"),
    ],
)
def test_a_broken_campaign_fails_alone(tmp_path: Path, broken: dict[str, Any], told: str) -> None:
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=3)
        project: Project = world.opened()
        outbox = project.open_outbox()
        (healthy,) = project.campaigns()
        sick = replace(healthy, name="sick", **broken)
        this_pass = Runner(project, outbox, [sick, healthy]).once()
        outbox.close()
        assert world.problems(server.accepted) == []
    assert list(this_pass.failures) == ["sick"]
    assert told in str(this_pass.failures["sick"])


def test_an_interrupt_ends_a_pass(tmp_path: Path) -> None:
    with counting_server() as server:
        project = ContractWorld(tmp_path / "world", server.url, count=3).opened()
    (healthy,) = project.campaigns()
    with closing(project.open_outbox()) as outbox, pytest.raises(KeyboardInterrupt):
        Runner(project, outbox, [replace(healthy, strategy=Panicking(KeyboardInterrupt))]).once()


def test_a_store_that_is_locked_for_a_while_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=3)
        project = world.opened()
        outbox, other = project.open_outbox(), project.open_outbox()
        runner = Runner(project, outbox, project.campaigns())
        reports: list[Pass] = []
        locked = threading.Event()

        def report(this_pass: Pass) -> None:
            reports.append(this_pass)
            if this_pass.failures:
                locked.set()
            elif locked.is_set():
                runner.stop()

        lock = other.transaction()
        lock.__enter__()
        thread = threading.Thread(target=runner.forever, args=(0.2, report))
        thread.start()
        assert locked.wait(10)
        lock.__exit__(None, None, None)
        thread.join(20)
        assert not thread.is_alive()
        outbox.close()
        other.close()
        assert "database is locked" in str(reports[0].failures["the outbox"])
        assert world.problems(server.accepted) == []


def test_the_longest_interval_can_be_waited_for(tmp_path: Path) -> None:
    with counting_server() as server:
        project = ContractWorld(tmp_path / "world", server.url, count=1).opened()
        passes: list[Pass] = []

        def report(this_pass: Pass) -> None:
            passes.append(this_pass)
            threading.Timer(0.2, runner.stop).start()

        with closing(project.open_outbox()) as outbox:
            runner = Runner(project, outbox, project.campaigns())
            runner.forever(LONGEST, report)
        assert [this_pass.dispatched.sent for this_pass in passes] == [2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses it while a connection is open")
def test_a_run_whose_store_is_moved_away_ends_and_sends_nothing_more(tmp_path: Path) -> None:
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=2)
        project = world.opened()
        passes: list[Pass] = []

        def report(this_pass: Pass) -> None:
            passes.append(this_pass)
            if len(passes) == 1:
                (world.folder / "state").rename(world.folder / "old")
                world.append(3)

        with closing(project.open_outbox()) as outbox:
            runner = Runner(project, outbox, project.campaigns())
            with pytest.raises(StoreError, match=r"outbox\.db is gone: moved or deleted while it was open"):
                runner.forever(0.01, report)
        assert len(passes) == 1
        assert len(server.accepted) == 3
        (world.folder / "old").rename(world.folder / "state")
        with closing(project.open_outbox()) as outbox:
            Runner(project, outbox, project.campaigns()).once()
        assert world.problems(server.accepted) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses it while a connection is open")
def test_an_outcome_that_cannot_be_recorded_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "world"

    def lose(_: object) -> None:
        with suppress(FileNotFoundError):  # the second message finds it gone
            (folder / "state").rename(folder / "old")

    with counting_server() as server:
        server.before = lose
        project = ContractWorld(folder, server.url, count=1).opened()
        with closing(project.open_outbox()) as outbox, pytest.raises(StoreError, match="is gone"):
            Runner(project, outbox, project.campaigns()).once()
    assert "the outcome, accepted, could not be recorded" in caplog.text
