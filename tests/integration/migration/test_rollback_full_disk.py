"""The project's disk is really full at one write after another: a tmpfs that a file has filled.

Each time one line tells what to do, and the next run goes on; with room enough it comes to the same end as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.files.reading import content_digest
from small_disk import small_disk

STEP = 48 * 1024
"""How much more room each run has."""


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_full_disk_stops_it_and_the_next_run_goes_on(small_folder: Path) -> None:
    world = LegacyWorld(small_folder)
    with world.together():
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.reports(2)
    before = {path.name: path.read_bytes() for path in (small_folder / "state").iterdir()}
    with closing(sqlite3.connect(world.store)) as db:
        digest = content_digest(db)
    assert world.run("migrate", "--yes", "--stopped", "idle").exit_code == 0
    filler = small_folder / "filler"
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
    after = {path.name: path.read_bytes() for path in (small_folder / "state").iterdir()}
    assert {name: data for name, data in after.items() if not name.endswith(".lock")} == before
    with closing(sqlite3.connect(world.store)) as db:
        assert content_digest(db) == digest
