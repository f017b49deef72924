"""What an earlier version left on the disk is read, finished, verified and taken back by this one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import earlier_worlds
import pytest
from earlier_worlds import FACTS, MIGRATED, PLAIN, PLAN, PLANNED, ROLLED_BACK
from legacy_world import LegacyWorld

from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.values import Transition

ARCHIVES = sorted((Path(__file__).parents[2] / "data" / "migration" / "earlier_versions").glob("*.tar.xz"))

ANY_AGE = ("--max-age", "3650")
"""The worlds grow older, and what becomes of a row must not depend on when the tests run."""

DONE = (0, 3)


@pytest.fixture(scope="session", params=ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the worlds of one version."""
    return earlier_worlds.unpacked(request.param, tmp_path_factory.mktemp("worlds"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "world"


def cut_short(packed: Path, name: str) -> Iterator[str]:
    """Yield the names of a killed command's worlds, in the order of the kills."""
    yield from sorted((path.name for path in packed.glob(f"{name}-*")), key=lambda name: int(name.rpartition("-")[2]))


def tasks_of(world: LegacyWorld) -> list[tuple[Any, ...]]:
    """What the outbox says of each task, but for times."""
    return [tuple(row.get(name) for name in SAID) for row in world.rows()]


SAID = (
    *("id", "task_type", "recipient", "message", "status"),
    *("campaign", "record_key", "message_name", "round", "channel", "attempts"),
)


def old_files(world: LegacyWorld) -> dict[str, bytes]:
    """What the old program reads: CSV and send-status files, by name."""
    files = sorted((world.folder / "state").iterdir())
    return {path.name: path.read_bytes() for path in files if path.suffix != ".lock"}


def done(world: LegacyWorld, *arguments: str, codes: Collection[int] = DONE) -> str:
    result = world.run(*arguments)
    assert result.exit_code in codes, f"{arguments}: {result.output}"
    return result.stdout


def test_there_is_a_version_and_it_has_every_world(packed: Path) -> None:
    names = {path.name for path in packed.iterdir()}
    assert {PLAIN, PLANNED, MIGRATED, ROLLED_BACK} <= names
    assert len([*cut_short(packed, "migrate")]) >= 8
    assert len([*cut_short(packed, "rollback")]) >= 8


def test_a_store_says_what_it_said(packed: Path, folder: Path) -> None:
    world = earlier_worlds.put_up(packed / PLAIN, folder)
    told = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    assert contains(json.loads(done(world, "tasks", "--json")), told["tasks"])
    statuses = {task["status"] for task in told["tasks"]["tasks"]}
    assert statuses == {status.value for status in Status} - {Status.FOREIGN.value}
    for key, trace in told["traces"].items():
        assert contains(json.loads(done(world, "trace", key, "--json")), trace)
    now = json.loads(done(world, "status", "--json"))
    for campaign in told["status"]["campaigns"]:
        del campaign["oldest_waiting_seconds"]  # it waits on
    assert contains(now["campaigns"], told["status"]["campaigns"])
    with closing(sqlite3.connect(world.store)) as db:
        assert schema._recorded(db) == (), "looking brings nothing up to date"
        assert db.execute("SELECT count(*) FROM pauses").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM starts").fetchone() > (5,)


def contains(now: Any, told: Any) -> bool:
    """Whether everything that was told is told again; there may be more members now."""
    if isinstance(told, dict):
        return all(name in now and contains(now[name], value) for name, value in told.items())
    if isinstance(told, list):
        return len(now) == len(told) and all(map(contains, now, told))
    return bool(now == told)


def test_a_store_works_on(packed: Path, folder: Path) -> None:
    world = earlier_worlds.put_up(packed / PLAIN, folder)
    world.desk.set_moods({})
    for channel in ("desk", "second"):
        done(world, "resume", channel, codes=(0, 1))
    with SqliteOutbox.open(world.store) as outbox:
        (lost,) = outbox.on_wire()  # its worker was killed, and left nothing that proves it
        assert outbox.expire(lost, Outcome.unknown("lost"), Transition(status=Status.IN_DOUBT))
        waiting = [row for row in world.rows() if row["status"] == "queued" and not row["attempts"]]
    before = world.delivered
    done(world, "run", "--once")
    arrived = world.delivered - before
    assert len(waiting) >= 2
    for row in waiting:
        assert arrived[row["recipient"], row["message"]] == 1
    assert max(arrived.values()) == 1


def test_a_plan_is_carried_out(packed: Path, folder: Path) -> None:
    world = earlier_worlds.put_up(packed / PLANNED, folder)
    done(world, "migrate", "--plan", str(folder / PLAN), "--yes")
    done(world, "verify", codes=(0,))
    assert tasks_of(world) == tasks_of(earlier_worlds.put_up(packed / MIGRATED, folder.with_name("theirs")))


@pytest.mark.long
def test_a_migration_that_was_cut_short_is_finished(packed: Path, folder: Path) -> None:
    theirs = earlier_worlds.put_up(packed / MIGRATED, folder.with_name("theirs"))
    for name in cut_short(packed, "migrate"):
        world = earlier_worlds.put_up(packed / name, folder.with_name(name))
        begun = "migrate_begun" in journal(world)
        done(world, "migrate", *(() if begun else ("--plan", str(world.folder / PLAN))), "--yes")
        assert tasks_of(world) == tasks_of(theirs), name
        assert old_files(world) == old_files(theirs), name
        done(world, "verify", codes=(0,))
        assert "retired" in journal(world), name


def test_a_migration_that_was_cut_short_is_taken_back(packed: Path, folder: Path) -> None:
    start = {row["id"]: row for row in earlier_worlds.put_up(packed / PLANNED, folder.with_name("start")).rows()}
    for name in cut_short(packed, "migrate"):
        world = earlier_worlds.put_up(packed / name, folder.with_name(name))
        if "migrate_begun" not in journal(world):
            continue
        done(world, "rollback", "--yes")
        for row in world.rows():  # What is held stays away, and what was missing is there to be sent.
            assert row == start.get(row["id"], row | {"status": "pending"}), name
        assert {id_ for id_, row in start.items() if row["status"] == "completed"} <= {
            row["id"] for row in world.rows()
        }
        with closing(sqlite3.connect(world.store)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (0,)
            assert not schema.is_outbox(db)


def test_a_finished_migration_is_verified_worked_on_and_taken_back(packed: Path, folder: Path) -> None:
    world = earlier_worlds.put_up(packed / MIGRATED, folder)
    done(world, "verify", codes=(0,))
    assert done(world, "history")
    done(world, "run", "--once")
    done(world, "verify", codes=(0,))
    done(world, "rollback", "--yes")
    with closing(sqlite3.connect(world.store)) as db:
        assert schema.columns_of(db) == schema.LEGACY_COLUMNS


@pytest.mark.long
def test_a_rollback_that_was_cut_short_is_finished(packed: Path, folder: Path) -> None:
    theirs = earlier_worlds.put_up(packed / ROLLED_BACK, folder.with_name("theirs"))
    for name in cut_short(packed, "rollback"):
        world = earlier_worlds.put_up(packed / name, folder.with_name(name))
        done(world, "rollback", "--yes")
        assert tasks_of(world) == tasks_of(theirs), name
        assert old_files(world) == old_files(theirs), name


def test_what_was_rolled_back_is_migrated_again_with_all_that_the_archive_knows(packed: Path, folder: Path) -> None:
    world = earlier_worlds.put_up(packed / ROLLED_BACK, folder)
    (archive,) = (folder / "notifykit-migration" / "archive").iterdir()
    with closing(sqlite3.connect(archive / "outbox.db")) as db:
        attempts = db.execute("SELECT verdict, count(*) FROM attempts GROUP BY verdict").fetchall()
        held = db.execute("SELECT count(*) FROM tasks WHERE status IN ('failed', 'in_doubt')").fetchone()
    assert len(attempts) >= 3
    done(world, "migrate", "--yes", "--stopped", "idle", *ANY_AGE)
    done(world, "verify", codes=(0,))
    with closing(sqlite3.connect(world.store)) as db:
        assert db.execute("SELECT verdict, count(*) FROM attempts GROUP BY verdict").fetchall() == attempts
        assert db.execute("SELECT count(*) FROM tasks WHERE status IN ('failed', 'in_doubt')").fetchone() == held


def journal(world: LegacyWorld) -> list[str]:
    """The kinds of what the journal says."""
    path = world.migration / "journal.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [kind for line in lines if (kind := json.loads(line).get("kind")) is not None]
