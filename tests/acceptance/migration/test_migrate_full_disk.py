"""The project's disk is full at one write of a migration after another: a tmpfs that a file has filled.

Each time it says so in one line, nothing is lost, and the same command goes on when there is room.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.files.reading import content_digest
from small_disk import small_disk

STEP = 24 * 1024
"""How much more room each run has."""

COMMAND = ("migrate", "--yes", "--stopped", "idle")


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def world(small_folder: Path) -> LegacyWorld:
    world = LegacyWorld(small_folder)
    with world.together():
        world.technician(status="completed")
        for _ in range(20):
            world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("N", None, [(GROUP, "completed")], award=True)
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
        world.contract("N")
        world.reports(2)
    return world


def fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def old_state(world: LegacyWorld) -> tuple[dict[str, bytes], str]:
    """Files, and what the database says."""
    files = {
        path.name: path.read_bytes() for path in (world.folder / "state").iterdir() if not path.name.endswith(".lock")
    }
    with closing(sqlite3.connect(world.store)) as db:
        return files, content_digest(db)


def begun(world: LegacyWorld) -> bool:
    journal = world.migration / "journal.jsonl"
    return journal.exists() and "migrate_begun" in journal.read_text(encoding="utf-8")


def error_of(world: LegacyWorld, *arguments: str) -> str | None:
    """Run a command; returns the one line that it says, None where it came to its end."""
    result = world.run(*arguments)
    if result.exit_code == 0:
        return None
    assert result.exit_code in (1, 4), result.output
    assert "Traceback" not in result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error")]
    return str(line)


def test_each_write_may_find_no_room(world: LegacyWorld) -> None:
    before = old_state(world)
    filler = world.folder / "filler"
    fill(filler)
    stops = []
    while (stop := error_of(world, *COMMAND)) is not None:
        stops.append(stop)
        assert len(stops) < 200, f"it never came to its end: {stop}"
        if not begun(world):
            assert old_state(world) == before
        size = max(0, filler.stat().st_size - STEP)
        assert size, f"it wants more room than there is: {stop}"
        os.truncate(filler, size)
    for place in ("backups", "tasks.db"):
        assert any(place in stop for stop in stops), f"the disk was never full at {place}: {stops}"
    assert all("full" in stop or "room" in stop or "No space" in stop for stop in stops), stops
    filler.unlink()
    assert world.run("verify").exit_code == 0
    assert world.json() is None
    assert world.run("run", "--once").exit_code == 0
    assert len(world.delivered) == 3
    assert set(world.delivered.values()) == {1}
    assert set(world.flags().values()) == {"Y"}


def test_it_can_be_rolled_back_from_wherever_the_disk_was_full(world: LegacyWorld) -> None:
    before = old_state(world)
    filler = world.folder / "filler"
    fill(filler)
    while not begun(world):
        assert error_of(world, *COMMAND) is not None
        os.truncate(filler, filler.stat().st_size - STEP)
    filler.unlink()
    assert error_of(world, "rollback", "--yes") is None
    assert old_state(world) == before


def test_a_dry_run_needs_no_room(world: LegacyWorld) -> None:
    fill(world.folder / "filler")
    before = world.tree()
    assert world.run("migrate", "--dry-run").exit_code == 0
    assert world.tree() == before


def test_a_plan_or_a_page_that_has_no_room(world: LegacyWorld) -> None:
    fill(world.folder / "filler")
    for option in ("--out", "--report"):
        stop = error_of(world, "migrate", "--dry-run", option, str(world.folder / "out.file"))
        assert stop is not None
        assert "No space left" in stop
        assert option in stop
