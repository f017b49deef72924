"""SIGKILL before every state-changing system call of a rollback.

After each kill the same command comes to the end that an undisturbed run has. And where the old program is started in
between, by somebody who does not know, every message still goes out once.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from killing import STRACE, TRIES, KillPoint, kill_points, run_and_kill, spread
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.reading import content_digest

pytestmark = pytest.mark.crash

REDUCED = 4
"""Points in `make test`, where seconds count. `make crash` has all of them."""

SECOND = 3
"""After every so many-th kill, the recovery is killed too."""

COMMAND = ("rollback", "--yes")

End = tuple[dict[str, bytes], str, tuple[str, ...]]


@dataclass
class Scene:
    """A migrated world in which every row of the table occurs, and a crash of the old program in its past."""

    world: LegacyWorld

    @classmethod
    def build(cls, folder: Path) -> Scene:
        world = LegacyWorld(folder)
        scene = cls(world)
        with world.together():
            world.technician(status="completed")
            # One that was sent and whose flag the old program never came to set, and one of the normal queue.
            world.contract("N", SENT, [(GROUP, "completed")])
            world.contract("N", None, [(GROUP, "completed")])
            world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
            new = [world.contract("N", award=True) for _ in range(3)]
        scene._run("migrate", "--yes", "--stopped", "idle")
        refused, later, _ = new
        world.desk.set_moods({refused.number: "forbidden", later.number: "busy"})
        scene._run("generate")
        scene._run("dispatch", "--once")
        scene._run("resolve", "--cancel", "--campaign", "beijing", "--status", "failed", "--why", "not needed")
        world.append(world.row())  # never queued
        world.desk.set_moods({})
        return scene

    def _run(self, *arguments: str) -> None:
        result = self.world.run(*arguments)
        assert result.exit_code in (0, 3), result.output

    def again(self) -> None:
        """Run the command that was killed once more; then there is nothing left to do."""
        self._run(*COMMAND)
        assert self.world.run(*COMMAND).stdout == "nothing to do: nothing is migrated\n"

    def old_program(self) -> None:
        """Start the old program; the fence may stop its job."""
        run = LegacyRun(self.world)
        try:
            run.generate()
        except sqlite3.IntegrityError:
            assert self._migrated()
        run.schedule()

    def _migrated(self) -> bool:
        with closing(sqlite3.connect(self.world.store)) as db:
            return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'fence'").fetchone() is not None

    def end(self) -> End:
        """What there is: files, content of the database, names of what lies in the project."""
        files = {
            path.name: path.read_bytes()
            for path in sorted((self.world.folder / "state").iterdir())
            if not path.name.endswith(".lock")
        }
        with closing(sqlite3.connect(self.world.store)) as db:
            digest = content_digest(db)
            (mode,) = db.execute("PRAGMA journal_mode").fetchone()
        names = tuple(sorted(path.name for path in self.world.folder.iterdir()))
        return files, f"{mode} {digest}", names


@dataclass
class Tally:
    """What a sweep did and saw."""

    chosen: int
    twice: int = 0
    missed: list[KillPoint] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"killed at {self.chosen - len(self.missed)} of {self.chosen} places, each gone on from twice; "
            f"{self.twice} recoveries killed too"
        )


def sweep(tmp_path: Path, choose: Callable[[Sequence[KillPoint]], Sequence[KillPoint]]) -> Tally:
    assert STRACE is not None, "strace is missing; install it (Debian: apt-get install strace)"
    scene = Scene.build(tmp_path / "world")
    world = scene.world
    start, killed = tmp_path / "start", tmp_path / "killed"
    shutil.copytree(world.folder, start)
    command, environment = world.command_line(*COMMAND), dict(os.environ)
    points = kill_points(command, environment, tmp_path / "calls.log")
    undisturbed = scene.end()
    scene.old_program()
    delivered = world.delivered
    assert set(delivered.values()) == {1}
    chosen = choose(points)
    done = Tally(len(chosen))
    for at, point in enumerate(chosen):
        for _ in range(TRIES):
            replace(world.folder, start)
            if run_and_kill(command, environment, point):
                break
        else:
            done.missed.append(point)
            continue
        replace(killed, world.folder)
        if at % SECOND == 0:
            done.twice += run_and_kill(command, environment, chosen[(at + SECOND) % len(chosen)])
        scene.again()
        if scene.end() != undisturbed:
            done.wrong.append(f"{point}: another end")
        replace(world.folder, killed)
        scene.old_program()
        scene.again()
        scene.old_program()
        if world.delivered != delivered:
            done.wrong.append(f"{point}: {delivered - world.delivered} lost, {world.delivered - delivered} too many")
    assert len(done.missed) <= len(chosen) // 10, f"never reached: {', '.join(map(str, done.missed))}"
    return done


def replace(folder: Path, other: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(other, folder)


@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)")
def test_a_reduced_sweep_of_rollback(tmp_path: Path) -> None:
    done = sweep(tmp_path, lambda points: spread(points, REDUCED))
    assert done.wrong == []
    assert done.missed == []


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_the_whole_sweep_of_rollback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = sweep(tmp_path, lambda points: points)
    with capsys.disabled():
        print(f"\nrollback: {done}; never reached: {', '.join(map(str, done.missed)) or 'none'}")
    assert done.wrong == []
