"""A command over a legacy world, killed at one place after another, and what becomes of each world that is left.

killed = KilledWorlds(world, ("rollback", "--yes"), tmp_path)
end = ...  # the world is now as the undisturbed command leaves it
done = killed.sweep(killed.points, [leg])
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from killing import STRACE, TRIES, KillPoint, kill_points, run_and_kill
from legacy_world import LegacyWorld

Leg = Callable[[], Iterable[str]]
"""Goes on from a world that was left by a kill, and yields what is wrong in the end."""


@dataclass
class Tally:
    """What a sweep did and saw."""

    chosen: int
    legs: int
    missed: list[KillPoint] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        reached = self.chosen - len(self.missed)
        never = ", ".join(map(str, self.missed)) or "none"
        return f"killed at {reached} of {self.chosen} places, gone on from in {self.legs} ways; never reached: {never}"

    def check(self) -> None:
        """Fail where anything was wrong, or where too much was never reached."""
        assert not self.wrong, "\n".join(self.wrong)
        assert len(self.missed) <= self.chosen // 10, f"never reached: {', '.join(map(str, self.missed))}"


class KilledWorlds:
    """One command over one world."""

    def __init__(self, world: LegacyWorld, command: Sequence[str], folder: Path) -> None:
        """Keep the world as it is now, and run the command undisturbed: the world is left at its end."""
        assert STRACE is not None, "strace is missing; install it (Debian: apt-get install strace)"
        self._world = world
        self._start, self._killed = folder / "start", folder / "killed"
        self._line, self._environment = world.command_line(*command), dict(os.environ)
        replace(self._start, world.folder)
        points = kill_points(self._line, self._environment, folder / "calls.log")
        self.points = [point for point in points if point.path is None or self._same_again(Path(point.path))]
        """A file whose name is another one in each run cannot be found again; its first write is a place of its own."""

    def _same_again(self, path: Path) -> bool:
        named_by_time = [self._world.migration / name for name in ("backups", "archive")]
        return path.is_relative_to(self._world.folder) and not any(map(path.is_relative_to, named_by_time))

    def sweep(self, points: Sequence[KillPoint], legs: Sequence[Leg]) -> Tally:
        """Kill the command at each of these places, and go every leg from there."""
        done = Tally(len(points), len(legs))
        for point in points:
            if not self._kill(point):
                done.missed.append(point)
                continue
            replace(self._killed, self._world.folder)
            for leg in legs:
                replace(self._world.folder, self._killed)
                done.wrong += [f"{point}: {what}" for what in leg()]
        return done

    def _kill(self, point: KillPoint) -> bool:
        for _ in range(TRIES):
            replace(self._world.folder, self._start)
            if run_and_kill(self._line, self._environment, point):
                return True
        return False


def replace(folder: Path, other: Path) -> None:
    """Make a folder a copy of another one."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(other, folder)
