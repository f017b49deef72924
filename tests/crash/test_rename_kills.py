"""SIGKILL before every state-changing system call of `notifykit campaign rename`: all has one name, old or new."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_world import CliWorld
from killing import Choose, kill_points, killed_in_copies, spread, within
from support_path import with_support

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""


def said(store: Path) -> dict[str, list[Any]]:
    """What a store says of campaigns, in each of its tables."""
    with closing(sqlite3.connect(store)) as db:
        return {
            "tasks": db.execute("SELECT id, campaign, status FROM tasks ORDER BY id").fetchall(),
            "data": db.execute("SELECT * FROM campaign_data ORDER BY id").fetchall(),
            "distinct": db.execute("SELECT * FROM distinct_keys").fetchall(),
            "counts": db.execute("SELECT * FROM campaigns ORDER BY campaign").fetchall(),
            "held": db.execute("SELECT campaign FROM held_campaigns").fetchall(),
            "told": db.execute("SELECT task_id, kind, detail FROM events ORDER BY id").fetchall(),
            "sound": db.execute("PRAGMA integrity_check").fetchall(),
        }


def sweep(folder: Path, choose: Choose) -> None:
    """Kill a renaming at one place after another, look, and let it be begun again."""
    before = CliWorld(folder / "before").lived()
    before.invoke("generate")
    before.invoke("keys", "distinct", "7", "007", "--campaign", "beijing", "--why", "two houses")
    (before.folder / "campaigns" / "beijing.yaml").rename(before.folder / "campaigns" / "beijing-2025.yaml")
    before.write_rows([["1010000000000000001", "测试管家1", "1", "N", ""]])
    assert before.invoke("generate").exit_code == 1  # held
    there = folder / "there"
    shutil.copytree(before.folder, there)
    store = there / "state" / "notifykit.db"
    command = [sys.executable, "-m", "notifykit", "--project", str(there / "notifykit.yaml")]
    command += ["campaign", "rename", "beijing", "beijing-2025", "--why", "one a year", "--who", "me"]
    environment = with_support(os.environ)
    old = said(store)
    points = kill_points(command, environment, folder / "calls.log")
    new = said(store)
    assert {campaign for _, campaign, _ in old["tasks"]} == {"beijing"}
    assert {campaign for _, campaign, _ in new["tasks"]} == {"beijing-2025"}
    assert (old["distinct"][0][0], new["distinct"][0][0]) == ("beijing", "beijing-2025")
    assert new["held"] == []
    ends = set()
    for point in killed_in_copies(command, environment, before.folder, there, choose(within(points, there))):
        found = said(store)
        assert found in (old, new), point
        ends.add(found == new)
    assert False in ends


@pytest.mark.long
def test_killed_at_some_places(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_killed_everywhere(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: points)
