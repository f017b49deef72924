"""What only a store of several machines tells monitors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from cli_world import CliWorld, make_world, world
from postgres_store import postgres_address

from notifykit.alerts.conditions import KINDS, Condition, Kind, findings
from notifykit.alerts.facts import Facts
from notifykit.clock import SystemClock
from notifykit.metrics.collect import collect
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import Machine
from notifykit.pipeline.project import Project, open_project

__all__ = ["make_world", "world"]

MACHINE = Machine(name="", host="box", place="files-01", version="1", does="run", since=0.0, seen_at=0.0, ahead=0.0)


@pytest.fixture
def project(world: CliWorld, tmp_path: Path) -> Project:
    world.edit("notifykit.yaml", "store: state/notifykit.db", f"store: {postgres_address(tmp_path).url}")
    return open_project(world.project)


@pytest.fixture
def outbox(project: Project) -> Iterator[PostgresOutbox]:
    with closing(project.open_outbox()) as opened:
        assert isinstance(opened, PostgresOutbox)
        yield opened


def values(project: Project, outbox: PostgresOutbox, name: str) -> dict[tuple[str, ...], float]:
    (found,) = (metric for metric in collect(project, outbox) if metric.name == f"notifykit_{name}")
    return dict(found.values)


def test_the_age_of_the_oldest_snapshot_is_told(project: Project, outbox: PostgresOutbox, tmp_path: Path) -> None:
    with closing(psycopg.connect(postgres_address(tmp_path).conninfo)) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        time.sleep(0.2)
        (told,) = values(project, outbox, "store_oldest_snapshot_seconds").values()
        assert 0.2 <= told < 60
    assert outbox.oldest_snapshot() >= 0.0


def test_the_last_sign_of_life_of_each_place_is_told_and_no_process(project: Project, outbox: PostgresOutbox) -> None:
    for number in range(3):
        outbox.be_seen(replace(MACHINE, name=f"b:{number}"))
    seen = values(project, outbox, "worker_last_seen_timestamp_seconds")
    assert list(seen) == [("files-01",)]
    assert abs(seen["files-01",] - SystemClock().now()) < 60


def found(outbox: PostgresOutbox, kind: Kind, **said: float) -> list[tuple[str, str]]:
    condition = Condition(name=kind.value, kind=kind, **{"threshold": KINDS[kind].threshold, **said})  # type: ignore[arg-type]
    return [(one.subject, one.said.text) for one in findings([condition], Facts(outbox, (), ()))]


def test_an_alert_tells_of_a_place_that_ended_without_a_word(outbox: PostgresOutbox) -> None:
    for number, place in enumerate(("files-01", "files-01", "files-02", "files-03")):
        outbox.be_seen(replace(MACHINE, name=f"{place}:{number}", place=place))
    gone = (
        "UPDATE outbox.machines SET seen_at = seen_at - 7200 WHERE name IN ('files-01:1', 'files-02:2', 'files-03:3')"
    )
    assert found(outbox, Kind.WORKER_GONE) == []
    with outbox.transaction():
        outbox.db.execute(gone)
    outbox.leave("files-03:3")
    assert found(outbox, Kind.WORKER_GONE) == [("files-02", "files-02 has given no sign of life for 2 h")]


def test_an_alert_tells_of_a_transaction_that_stays_open(
    project: Project, outbox: PostgresOutbox, tmp_path: Path
) -> None:
    with closing(psycopg.connect(postgres_address(tmp_path).conninfo)) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        assert found(outbox, Kind.OLD_SNAPSHOT) == []
        time.sleep(0.2)
        ((subject, said),) = found(outbox, Kind.OLD_SNAPSHOT, threshold=0.1)
    assert subject == ""
    assert said.startswith("a transaction has been open for ")


def test_it_is_told_which_kind_of_store_it_is(project: Project, outbox: PostgresOutbox) -> None:
    ((_, kind),) = values(project, outbox, "build_info")
    assert kind == "postgresql"
