"""What a worker is made of: bells, tables of its own, drains."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from counting_server import CountingServer
from engine_world import EngineWorld
from processes import wait_until
from procrastinate import App

from notifykit import engine
from notifykit.campaign.campaign import EngineSettings, Settings
from notifykit.engine import EngineError, require_libraries
from notifykit.engine.bells import Bell, drain_bell, generate_bell, queue_of, ring, ring_once, settle_bell
from notifykit.engine.database import EngineDatabase, told
from notifykit.engine.drains import Drained, Drains
from notifykit.engine.outboxes import Outboxes
from notifykit.engine.worker import Worker
from notifykit.model import Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed")


def settings_of(store: str) -> Settings:
    return Settings(file=Path("notifykit.yaml"), store=PostgresAddress(store))


@contextmanager
def looking(database: EngineDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.conninfo, autocommit=True) as db:
        yield db


def waiting(database: EngineDatabase) -> list[str]:
    with looking(database) as db:
        found = db.execute("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id").fetchall()
    return [lock for (lock,) in found]


# libraries and addresses ------------------------------------------------------------------------------------


def test_what_is_not_installed_is_named_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    require_libraries()
    monkeypatch.setattr(engine, "import_module", missing)
    with pytest.raises(EngineError, match=r"No module named 'procrastinate'\); pip install \"notifykit-outbox\[post"):
        require_libraries()


def test_the_address_of_the_store_serves_unless_another_is_named(store: str) -> None:
    settings = settings_of(f"{store}&schema=elsewhere")
    own = EngineDatabase.of(settings, "one")
    assert "elsewhere" not in own.conninfo
    assert f"-c search_path={own.schema}" in own.conninfo
    named = "postgresql://somebody@direct/other?options=-c%20work_mem%3D8MB"
    other = EngineDatabase.of(replace(settings, engine=EngineSettings(address=named)), "one")
    assert "host=direct" in other.conninfo
    assert f"-c work_mem=8MB -c search_path={own.schema}" in other.conninfo
    assert other.schema == own.schema
    assert EngineDatabase.of(settings, "two").schema != own.schema, "another outbox in the same database"
    with pytest.raises(EngineError, match="is no address of PostgreSQL"):
        EngineDatabase.of(replace(settings, engine=EngineSettings(address="nonsense=1")), "one")


@pytest.mark.parametrize("said", ["FATAL: unsupported startup parameter: options", "FATAL: no"])
def test_a_pooler_that_refuses_what_a_connection_is_opened_with_is_named(said: str) -> None:
    assert ("which no pooler stands before, in `engine: address`" in told(psycopg.OperationalError(said)).mend) is (
        "startup" in said
    )


def test_a_pooler_that_drops_it_makes_no_tables_elsewhere(store: str) -> None:
    pooled = replace(EngineDatabase.of(settings_of(store), "pooled"), conninfo=store)
    with pytest.raises(EngineError, match="reached through a pooler; name the server itself"):
        asyncio.run(pooled.prepare())
    with closing(psycopg.connect(store)) as db:
        assert db.execute("SELECT to_regclass('public.procrastinate_jobs')").fetchone() == (None,)
        assert db.execute("SELECT to_regnamespace(%s)", [pooled.schema]).fetchone() == (None,)


# tables -----------------------------------------------------------------------------------------------------


def test_many_workers_that_begin_at_once_make_the_tables_once(store: str) -> None:
    database = EngineDatabase.of(settings_of(store), "one")

    async def all_at_once() -> None:
        await asyncio.gather(*(database.prepare() for _ in range(4)))

    asyncio.run(all_at_once())
    asyncio.run(database.prepare())
    assert waiting(database) == []


def test_tables_without_workers_are_dropped_and_those_with_some_stay(store: str) -> None:
    one, two, three = (EngineDatabase.of(settings_of(store), name) for name in ("one", "two", "three"))
    asyncio.run(one.prepare())
    with looking(one) as db:
        db.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    asyncio.run(two.prepare())
    with looking(two) as db:
        db.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 hours')")
    asyncio.run(three.prepare())
    with looking(three) as db:
        found = db.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'notifykit_engine%'").fetchall()
    assert {name for (name,) in found} == {one.schema, three.schema}


# bells ------------------------------------------------------------------------------------------------------


def rung(store: str, *work: Any) -> EngineDatabase:
    """Do some work with an open application, one after the other."""
    database = EngineDatabase.of(settings_of(store), "one")

    async def do() -> None:
        await database.prepare()
        async with database.app().open_async() as app:
            for part in work:
                await part(app)

    asyncio.run(do())
    return database


def test_a_bell_that_waits_is_not_rung_again(store: str) -> None:
    bells = [drain_bell("a"), settle_bell("c", "files-01"), drain_bell("a"), drain_bell("b")]

    async def one_is_heard(app: App) -> None:
        worker = await app.job_manager.register_worker()
        await app.job_manager.fetch_job(["lanes"], worker)

    locks = ["drain:a", "settle:c@place:files-01", "drain:b"]
    assert waiting(rung(store, lambda app: ring(app, bells), lambda app: ring(app, bells))) == locks
    assert waiting(rung(store, one_is_heard, lambda app: ring(app, bells))) == [*locks[1:], "drain:a"]


def test_what_comes_round_is_rung_once_a_period_over_all_machines(store: str) -> None:
    async def is_heard(app: App) -> None:
        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(["lanes"], worker)
        assert job is not None
        assert job.task_kwargs == {"timestamp": 15_000}

    tick = Bell("tick")
    work = [lambda app: ring_once(app, tick, 15_000), is_heard, lambda app: ring_once(app, tick, 15_000)]
    assert waiting(rung(store, *work)) == []
    work = [lambda app: ring_once(app, tick, 30_000), lambda app: ring_once(app, tick, 45_000)]
    assert waiting(rung(store, *work)) == ["tick"]


def test_a_place_may_have_a_long_name(store: str) -> None:
    assert queue_of("files-01") == "place:files-01"
    place = "北京" * 60
    bells = [generate_bell("c", place), generate_bell("c", place + "2")]
    assert waiting(rung(store, lambda app: ring(app, bells))) == [bell.lock for bell in bells]
    assert queue_of(place) != queue_of(place + "2")


# drains -----------------------------------------------------------------------------------------------------


def test_a_connection_is_lent_again_while_it_is_fresh(tmp_path: Path) -> None:
    clock = FakeClock()
    outboxes = Outboxes(lambda: SqliteOutbox.open(tmp_path / "outbox.db", clock), clock)
    first, second = outboxes.take(), outboxes.take()
    assert first.worker != second.worker, "none claims under another's name"
    outboxes.give_back(first)
    assert outboxes.take() is first
    outboxes.give_back(first)
    outboxes.give_back(second)
    clock.advance(301)
    with outboxes.lent() as fresh:
        assert fresh not in (first.outbox, second.outbox)
    with suppress(ValueError), outboxes.lent() as again:
        assert again is fresh
        raise ValueError("a job failed")
    with outboxes.lent() as other:
        assert other is not fresh
    outboxes.close()


DESK = """
import pathlib, time
FOLDER = pathlib.Path(__file__).parent

