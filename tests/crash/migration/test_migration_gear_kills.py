"""SIGKILL before every state-changing system call of backup, journal and steps: the next run ends where one does."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import gear_run
import pytest
from backed_up import BackedUp
from killing import STRACE, KillPoint, kill_points, run_and_kill, spread
from notifykit_migration.backup import make as backups
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.journal import Journal
from notifykit_migration.model import CheckResult
from support_path import with_support

pytestmark = pytest.mark.crash

REDUCED = 6

SECOND = 0.3
"""How many of the recoveries are killed as well."""

Choose = Callable[[Sequence[KillPoint]], Sequence[KillPoint]]


class Stage:
    """A project with a log that a killed program left, put back before each kill."""

    def __init__(self, tmp_path: Path, away: Path) -> None:
        self.project = tmp_path / "project"
        self.away = away
        self.before = tmp_path / "before"
        BackedUp(self.project, rows=5).write_to_the_log(3)
        shutil.copytree(self.project, self.before)
        self.command = [sys.executable, gear_run.__file__, str(self.project), str(away)]
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        self.temporary = temporary
        self.environment = {
            **with_support(os.environ),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(temporary),
        }

    def has(self, point: KillPoint) -> bool:
        """Leave out the temporary folder: its names differ from run to run, and what lies there is nobody's."""
        return point.path is None or not Path(point.path).is_relative_to(self.temporary)

    def put_back(self) -> None:
        shutil.rmtree(self.project)
        shutil.copytree(self.before, self.project)
        for path in self.away.iterdir():
            path.unlink()

    def state(self) -> dict[str, str]:
        """Everything but times: what lies where, and what the journal says was done."""
        found = {}
        for base in (self.project, self.away):
            for path in sorted(base.rglob("*")):
                if path.is_file() and path.name != "journal.jsonl":
                    found[str(path.relative_to(base))] = path.read_bytes().hex()
        # The copy of the database and the original's times are in the manifest: both differ from run to run.
        for name in [name for name in found if Path(name).name in ("manifest.json", "manifest.sha256", "store.db")]:
            found[name] = "there"
        return found

    def problems(self) -> list[str]:
        """What a killed run must not leave for others to find."""
        folder = MigrationFolder.of(self.project)
        Journal.read(folder.journal)
        newest = backups.latest(folder)
        if newest is None:
            return []
        return [
            f"{check.name}: {check.evidence}"
            for check in backups.check(newest.folder)
            if check.result is CheckResult.FAILED and ".notifykit-migration" not in check.evidence
        ]


def plain(point: KillPoint) -> KillPoint:
    """Return the point with its path as it is: strace shows what is not ASCII by numbers."""
    if point.path is None or "\\" not in point.path:
        return point
    return replace(point, path=point.path.encode().decode("unicode_escape").encode("latin-1").decode())


def told(stage: Stage) -> list[str]:
    entries = Journal.read(MigrationFolder.of(stage.project).journal)
    return [str(entry.fields["step"]) for entry in entries if entry.kind == "done"]


def sweep(stage: Stage, choose: Choose, second: random.Random | None = None) -> str:
    assert STRACE is not None, "strace is missing; install it (Debian: apt-get install strace)"
    log = stage.project.parent / "calls.log"
    points = [point for point in map(plain, kill_points(stage.command, stage.environment, log)) if stage.has(point)]
    wanted, done = stage.state(), told(stage)
    assert len(done) == 4
    wrong: list[str] = []
    missed: list[KillPoint] = []
    twice = 0
    for point in choose(points):
        stage.put_back()
        if not run_and_kill(stage.command, stage.environment, point):
            missed.append(point)
        wrong += [f"{point}: {problem}" for problem in stage.problems()]
        if second is not None and second.random() < SECOND:
            twice += 1
            again = second.choice(points)
            run_and_kill(stage.command, stage.environment, again)
            wrong += [f"{point}, {again}: {problem}" for problem in stage.problems()]
        gear_run.run(stage.project, stage.away)
        if stage.state() != wanted:
            wrong.append(f"{point}: {stage.state().keys() ^ wanted.keys() or 'other content'}")
        if told(stage) != done:
            wrong.append(f"{point}: the journal says {told(stage)}")
    assert wrong == []
    assert missed == []
    return f"killed at {len(choose(points))} places, {twice} times once more in the recovery"


def test_killed_at_some_places(tmp_path: Path, away: Path) -> None:
    sweep(Stage(tmp_path, away), lambda points: spread(points, REDUCED))


@pytest.mark.deep
@pytest.mark.timeout(1200)
def test_killed_everywhere_and_once_more(tmp_path: Path, away: Path) -> None:
    said = sweep(Stage(tmp_path, away), lambda points: points, random.Random(3))
    print(f"\nbackup, journal, steps: {said}; all ended alike")
