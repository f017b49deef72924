"""A standby takes over: with nothing lost where it had each commit first, and with a pause where it had not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from postgres_server import own_server

from notifykit.clock import SystemClock
from notifykit.demo.server import NoServerError, Server, as_account
from notifykit.errors import StoreError
from notifykit.model import Status
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import Filter
from notifykit.testing.outbox.steps import accept, claim, claim_one, queue
from notifykit.wording.host import FAILED_OVER

CLOCK = SystemClock()


@pytest.fixture
def primary() -> Iterator[Server]:
    with own_server(["wal_level=replica", "max_wal_senders=4", "hot_standby=on"]) as made:
        yield made


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """A server that follows, on a socket in a folder of its own."""
    folder = primary.folder.with_name(f"{primary.folder.name}-s")
    folder.mkdir()
    made = Server(folder, primary.programs)
    try:
        if as_account():
            shutil.chown(folder, "nobody", "nogroup")
        address = f"host={primary.folder} user=notifykit application_name=standby"
        made.run("pg_basebackup", "-d", address, "-D", str(made.data), "-R", "-X", "stream", "-c", "fast")
        with (made.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"unix_socket_directories='{folder}'\n")
        made.start()
        yield made
    finally:
        with suppress(NoServerError):
            made.stop()
        shutil.rmtree(folder)


def run_sql(on: Server, *statements: str) -> None:
    with psycopg.connect(on.address, autocommit=True) as db:
        for statement in statements:
            db.execute(statement)


def promote(one: Server) -> None:
    one.run("pg_ctl", "-s", "-D", str(one.data), "promote", "-w")


def both(primary: Server, other: Server) -> PostgresAddress:
    """The address of whichever takes writes, as libpq finds it."""
    hosts = f"{primary.folder},{other.folder}"
    return PostgresAddress(f"postgresql://notifykit@/postgres?host={hosts}&target_session_attrs=read-write")


def statuses(outbox: PostgresOutbox) -> list[Status]:
    return [task.status for task in outbox.tasks(Filter())]


@pytest.mark.long
def test_a_standby_that_had_each_commit_first_loses_nothing_and_pauses_nothing(primary: Server) -> None:
    with standby(primary) as other:
        run_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
        wait_for_standby(primary, "sync_state = 'sync'")
        with both(primary, other).open(CLOCK) as outbox:
            queue(outbox, *"abcdef")
            accept(outbox, claim_one(outbox))
            on_wire = claim_one(outbox)
            primary.stop()
            promote(other)
            assert accept(outbox, on_wire), "over another connection, which is made by itself"
            assert statuses(outbox) == [Status.SENT] * 2 + [Status.QUEUED] * 4
            assert outbox.pauses() == []
            assert len(claim(outbox)) == 4


@pytest.mark.long
def test_a_standby_that_was_behind_pauses_all_channels_until_a_person_says_so(primary: Server) -> None:
    with standby(primary) as other:
        with both(primary, other).open(CLOCK) as outbox:
            queue(outbox, *"abc")
            run_sql(primary, "CHECKPOINT")
            wait_for_standby(primary, "pg_current_wal_lsn() = replay_lsn")
            other.stop("fast")
            accept(outbox, claim_one(outbox))
            primary.stop()
            other.start()
            promote(other)
            queue(outbox, "d")
            assert claim(outbox) == [], "a message that was sent would go out again"
            (pause,) = outbox.pauses()
            assert pause.reason.code == FAILED_OVER(timeline=2).code
            assert pause.until == float("inf")
        with both(primary, other).open(CLOCK) as outbox:
            assert statuses(outbox) == [Status.QUEUED] * 4, "what was confirmed is gone"
            assert outbox.resume("robot", who="w", why="y")
            assert len(claim(outbox)) == 4
        with both(primary, other).open(CLOCK) as outbox:
            assert outbox.pauses() == []


def wait_for_standby(primary: Server, true: str) -> None:
    with psycopg.connect(primary.address, autocommit=True) as db:
        for _ in range(600):
            found = db.execute(f"SELECT {true} FROM pg_stat_replication").fetchone()
            if found == (True,):
                return
            db.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("the standby does not follow")


@pytest.mark.long
def test_a_standby_is_looked_at_and_takes_no_writes(primary: Server) -> None:
    with PostgresAddress(primary.address).open(CLOCK) as outbox:
        queue(outbox, "a")
    with standby(primary) as other, PostgresAddress(other.address).look(CLOCK) as outbox:
        assert statuses(outbox) == [Status.QUEUED]
        with PostgresAddress(other.address).open(CLOCK) as writing:
            with pytest.raises(StoreError, match="read-only") as caught:
                queue(writing, "b")
            assert caught.value.passing
