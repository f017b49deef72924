"""Promise 5: a dry run touches nothing. Not a byte, not a time stamp, not a file beside another one.

Compared over the whole tree of worlds in every phase, with the store in every state that SQLite leaves behind.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

pytestmark = pytest.mark.crash
"""`make crash` prints the figures of the promises."""

COMMANDS = (
    ("migrate", "--dry-run"),
    ("migrate", "--dry-run", "--json", "--detailed-exitcode"),
    ("migrate", "--dry-run", "--historic", "assume-sent", "--raised", "queue", "--max-age", "1"),
    ("migrate", "--until", "plan"),
    ("rollback", "--dry-run"),
    ("rollback", "--dry-run", "--json"),
    ("migrate", "--until", "plan", "--yes"),
    ("history",),
)

IDLE = ("--stopped", "idle")


def build(folder: Path) -> LegacyWorld:
    world = LegacyWorld(folder)
    with world.together():
        world.technician(status="completed")
        world.leftovers(5)
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("N", None, [(GROUP, "completed")], award=True)
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("Y", SENT)
        world.contract("N")
        world.reports(2)
    return world


def fine(world: LegacyWorld, *arguments: str) -> None:
    done = world.run(*arguments)
    assert done.exit_code in (0, 3), done.output


@contextmanager
def as_it_was(world: LegacyWorld) -> Iterator[None]:
    yield


@contextmanager
def torn(world: LegacyWorld) -> Iterator[None]:
    world.json_torn()
    yield


HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("UPDATE tasks SET updated_at = '2025-08-20 09:30:00' WHERE id = 1")
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def with_a_log(world: LegacyWorld) -> Iterator[None]:
    """Another program has the store open in WAL mode: what was committed last is in the log only."""
    command = [sys.executable, "-c", HOLD, str(world.store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        assert world.store.with_name("tasks.db-wal").stat().st_size
        yield


@contextmanager
def with_a_log_and_nobody(world: LegacyWorld) -> Iterator[None]:
    """The program that had it open was killed."""
    with with_a_log(world):
        left = world.folder.with_name("left")
        shutil.copytree(world.folder, left)
    shutil.rmtree(world.folder)
    left.rename(world.folder)
    assert world.store.with_name("tasks.db-wal").exists()
    yield


@contextmanager
def with_a_hot_journal(world: LegacyWorld) -> Iterator[None]:
    """Killed in a transaction that had begun to write its pages."""
    left = world.folder.with_name("left")
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        db.execute("CREATE TABLE more (text)")
        db.executemany("INSERT INTO more VALUES (?)", (("x" * 3000,) for _ in range(200)))
        db.execute("UPDATE tasks SET status = 'completed'")
        shutil.copytree(world.folder, left)
        db.execute("ROLLBACK")
    shutil.rmtree(world.folder)
    left.rename(world.folder)
    assert world.store.with_name("tasks.db-journal").stat().st_size
    yield


@contextmanager
def half_migrated(world: LegacyWorld) -> Iterator[None]:
    fine(world, "migrate", "--yes", *IDLE, "--until", "apply")
    yield


@contextmanager
def soaking(world: LegacyWorld) -> Iterator[None]:
    fine(world, "migrate", "--yes", *IDLE, "--soak", "7")
    yield


@contextmanager
def at_work(world: LegacyWorld) -> Iterator[None]:
    fine(world, "migrate", "--yes", *IDLE)
    fine(world, "generate")
    with with_a_log(world):
        yield


@contextmanager
def rolled_back(world: LegacyWorld) -> Iterator[None]:
    fine(world, "migrate", "--yes", *IDLE)
    fine(world, "run", "--once")
    fine(world, "rollback", "--yes")
    world.append(world.row())
    yield


State = Callable[[LegacyWorld], AbstractContextManager[None]]

STATES = (
    as_it_was,
    torn,
    with_a_log,
    with_a_log_and_nobody,
    with_a_hot_journal,
    half_migrated,
    soaking,
    at_work,
    rolled_back,
)


def touched(world: LegacyWorld) -> tuple[int, list[str]]:
    """Run every dry run. Returns how many files and folders were compared, and what was touched."""
    compared, found = 0, []
    for command in COMMANDS:
        before = world.tree()
        done = world.run(*command)
        after = world.tree()
        assert done.exit_code in (0, 3, 4, 10), f"{command}: {done.output}"
        compared += len(before)
        names = before.keys() | after.keys()
        found += [f"{' '.join(command)}: {name}" for name in sorted(names) if before.get(name) != after.get(name)]
    return compared, found


@pytest.mark.long
def test_a_dry_run_touches_nothing(tmp_path: Path) -> None:
    compared, wrong = 0, []
    for state in STATES:
        world = build(tmp_path / state.__name__ / "project")
        with state(world):
            more, found = touched(world)
        compared += more
        wrong += [f"{state.__name__}: {what}" for what in found]
    print(
        f"\ndry runs: {len(STATES)} states, {len(COMMANDS)} commands: {compared} files compared, {len(wrong)} touched"
    )
    assert wrong == []
