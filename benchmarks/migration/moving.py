"""`notifykit migrate` and `notifykit rollback` over a large old world, as processes of their own; and their rivals."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.harness import Sample, Stopwatch, timed
from benchmarks.migration import legacy_world, raw_reading
from benchmarks.migration.legacy_world import CONTRACTS, STATUS_FILE, STORE
from benchmarks.shelf import Shelf

DONE, HELD = 0, 3
_ROOT = Path(__file__).parents[2]
_MIGRATE = ("migrate", "--yes", "--stopped", "idle")


def read_once(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Read the three old states."""
    folder = _world(room, shelf, contracts)
    found: list[tuple[int, int, int]] = []
    sample = timed(
        lambda: found.append(raw_reading.read(folder / CONTRACTS, folder / STATUS_FILE, folder / STORE)),
    )
    _expect("rows of the old file", found[0][0], contracts)
    return sample


def back_up(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Copy the old state."""
    folder = _world(room, shelf, contracts)
    kept = room / "kept"
    kept.mkdir()
    return timed(
        lambda: raw_reading.back_up(folder / STORE, (folder / CONTRACTS, folder / STATUS_FILE), kept),
    )


def dry_run(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Plan, and change nothing."""
    return _command(_world(room, shelf, contracts), "migrate", "--dry-run", "--stopped", "idle")


def migrate(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Plan, back up, apply, verify, retire."""
    folder = _world(room, shelf, contracts)
    sample = _command(folder, *_MIGRATE)
    _expect("send-status files", len(list((folder / "state").glob("*.json"))), 0)
    _expect("queued", _tasks(folder, "queued"), _waiting(contracts))
    return sample


def roll_back(room: Path, shelf: Shelf, contracts: int) -> Sample:
    """Go back from a world that was just migrated."""

    def make(folder: Path) -> None:
        legacy_world.write(folder, contracts)
        _command(folder, *_MIGRATE)

    folder = room / "project"
    shutil.copytree(shelf.keep(f"migrated-{contracts}", make), folder)
    sample = _command(folder, "rollback", "--yes")
    words = json.loads((folder / STATUS_FILE).read_text(encoding="utf-8"))
    _expect("keys of the send-status file", len(words), contracts * 98 // 100)
    _expect("pending", _tasks(folder, "pending"), _waiting(contracts))
    return sample


def _world(room: Path, shelf: Shelf, contracts: int) -> Path:
    kept = shelf.keep(f"legacy-{contracts}", lambda to: legacy_world.write(to, contracts))
    return Path(shutil.copytree(kept, room / "project"))


def _command(folder: Path, *arguments: str) -> Sample:
    """Run notifykit, start-up included. Raises RuntimeError where it does not end well."""
    notifykit = (sys.executable, "-m", "notifykit", "--project", str(folder / "notifykit.yaml"), *arguments)
    watch = Stopwatch()
    with watch.running():
        done = subprocess.run(
            (sys.executable, "-m", "benchmarks.peak", *notifykit),
            cwd=_ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode not in (DONE, HELD):
        raise RuntimeError(f"notifykit {' '.join(arguments)}: exit code {done.returncode}: {done.stderr[-2000:]}")
    return Sample(value=watch.seconds, peak=float(done.stdout))


def _waiting(contracts: int) -> int:
    """How many tasks of the world nobody has sent yet."""
    first, last = contracts * 90 // 100, contracts * 98 // 100
    return last - first + sum(at % 2 == 0 for at in range(first, last))


def _tasks(folder: Path, status: str) -> int:
    with closing(sqlite3.connect(folder / STORE)) as db:
        return int(db.execute("SELECT count(*) FROM tasks WHERE status = ?", (status,)).fetchone()[0])


def _expect(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{what}: {found}, not {wanted}; a figure for wrong work is worth nothing")
