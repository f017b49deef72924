"""SIGKILL before system calls of a decision, of its undoing, and of mending texts: all of it is done, or nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_world import DOUBTFUL, FINE, REFUSED, CliWorld
from killing import Choose, kill_points, killed_in_copies, spread, within
from support_path import with_support

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""

COMMANDS = {
    "cancel": ["cancel", "1", "3", "4", "--why", "not wanted"],
    "undo": ["undo", "1", "--why", "they are"],
    "rerender": ["rerender", "--why", "a typing error", "--yes"],
}
CHANGED = {"cancel": 3, "undo": 3, "rerender": 6}


def said(store: Path) -> dict[str, list[Any]]:
    """What a store says of decisions and of what they are about, without times."""
    with closing(sqlite3.connect(store)) as db:
        return {
            "tasks": db.execute("SELECT id, status, tries, reason, sent_at, message FROM tasks ORDER BY id").fetchall(),
            "turns": db.execute("SELECT id FROM tasks WHERE due_at IS NOT NULL ORDER BY id").fetchall(),
            "decisions": db.execute("SELECT id, kind, who, undone_by FROM decisions ORDER BY id").fetchall(),
            "decided": db.execute("SELECT decision, task_id, was, became, undone FROM decided").fetchall(),
            "told": db.execute("SELECT task_id, kind, detail FROM events ORDER BY id").fetchall(),
            "sound": db.execute("PRAGMA integrity_check").fetchall(),
        }


def sweep(folder: Path, what: str, choose: Choose) -> None:
    """Kill a command at one place after another, look, and let it be begun again."""
    before = CliWorld(folder / "before", [REFUSED, DOUBTFUL, REFUSED, FINE])
    if what == "rerender":
        before.invoke("generate")
        before.edit("campaigns/beijing.yaml", "签约 ", "新签 ")
        before.edit("campaigns/beijing.yaml", "奖励 ", "激活奖励 ")
    else:
        before.lived()
    if what == "undo":
        assert before.invoke(*COMMANDS["cancel"]).exit_code == 0
    there = folder / "there"
    shutil.copytree(before.folder, there)
    store = there / "state" / "notifykit.db"
    command = [sys.executable, "-m", "notifykit", "--project", str(there / "notifykit.yaml")]
    command += [*COMMANDS[what], "--who", "me"]
    environment = with_support(os.environ)
    old = said(store)
    points = kill_points(command, environment, folder / "calls.log")
    new = said(store)
    assert [status for _, status, *_ in new["tasks"]].count("cancelled") == (3 if what == "cancel" else 0)
    assert len(new["told"]) == len(old["told"]) + CHANGED[what]
    ends = set()
    for point in killed_in_copies(command, environment, before.folder, there, choose(within(points, there))):
        found = said(store)
        assert found in (old, new), point
        ends.add(found == new)
    assert False in ends


@pytest.mark.parametrize("what", COMMANDS)
def test_killed_at_some_places(tmp_path: Path, what: str) -> None:
    sweep(tmp_path, what, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("what", COMMANDS)
def test_killed_everywhere(tmp_path: Path, what: str) -> None:
    sweep(tmp_path, what, lambda points: points)
