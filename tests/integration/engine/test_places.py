"""Files have one place: two machines over one store, each with its own copy of everything."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from counting_server import CountingServer
from engine_world import EngineWorld, stop, workers
from processes import wait_until

from notifykit.outbox.places import KeepsPlaces
from notifykit.outbox.values import Machine, SourcePlace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed")

HERE, THERE = {"NOTIFYKIT_PLACE": "files-01"}, {"NOTIFYKIT_PLACE": "files-02"}


@pytest.fixture
def world(tmp_path: Path, store: str, service: CountingServer) -> EngineWorld:
    return EngineWorld(tmp_path / "world", service, store, count=3, channels=1)


def told(done: Any) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_a_campaign_is_generated_and_settled_where_it_was_first(world: EngineWorld) -> None:
    assert world.run("generate", **HERE).returncode == 0
    for command in (["generate"], ["generate", "--dry-run"], ["run", "--once"], ["generate", "c-lane-0"]):
        done = world.run(*command, **THERE)
        assert done.returncode == 4, (command, done.stderr)
        assert "the file of campaign c-lane-0 is on files-01 since 2" in done.stderr
        assert "notifykit source move c-lane-0 --why" in done.stderr
    assert world.run("dispatch", **THERE).returncode == 0, "anybody may send"
    done = world.run("settle", **THERE)
    assert done.returncode == 4
    assert world.flags() == {"N": 3}
    assert world.run("settle", **HERE).returncode == 0
    assert world.problems() == []


@pytest.mark.long
def test_a_place_is_moved_by_a_person(world: EngineWorld) -> None:
    world.run("generate", **HERE)
    moved = told(world.run("source", "move", "c-lane-0", "--why", "retired", "--who", "anna", "--json", **THERE))
    assert (moved["before"]["place"], moved["now"]["place"]) == ("files-01", "files-02")
    assert world.run("generate", **THERE).returncode == 0
    assert world.run("generate", **HERE).returncode == 4
    (listed,) = told(world.run("source", "list", "--json"))["sources"]
    assert (listed["place"], listed["who"], listed["why"]) == ("files-02", "anna", "retired")
    assert listed["path"] == str((world.folder / "c-lane-0.csv").resolve())
    assert listed["host"] == socket.gethostname()
    assert "anna" in world.run("source", "list").stdout


@pytest.mark.long
def test_no_place_is_taken_without_the_file(world: EngineWorld) -> None:
    (world.folder / "c-lane-0.csv").rename(world.folder / "away.csv")
    assert world.run("generate", **THERE).returncode == 1, "there is no such file"
    done = world.run("source", "move", "c-lane-0", "--why", "mine", **THERE)
    assert done.returncode == 1
    assert "there is no such file on this machine" in done.stderr
    (world.folder / "away.csv").rename(world.folder / "c-lane-0.csv")
    assert world.run("generate", **HERE).returncode == 0


@pytest.mark.long
def test_a_campaign_file_may_say_the_place(world: EngineWorld) -> None:
    file = world.folder / "campaigns" / "c-lane-0.yaml"
    file.write_text(f"place: files-01\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    assert world.run("generate", **THERE).returncode == 0, "it is none of its own"
    done = world.run("generate", "c-lane-0", **THERE)
    assert done.returncode == 4
    assert "says `place: files-01`, and this is files-02" in done.stderr
    assert "says `place: files-01`" in world.run("check", **THERE).stdout
    done = world.run("source", "move", "c-lane-0", "--why", "mine", **THERE)
    assert done.returncode == 1
    assert "correct that line first" in done.stderr
    assert world.run("generate", **HERE).returncode == 0


@pytest.mark.long
def test_workers_look_after_the_files_of_their_place_alone(world: EngineWorld) -> None:
    elsewhere = EngineWorld(world.folder.with_name("other"), world.server, world.store, count=0, channels=0)
    shutil.rmtree(elsewhere.folder / "campaigns")
    project = elsewhere.folder / "notifykit.yaml"
    text = (world.folder / "notifykit.yaml").read_text(encoding="utf-8")
    project.write_text(f"campaigns: []\n{text}", encoding="utf-8")
    with workers(world, 0) as processes:
        processes.append(elsewhere.start("worker", **THERE))
        processes.append(world.start("worker", "--queues", "place", **HERE))
        wait_until(world.settled)
        listed = told(world.run("machines", "--json"))["machines"]
        assert stop(processes) == [0, 0]
    assert world.problems() == []
    assert [(one["place"], one["does"]) for one in listed] == [
        ("files-01", "worker (place)"),
        ("files-02", "worker (lanes, place)"),
    ]
    assert all(abs(one["clock_ahead_seconds"]) < 60 and one["host"] == socket.gethostname() for one in listed)
    assert told(world.run("machines", "--json")) == {"machines": []}
    assert world.run("machines").stdout == "nobody works\n"


@pytest.mark.long
def test_what_a_machine_has_on_the_wire_is_counted(world: EngineWorld) -> None:
    go_on = Event()
    world.server.before = lambda _body: None if go_on.wait(60) else 503
    with workers(world, 1, "run", "--interval", "600"):
        try:
            wait_until(lambda: any(one["on_wire"] for one in told(world.run("machines", "--json"))["machines"]))
            assert " run " in world.run("machines").stdout
        finally:
            go_on.set()


@pytest.mark.long
def test_a_store_that_is_a_file_keeps_no_places(tmp_path: Path, service: CountingServer) -> None:
    world = EngineWorld(tmp_path / "world", service, "state/outbox.db", count=1, channels=1)
    file = world.folder / "campaigns" / "c-lane-0.yaml"
    file.write_text(f"place: files-01\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    assert world.run("generate", **THERE).returncode == 0
    for command in (["machines"], ["source", "list"], ["source", "move", "c-lane-0", "--why", "x"]):
        done = world.run(*command, **HERE)
        assert done.returncode == 1
        assert "a store that is a file is on one machine" in done.stderr


def test_what_the_store_keeps(world: EngineWorld) -> None:
    one = SourcePlace(campaign="a", place="files-01", host="h1", path="/data/a.csv", since=0.0)
    other = replace(one, place="files-02", who="anna", why="retired")
    machine = Machine(
        name="h1:7:ab", host="h1", place="files-01", version="1", does="worker", since=0.0, seen_at=0.0, ahead=0.0
    )
    with closing(world.opened().open_outbox()) as outbox:
        assert isinstance(outbox, KeepsPlaces)
        assert outbox.place_of("a") is None
        first = outbox.keep_place(one)
        assert replace(first, since=0.0) == one
        assert outbox.keep_place(other) == first == outbox.place_of("a")
        moved = outbox.keep_place(other, move=True)
        assert outbox.places() == {"a": moved}
        assert moved.since >= first.since > 0
        outbox.rename_campaign("a", "b", who="anna", why="clearer")
        assert outbox.places().keys() == {"b"}
        outbox.be_seen(machine)
        (seen,) = outbox.machines()
        outbox.be_seen(machine)
        (again,) = outbox.machines()
        assert again.since == seen.since <= seen.seen_at <= again.seen_at
        outbox.leave("h1:7:ab")
        assert outbox.machines() == []
