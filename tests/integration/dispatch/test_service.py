"""A project that runs on is read anew between two passes: whole, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from contract_world import ContractWorld, contract_id
from counting_server import CountingServer, counting_server
from processes import wait_until

from notifykit.clock import SystemClock
from notifykit.errors import ConfigError, NotifykitError
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline import service as service_module
from notifykit.pipeline.project import Project, open_project
from notifykit.pipeline.run import LONGEST_WAIT, Pass
from notifykit.pipeline.service import Service, Told


@dataclass
class Heard:
    started: list[Project] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    readings: int = 0
    refusals: list[str] = field(default_factory=list)
    signs: int = 0

    def told(self, longest_silence: float = LONGEST_WAIT) -> Told:
        return Told(
            started=self.started.append,
            passed=self._passed,
            reading=self._reading,
            refused=lambda error: self.refusals.append(str(error)),
            alive=self._alive,
            longest_silence=longest_silence,
        )

    def _passed(self, _project: Project, _outbox: OpenedOutbox, this_pass: Pass) -> None:
        self.passes.append(this_pass)

    def _reading(self) -> None:
        self.readings += 1

    def _alive(self) -> None:
        self.signs += 1


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with counting_server() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, server: CountingServer) -> ContractWorld:
    return ContractWorld(tmp_path / "world", server.url, count=2, award_every=9)


@contextmanager
def serving(
    world: ContractWorld, heard: Heard, clock: SystemClock | None = None, *, interval: float = 0.05, **how: float
) -> Iterator[Service]:
    read = partial(open_project, world.folder / "notifykit.yaml", clock=clock)
    service = Service(read, heard.told(**how), interval=interval)
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(60)
        assert not thread.is_alive()


def campaign_file(world: ContractWorld) -> Path:
    return world.folder / "campaigns" / "contracts.yaml"


def test_a_changed_template_is_used_from_the_next_pass_on(world: ContractWorld, server: CountingServer) -> None:
    heard, texts = Heard(), []
    server.before = lambda body: texts.append(body["text"])
    text = campaign_file(world).read_text(encoding="utf-8")
    with serving(world, heard):
        wait_until(lambda: len(server.accepted) == 3, every=0.01)
        assert heard.readings == 0, "nothing changed"
        campaign_file(world).write_text(text.replace("template: '", "template: '改过 "), encoding="utf-8")
        wait_until(lambda: len(heard.started) == 2, every=0.01)
        world.append(1)
        wait_until(lambda: len(server.accepted) == 4, every=0.01)
    assert [text.startswith("改过 ") for text in texts] == [False, False, False, True]
    assert heard.refusals == []


def test_what_is_wrong_is_told_once_and_changes_nothing(world: ContractWorld, server: CountingServer) -> None:
    heard = Heard()
    file = campaign_file(world)
    text = file.read_text(encoding="utf-8")
    with serving(world, heard):
        wait_until(lambda: len(heard.passes) > 0, every=0.01)
        file.write_text(f"{text}\nnonsense: 1\n", encoding="utf-8")
        wait_until(lambda: len(heard.refusals) == 1, every=0.01)
        before = len(heard.passes)
        world.append(1)
        wait_until(lambda: len(heard.passes) > before + 2 and len(server.accepted) == 4, every=0.01)
        assert (len(heard.refusals), len(heard.started)) == (1, 1)
        assert "nonsense" in heard.refusals[0]
        file.write_text(text, encoding="utf-8")
        wait_until(lambda: len(heard.started) == 2, every=0.01)


def test_a_campaign_that_comes_is_run_and_one_that_goes_is_not(world: ContractWorld, server: CountingServer) -> None:
    heard = Heard()
    unsent = world.csv.read_bytes()
    with serving(world, heard):
        wait_until(lambda: len(heard.passes) > 0, every=0.01)
        more = "extends: contracts.yaml\nname: more\nsource: {path: more.csv}\n"
        (world.folder / "more.csv").write_bytes(unsent)
        (world.folder / "campaigns" / "more.yaml").write_text(more, encoding="utf-8")
        wait_until(lambda: any(key.startswith("more/") for key in server.accepted), every=0.01)
        (world.folder / "campaigns" / "more.yaml").unlink()
        wait_until(lambda: len(heard.started) == 3, every=0.01)
    assert [len(project.campaigns()) for project in heard.started] == [1, 2, 1]


def test_somebody_asks_for_it(world: ContractWorld) -> None:
    heard = Heard()
    with serving(world, heard, interval=600.0) as service:
        wait_until(lambda: len(heard.passes) == 1, every=0.01)
        service.reload()
        wait_until(lambda: len(heard.passes) == 2, every=0.01)
    assert (heard.readings, len(heard.started)) == (1, 2)


def test_a_store_that_cannot_be_opened_is_refused_and_the_open_one_is_kept(
    world: ContractWorld, server: CountingServer
) -> None:
    heard = Heard()
    project = world.folder / "notifykit.yaml"
    text = project.read_text(encoding="utf-8")
    assert "store: state/" in text
    with serving(world, heard):
        wait_until(lambda: len(heard.passes) > 0, every=0.01)
        (world.folder / "nowhere").write_text("a file", encoding="utf-8")
        project.write_text(text.replace("store: state/", "store: nowhere/"), encoding="utf-8")
        wait_until(lambda: len(heard.refusals) == 1, every=0.01)
        world.append(1)
        wait_until(lambda: len(server.accepted) == 4, every=0.01)
    assert len(heard.started) == 1


def test_it_gives_signs_of_life_where_there_is_nothing_to_do(world: ContractWorld) -> None:
    heard = Heard()
    with serving(world, heard, interval=600.0, longest_silence=0.05):
        wait_until(lambda: len(heard.passes) == 1, every=0.01)
        before = heard.signs
        wait_until(lambda: heard.signs > before + 3, every=0.01)
    assert len(heard.passes) == 1, "a sign of life is no pass"


def test_one_that_is_told_to_stop_before_it_works_makes_no_pass(world: ContractWorld) -> None:
    heard = Heard()
    service = Service(partial(open_project, world.folder / "notifykit.yaml"), heard.told())
    service.stop()
    service.run()
    assert (len(heard.started), heard.passes) == (1, [])


def test_a_project_that_is_wrong_at_the_start_is_an_error(world: ContractWorld) -> None:
    (world.folder / "notifykit.yaml").write_text("store: [", encoding="utf-8")
    service = Service(partial(open_project, world.folder / "notifykit.yaml"), Heard().told())
    with pytest.raises(ConfigError):
        service.run()
    assert issubclass(ConfigError, NotifykitError)


class MovedClock(SystemClock):
    """A machine's clocks, of which the test moves the one that does not step."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_file_that_is_just_being_saved_is_not_read(world: ContractWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "SAVED", 3600.0)
    heard, clock = Heard(), MovedClock()
    file = campaign_file(world)
    text = file.read_text(encoding="utf-8")

    def passes() -> None:
        """Wait for one that began after this."""
        before = len(heard.passes)
        wait_until(lambda: len(heard.passes) > before + 1, every=0.01)

    with serving(world, heard, clock):
        passes()
        for number in range(1, 6):
            file.write_text(f"{text}{'#' * number}\nnonsense: 1\n", encoding="utf-8")
            passes()
            clock.ahead += 3200.0
            passes()
        assert heard.readings == 0
        file.write_text(f"{text}# saved\n", encoding="utf-8")
        passes()
        clock.ahead += 3600.0
        wait_until(lambda: len(heard.started) == 2, every=0.01)
    assert (heard.readings, heard.refusals) == (1, [])


