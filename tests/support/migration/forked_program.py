"""Kills the legacy program at function boundaries, bare or under the shim, and starts it again until it is at rest.

A process of its own, with what Python has to import done once: each run is a fork of it. It prints a JSON line for
each kill. Run it with: folder of a prepared world, folder to work in, `bare` or `shim`, and the boundaries (`3,7`, or
`:5` for every fifth).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import notifykit_compat.command
import notifykit_contract.swap
from notifykit_compat.installing import begin, remember
from notifykit_compat.running import prepare, run
from program_world import ProgramWorld
from system import KILLED

from notifykit.plugins import load_plugins

JOBS = ("--once", "bj", "ts")
OURS = tuple(str(Path(str(module.__file__)).parent) for module in (notifykit_compat.command, notifykit_contract.swap))
PLUGINS = load_plugins()


class Boundaries:
    """Counts calls and returns of the program's functions and of the shim's, and kills the process at one of them."""

    def __init__(self, folder: Path, die_at: int) -> None:
        self.count = 0
        self.where = ""
        self._die_at = die_at
        self._folders = (str(folder), *OURS)

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event not in ("call", "return") or not frame.f_code.co_filename.startswith(self._folders):
            return
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), -KILLED)


def existing(folder: Path) -> ProgramWorld:
    """Return the world that was copied there."""
    world = ProgramWorld.__new__(ProgramWorld)
    facts = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    world.folder, world.count, world.award_every = folder, facts["count"], facts["award_every"]
    world.shanghai, world.environment = 0, {}
    return world


def forked(work: Callable[[], None]) -> int:
    """Run something in a fork; returns how it ended, as `os.waitstatus_to_exitcode` does."""
    if sys.platform == "win32":
        raise OSError("Windows has no fork")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            work()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def once(world: ProgramWorld, mode: str, boundaries: Boundaries | None = None) -> None:
    """Run the program once through, in this process."""
    os.chdir(world.folder)
    os.environ["LEGACY_PAUSE"] = "0"
    sys.dont_write_bytecode = True
    prepare(Path("main.py"))
    if boundaries is not None:
        threading.setprofile(boundaries)
        sys.setprofile(boundaries)
    if mode == "shim":
        shim = begin(world.project, plugins=PLUGINS, tell=lambda _said: None)
        remember(shim)
        run(Path("main.py"), JOBS)
        shim.end()
    else:
        run(Path("main.py"), JOBS)
    sys.setprofile(None)


def count(world: ProgramWorld, mode: str) -> int:
    """Return how many boundaries an undisturbed run has."""
    note = world.folder / "count"

    def counting() -> None:
        boundaries = Boundaries(world.folder, 0)
        once(world, mode, boundaries)
        note.write_text(str(boundaries.count))

    assert forked(counting) == 0
    return int(note.read_text())


def judge(world: ProgramWorld, mode: str, at: int) -> dict[str, Any]:
    """Kill it there, start it again, have a person decide about what is in doubt, and look what became of all."""
    killed = forked(lambda: once(world, mode, Boundaries(world.folder, at))) == KILLED
    again = [forked(lambda: once(world, mode))]
    doubts = world.decide() if mode == "shim" else 0
    again += [forked(lambda: once(world, mode)) for _ in range(2 if doubts else 1)]
    kinds = Counter[str]()
    for problem in world.problems():
        kind = problem.split()[0] if not problem[0].isdigit() else "duplicates"
        kinds[kind] += int(problem.split()[0]) - 1 if kind == "duplicates" else 1
    technicians = Counter(entry["text"] for entry in world.typed() if "师傅" in entry["text"])
    return {
        "at": at,
        "killed": killed,
        "lost": kinds["lost"],
        "duplicates": kinds["duplicates"],
        "flags": kinds["flag"],
        "otherwise": kinds["not"],
        "doubts": doubts,
        "failed": sum(code != 0 for code in again),
        "technicians": sum(times - 1 for times in technicians.values()),
    }


def main(template: Path, work: Path, mode: str, points: str) -> None:
    def fresh(name: str) -> ProgramWorld:
        folder = work / f"{mode}-{name}"
        shutil.copytree(template, folder)
        return existing(folder)

    if points.startswith(":"):
        wanted = list(range(1, count(fresh("count"), mode) + 1, int(points[1:])))
    else:
        wanted = [int(point) for point in points.split(",")]
    for at in wanted:
        world = fresh(str(at))
        print(json.dumps(judge(world, mode, at)), flush=True)
        shutil.rmtree(world.folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
