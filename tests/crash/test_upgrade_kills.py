"""SIGKILL before every state-changing system call of an upgrade: the next one ends where an undisturbed one does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import other_versions
import pytest
from killing import KillPoint, kill_points, run_and_kill, spread
from support_path import with_support

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.steps import steps

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""

COMMAND = "import sys; from pathlib import Path; from notifykit.outbox import SqliteOutbox"
COMMAND += "; SqliteOutbox.open(Path(sys.argv[1])).close()"

Choose = Callable[[Sequence[KillPoint]], Sequence[KillPoint]]


def legacy(file: Path) -> None:
    """A table of the old program."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(schema.LEGACY_TABLE)
        db.executemany("INSERT INTO tasks (task_type, recipient, message) VALUES ('t', 'r', ?)", [("一",), ("二",)])


def without_record(file: Path) -> None:
    legacy(file)
    other_versions.upgrade_without_record(file)


EARLIER = {"nothing": lambda _: None, "a legacy table": legacy, "steps not written down": without_record}


def said(file: Path) -> tuple[Any, ...]:
    """What a store says, but for the times of its steps."""
    with closing(sqlite3.connect(file)) as db:
        tables = db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        rows = db.execute("SELECT * FROM tasks ORDER BY id").fetchall()
        sound = db.execute("PRAGMA integrity_check").fetchone()
        return tables, rows, sound, schema.applied(db), db.execute("PRAGMA user_version").fetchone()


def sweep(make: Callable[[Path], None], folder: Path, choose: Choose) -> str:
    """Kill an upgrade at one place after another, and let it be begun again. Returns what was done."""
    before, there = folder / "before", folder / "there"
    before.mkdir()
    make(before / "outbox.db")
    file = there / "outbox.db"
    command = [sys.executable, "-c", COMMAND, str(file)]
    environment = with_support(os.environ)
    shutil.copytree(before, there)
    points = [point for point in kill_points(command, environment, folder / "calls.log") if is_of(point, there)]
    wanted = said(file)
    assert wanted[3] == tuple(step.name for step in steps())
    missed, wrong = [], []
    for point in (chosen := choose(points)):
        shutil.rmtree(there)
        shutil.copytree(before, there)
        if not run_and_kill(command, environment, point):
            missed.append(point)
            continue
        SqliteOutbox.open(file).close()
        if said(file) != wanted:
            wrong.append(str(point))
    assert wrong == []
    assert len(missed) <= len(chosen) // 10, f"never reached: {missed}"
    return f"killed at {len(chosen) - len(missed)} of {len(chosen)} places"


def is_of(point: KillPoint, folder: Path) -> bool:
    return point.path is None or Path(point.path).is_relative_to(folder)


@pytest.mark.long
@pytest.mark.parametrize("earlier", EARLIER)
def test_killed_at_some_places(tmp_path: Path, earlier: str) -> None:
    sweep(EARLIER[earlier], tmp_path, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("earlier", EARLIER)
def test_killed_everywhere(tmp_path: Path, earlier: str) -> None:
    print(f"\nupgrade of {earlier}: {sweep(EARLIER[earlier], tmp_path, lambda points: points)}; all ended alike")
