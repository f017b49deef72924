"""The project's disk is really full at one write after another: a tmpfs that a file has filled.

Each time one line tells what to do, and the next run goes on; with room enough it comes to the same end as ever.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.reading import content_digest

STEP = 48 * 1024
"""How much more room each run has."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 4 MB."""
    mount = shutil.which("mount")
    if sys.platform != "linux" or os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [mount, "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk_stops_it_and_the_next_run_goes_on(small_disk: Path) -> None:
    world = LegacyWorld(small_disk)
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.reports(2)
    before = {path.name: path.read_bytes() for path in (small_disk / "state").iterdir()}
    with closing(sqlite3.connect(world.store)) as db:
        digest = content_digest(db)
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0
    filler = small_disk / "filler"
    fill(filler)
    stops = []
    for _ in range(60):
        result = world.run("rollback", "--yes")
        if result.exit_code == 0:
            break
        assert result.exit_code in (1, 4), result.output
        stops.append(next(line for line in result.stderr.splitlines() if line.startswith("error")))
        with filler.open("ab") as file:
            file.truncate(max(0, filler.stat().st_size - STEP))
    else:
        pytest.fail(f"it never came to its end: {stops[-1]}")
    assert stops, "the disk was never full"
    assert all("full" in stop or "room" in stop or "No space" in stop for stop in stops), stops
    after = {path.name: path.read_bytes() for path in (small_disk / "state").iterdir()}
    assert {name: data for name, data in after.items() if not name.endswith(".lock")} == before
    with closing(sqlite3.connect(world.store)) as db:
        assert content_digest(db) == digest
