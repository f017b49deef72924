"""SIGKILL before every state-changing system call of an upgrade: the next one ends where an undisturbed one does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import other_versions
import pytest
from killing import Choose, kill_points, killed_in_copies, spread, within
from support_path import with_support

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.steps import steps

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""

COMMAND = "import sys; from pathlib import Path; from notifykit.outbox import SqliteOutbox"
COMMAND += "; SqliteOutbox.open(Path(sys.argv[1])).close()"


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
    points = choose(within(kill_points(command, environment, folder / "calls.log"), there))
    wanted = said(file)
    assert wanted[3] == tuple(step.name for step in steps())
    reached, wrong = 0, []
    for point in killed_in_copies(command, environment, before, there, points):
        reached += 1
        SqliteOutbox.open(file).close()
        if said(file) != wanted:
            wrong.append(str(point))
    assert wrong == []
    return f"killed at {reached} of {len(points)} places"


@pytest.mark.long
@pytest.mark.parametrize("earlier", EARLIER)
def test_killed_at_some_places(tmp_path: Path, earlier: str) -> None:
    sweep(EARLIER[earlier], tmp_path, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("earlier", EARLIER)
def test_killed_everywhere(tmp_path: Path, earlier: str) -> None:
    print(f"\nupgrade of {earlier}: {sweep(EARLIER[earlier], tmp_path, lambda points: points)}; all ended alike")
