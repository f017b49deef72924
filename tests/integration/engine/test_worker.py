"""`notifykit worker`: real processes, a real server, real HTTP."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Semaphore
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from counting_server import CountingServer
from engine_world import EngineWorld, standing_still, stop, workers
from postgres_server import own_server
from processes import wait_until
from slow_service import SlowService

from notifykit.model import Status
from notifykit.outbox.values import Filter

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "world"


def test_workers_send_everything_once_and_write_it_back(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=25)
    with workers(world, 2) as processes:
        wait_until(world.settled)
        assert stop(processes) == [0, 0]
    assert world.problems() == []
    first = world.said().splitlines()[0]
    assert first.startswith("worker: started (notifykit ")
    assert "queues: lanes and place)" in first
    assert "password" not in world.said()


@pytest.mark.long
def test_what_is_queued_while_workers_wait_is_sent_at_once(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=0, channels=1)
    with workers(world, 1) as processes:
        wait_until(lambda: "started" in world.said())
        with (folder / "c-lane-0.csv").open("a", encoding="utf-8") as file:
            file.write("lane-0-0,reader,N\n")
        world.count = 1
        wait_until(world.settled)
        stop(processes)
    assert world.problems() == []


def test_one_that_is_told_to_stop_finishes_what_is_on_the_wire(
    folder: Path, store: str, service: CountingServer
) -> None:
    world = EngineWorld(folder, service, store, count=8, channels=1, workers=2)
    slow = SlowService(service)
    with workers(world, 1) as processes:
        slow.wait_for(2)
        processes[0].send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping; what is on the wire is finished first" in world.said())
        slow.gate.set()
        assert processes[0].wait(60) == 0
    with closing(world.opened().open_outbox()) as outbox:
        sent = list(outbox.tasks(Filter(statuses=(Status.SENT, Status.COMPLETED))))
        assert not outbox.on_wire()
    assert len(sent) == sum(service.accepted.values()) == 2


def test_a_slow_channel_starves_no_other(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=12, channels=5, workers=1)

    answered = Event()

    def one_hangs(body: dict[str, Any]) -> None:
        if "/lane-0-" in body["idempotency_key"]:
            answered.wait(120)

    service.before = one_hangs
    fast = {key for key in world.due if "/lane-0-" not in key}
    with workers(world, 1, "worker", "--concurrency", "2"):
        wait_until(lambda: len(service.accepted.keys() & fast) == len(fast))
        assert service.accepted.keys() == fast
    answered.set()


@pytest.mark.long
def test_a_retry_that_waits_is_sent_after_a_tick(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=3, channels=1, interval=600)
    refused: set[str] = set()

    def refuse_once(body: dict[str, Any]) -> int | None:
        key = body["idempotency_key"]
        if key in refused:
            return None
        refused.add(key)
        return 429

    service.before = refuse_once
    with workers(world, 1) as processes:
        wait_until(world.settled)
        stop(processes)
    assert world.problems() == []
    assert len(refused) == 3


@pytest.mark.long
def test_a_worker_that_stood_still_beyond_its_lease_doubles_nothing(
    folder: Path, store: str, service: CountingServer
) -> None:
    """It falls asleep with all its calls at the service, which can say what became of each of them."""
    world = EngineWorld(folder, service, store, count=30, channels=2, workers=2, lease=1.0)
    at_the_service = Semaphore(0)
    answered = Event()

    def hold(_body: object) -> None:
        at_the_service.release()
        answered.wait(30)

    service.before = hold
    with workers(world, 1) as processes:
        for _ in range(world.channels * world.workers):
            assert at_the_service.acquire(timeout=30)
        with standing_still(processes[0]):
            answered.set()
            processes.append(world.start("worker"))
            doubts = 0

            def found_what_it_left() -> bool:
                nonlocal doubts
                doubts += world.doubts()
                return doubts >= world.channels * world.workers and len(service.accepted) > 50

            wait_until(found_what_it_left)
        wait_until(lambda: world.doubts() == 0 and world.settled())
        assert stop(processes) == [0, 0]
    assert world.problems() == []


@pytest.mark.long
def test_clocks_that_differ_by_hours_change_nothing(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=25)
    with workers(world, 1) as processes:
        processes += [world.begin(world.fast_command(seconds, "worker")) for seconds in (-3600.0, 3600.0)]
        wait_until(world.settled)
        assert stop(processes) == [0, 0, 0]
    assert world.problems() == []
    with closing(world.opened().open_outbox()) as outbox:
        assert all(outbox.attempts(task.id)[0].started_at < time.time() + 60 for task in outbox.tasks(Filter(limit=9)))


def test_two_versions_of_the_engine_have_a_schema_each(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=2, channels=1)
    with psycopg.connect(store, autocommit=True) as db:
        db.execute("CREATE SCHEMA notifykit_engine_0123456789ab")
        with workers(world, 1) as processes:
            wait_until(world.settled)
            stop(processes)
        found = db.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'notifykit_engine%'").fetchall()
        ((ours,),) = found
        assert ours != "notifykit_engine_0123456789ab"
        assert db.execute(f"SELECT count(*) FROM {ours}.procrastinate_jobs WHERE status <> 'todo'").fetchone() == (0,)


@pytest.mark.long
@pytest.mark.parametrize(
    ("store_", "said"),
    [
        ("state/outbox.db", "the engine needs a PostgreSQL database, and the outbox is in none; `notifykit run` does"),
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
    ],
)
def test_one_that_cannot_begin_says_why(folder: Path, service: CountingServer, store_: str, said: str) -> None:
    done = EngineWorld(folder, service, store_, count=1).run("worker")
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_an_account_that_may_make_no_schema(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=1, channels=1)
    assert world.run("generate").returncode == 0
    account = f"a{uuid4().hex}"
    with psycopg.connect(store, autocommit=True) as db:
        db.execute(f"CREATE ROLE {account} LOGIN")
    assert world.run("store", "grant", account).returncode == 0
    project = folder / "notifykit.yaml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("postgresql://notifykit@", f"postgresql://{account}@"), encoding="utf-8")
    done = world.run("worker")
    assert done.returncode == 1
    assert "the engine's database cannot be used: permission denied for database" in done.stderr
    assert "GRANT CREATE ON DATABASE" in done.stderr


def test_an_engine_of_another_address_that_is_not_there(folder: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(folder, service, store, count=1)
    project = folder / "notifykit.yaml"
    text = project.read_text(encoding="utf-8")
    address = "address: 'postgresql://nobody@127.0.0.1:1/none'"
    project.write_text(text.replace("tick: 1", f"tick: 1, {address}"), encoding="utf-8")
    done = world.run("worker")
    assert done.returncode == 1
    assert "the engine's database cannot be used: connection failed" in done.stderr
    assert "mend its address" in done.stderr


def test_a_worker_makes_its_tables_again_where_somebody_dropped_them(
    folder: Path, store: str, service: CountingServer
) -> None:
    world = EngineWorld(folder, service, store, count=2, channels=1)
    with workers(world, 1) as processes:
        wait_until(world.settled)
        with psycopg.connect(store, autocommit=True) as db:
            ((name,),) = db.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'notifykit_e%'").fetchall()
            db.execute(f"DROP SCHEMA {name} CASCADE")
        wait_until(lambda: "worker: the engine is back" in world.said())
        with (folder / "c-lane-0.csv").open("a", encoding="utf-8") as file:
            file.write("lane-0-2,reader,N\n")
        world.count = 3
        wait_until(world.settled)
        assert stop(processes) == [0]
    assert world.problems() == []


@pytest.mark.long
def test_a_worker_waits_for_a_server_that_is_away_and_ends_when_it_is_told_to(
    folder: Path, service: CountingServer
) -> None:
    with own_server(()) as server:
        world = EngineWorld(folder, service, server.address, count=2, channels=1)
        with workers(world, 2) as processes:
            wait_until(lambda: world.settled() and world.said().count("worker: started") == 2)
            server.stop()
            wait_until(lambda: world.said().count("worker: cut off, trying again: ") == 2)
            assert stop(processes[:1]) == [0]
            server.start()
            wait_until(lambda: "worker: the engine is back" in world.said())
            assert stop(processes[1:]) == [0]
        assert "Traceback" not in world.said()
        assert "never retrieved" not in world.said()
