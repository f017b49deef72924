"""SIGKILL before every state-changing system call of a rollback.

After each kill the same command comes to the end that an undisturbed run has. And where the old program is started in
between, by somebody who does not know, every message still goes out once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from killed_worlds import KilledWorlds, Tally
from killing import PARTS, STRACE, KillPoint, part, spread
from legacy_run import LegacyRun
from legacy_world import AWARD, GROUP, SENT, LegacyWorld
from notifykit_migration.files.reading import content_digest

pytestmark = pytest.mark.crash

REDUCED = 4
"""Points in `make test`, where seconds count. `make crash` has all of them."""

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
        scene._run("resolve", "--cancel", "--campaign", "beijing", "--status", "failed", "--why", "not needed", "--yes")
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


def sweep(tmp_path: Path, choose: Callable[[Sequence[KillPoint]], Sequence[KillPoint]]) -> Tally:
    scene = Scene.build(tmp_path / "world")
    killed = KilledWorlds(scene.world, COMMAND, tmp_path)
    undisturbed = scene.end()
    scene.old_program()
    delivered = scene.world.delivered
    assert set(delivered.values()) == {1}

    def again() -> Iterator[str]:
        scene.again()
        if scene.end() != undisturbed:
            yield "another end"

    def old_program_between() -> Iterator[str]:
        scene.old_program()
        scene.again()
        scene.old_program()
        found = scene.world.delivered
        if found != delivered:
            yield f"{delivered - found} lost, {found - delivered} too many"

    return killed.sweep(choose(killed.points), [again, old_program_between])


@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)")
def test_a_reduced_sweep_of_rollback(tmp_path: Path) -> None:
    done = sweep(tmp_path, lambda points: spread(points, REDUCED))
    done.check()


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(1, PARTS + 1))
def test_the_whole_sweep_of_rollback(tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    done = sweep(tmp_path, lambda points: part(points, number))
    with capsys.disabled():
        print(f"\nrollback, part {number}: {done}")
    done.check()