def send(recipient, text):
    with (FOLDER / "called.txt").open("a") as file:
        file.write(text + ";")
    while "hangs" in text and not (FOLDER / "go-on").exists():
        time.sleep(0.02)
    return True
"""


@contextmanager
def drains_of(world: EngineWorld) -> Iterator[tuple[Drains, Outboxes]]:
    """What one process sends, after everything was queued."""
    assert world.run("generate").returncode == 0
    project = world.opened()
    outboxes = Outboxes(project.open_outbox, project.clock)
    drains = Drains(project, outboxes)
    try:
        yield drains, outboxes
    finally:
        drains.stop()
        drains.join()
        outboxes.close()


def test_a_channel_is_drained_once_at_a_time_and_once_more(tmp_path: Path, service: CountingServer) -> None:
    world = EngineWorld(tmp_path / "world", service, "state/outbox.db", count=3, channels=1)
    called, go_on = threading.Event(), threading.Event()

    def wait(_body: object) -> None:
        called.set()
        assert go_on.wait(30)

    service.before = wait
    with drains_of(world) as (drains, _), ThreadPoolExecutor() as threads:
        first = threads.submit(drains.run, "lane-0")
        assert called.wait(30)
        assert drains.run("lane-0") == Drained()
        go_on.set()
        assert first.result(30) == Drained(more=True, owing=("c-lane-0",))
        assert drains.run("lane-0") == Drained()
        assert drains.run("lane-7") == Drained(), "a channel of other machines"
        drains.stop()
        assert drains.run("lane-0") == Drained()
    assert set(service.accepted.values()) == {1}
    assert len(service.accepted) == 3


def test_a_call_that_does_not_return_keeps_no_place(tmp_path: Path, service: CountingServer) -> None:
    world = EngineWorld(tmp_path / "world", service, "state/outbox.db", count=2, channels=1, workers=1)
    (world.folder / "slow_desk.py").write_text(DESK, encoding="utf-8")
    project = world.folder / "notifykit.yaml"
    text = project.read_text(encoding="utf-8").replace("timeout: 30", "timeout: 0.1")
    sender = "{type: python, call: 'slow_desk:send', search_path: .}"
    project.write_text(text.replace("{type: webhook, url: {env: TEST_SERVICE_URL}}", sender), encoding="utf-8")
    campaign = world.folder / "campaigns" / "c-lane-0.yaml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace("template: 'record", "template: 'hangs"), encoding="utf-8")
    with drains_of(world) as (drains, outboxes):
        assert drains.run("lane-0") == Drained()
        assert drains.run("lane-0") == Drained(), "its one call goes on"
        with outboxes.lent() as outbox:
            assert len(outbox.on_wire()) == 1
        (world.folder / "go-on").touch()

        def all_sent() -> bool:
            drains.run("lane-0")
            with outboxes.lent() as outbox:
                return sum(1 for _ in outbox.tasks(Filter(statuses=(Status.SENT,)))) == 2

        wait_until(all_sent)
    assert (world.folder / "called.txt").read_text(encoding="utf-8").count(";") == 2
    with closing(world.opened().open_outbox()) as outbox:
        assert [len(outbox.attempts(task.id)) for task in outbox.tasks(Filter())] == [1, 1]


def test_what_a_job_does_goes_on_where_the_job_is_cancelled(
    tmp_path: Path, store: str, service: CountingServer
) -> None:
    """A worker of procrastinate that is cut off cancels its jobs, and a drain has claims on the wire."""
    worker = Worker(EngineWorld(tmp_path / "world", service, store, count=1, channels=1).opened(), say=print)
    done = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append(True)

    async def cut_off() -> None:
        job = asyncio.create_task(worker._apart(work()))
        await asyncio.sleep(0)
        job.cancel()
        await asyncio.wait([job])
        assert job.cancelled()
        await asyncio.wait(worker._at_work)

    asyncio.run(cut_off())
    assert done == [True]
