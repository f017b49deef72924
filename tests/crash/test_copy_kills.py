"""SIGKILL before every state-changing call of `notifykit store copy`: two stores can never be worked with."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from copied_store import fill, told
from killing import Choose, kill_points, killed_in_copies, spread, within
from support_path import with_support

from notifykit.clock import SystemClock
from notifykit.errors import StoreError
from notifykit.operate.copying import copy_store
from notifykit.outbox.sqlite.store import SqliteAddress

pytestmark = pytest.mark.crash

REDUCED = 5
"""Points in `make test`, where seconds count. `make crash` has all of them."""

CLOCK = SystemClock()


def sweep(folder: Path, choose: Choose) -> None:
    before, there = folder / "before", folder / "there"
    before.mkdir()
    with SqliteAddress(before / "old.db").open(CLOCK) as outbox:
        fill(outbox)
        expected = told(outbox)
    shutil.copytree(before, there)
    old, new = SqliteAddress(there / "old.db"), SqliteAddress(there / "new.db")
    command = [sys.executable, "-m", "notifykit", "store", "copy", str(old), str(new)]
    environment = with_support(os.environ)
    points = kill_points(command, environment, folder / "calls.log")
    ends = set()
    for point in killed_in_copies(command, environment, before, there, choose(within(points, there))):
        ends.add((holds(old, expected), holds(new, expected)))
        if not holds(new, expected):
            copy_store(old, new, CLOCK)
        assert (holds(old, expected), holds(new, expected)) == (False, True), point
    assert (True, True) not in ends
    assert (True, False) in ends


def holds(address: SqliteAddress, expected: dict[str, object]) -> bool:
    """Whether a store can be worked with, and has everything. An empty one is none."""
    if not address.exists():
        return False
    try:
        with address.open(CLOCK) as outbox:
            found = told(outbox)
    except StoreError:
        return False
    assert found["tasks"] == [] or found == expected
    return found == expected


@pytest.mark.long
def test_killed_at_some_places(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_killed_everywhere(tmp_path: Path) -> None:
    sweep(tmp_path, lambda points: points)