HANGS = """
import pathlib, time
def send(recipient, text):
    pathlib.Path("called").touch()
    while not pathlib.Path("go-on").exists():
        time.sleep(0.01)
    return True
"""


def test_a_call_that_hangs_keeps_nobody_waiting(
    world: ContractWorld, server: CountingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other channels go on, with the configuration that there was; it is read when the call has returned."""
    monkeypatch.chdir(world.folder)
    (world.folder / "hanging_desk.py").write_text(HANGS, encoding="utf-8")
    project = world.folder / "notifykit.yaml"
    text = project.read_text(encoding="utf-8").replace("timeout: 5", "timeout: 0.5")
    sender = "senders:\n  hanging: {type: python, call: 'hanging_desk:send', search_path: .}\n"
    project.write_text(text.replace("senders:\n", sender), encoding="utf-8")
    more = "extends: contracts.yaml\nname: more\nsource: {path: more.csv}\nmessages:\n"
    more += "  - {name: one, recipient: x, template: x, sender: hanging}\n"
    (world.folder / "more.csv").write_bytes(world.csv.read_bytes())
    (world.folder / "campaigns" / "more.yaml").write_text(more, encoding="utf-8")
    heard = Heard()
    with serving(world, heard) as service:
        wait_until((world.folder / "called").exists, every=0.01)
        wait_until(lambda: len(heard.passes) > 1, every=0.01)
        service.reload()
        before = len(heard.passes)
        world.append(1)
        late = f"contracts/{contract_id(2)}/group/1"
        wait_until(lambda: late in server.accepted and len(heard.passes) > before + 3, every=0.01)
        assert heard.readings == 0
        (world.folder / "go-on").touch()
        wait_until(lambda: len(heard.started) == 2, every=0.01)
