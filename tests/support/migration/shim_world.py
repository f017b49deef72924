"""The legacy program under the shim in this very process: its modules are imported, and forgotten afterwards."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from notifykit_compat.installing import Shim, begin, remember
from program_world import ProgramWorld

from notifykit.plugins import Plugins, load_plugins
from notifykit.testing import FakeClock

TESTS = Path(__file__).parents[2]
PARTS = ("jobs", "main", "task_manager", "task_scheduler")
MINUTE = 60.0


class Loaded:
    """A program that is loaded."""

    def __init__(self, world: ProgramWorld) -> None:
        self.world = world

    def __getattr__(self, name: str) -> Any:
        """Return one of the program's modules, or of its package `modules`."""
        try:
            return importlib.import_module(f"modules.{name}")
        except ModuleNotFoundError:
            return importlib.import_module(name)

    def once(self, *names: str) -> None:
        """What `main.py --once` does."""
        for name in names or ("bj",):
            JOBS[name](self)
        self.drain()

    def drain(self, passes: int = 3) -> None:
        for _ in range(passes):
            self.task_scheduler.check_tasks()
            if not self.task_manager.get_pending_tasks():
                break
            self.between()

    def between(self) -> None:
        """What happens between two passes of the scheduler: nothing."""


class Program(Loaded):
    """A program that is loaded under the shim."""

    def __init__(self, world: ProgramWorld, shim: Shim, told: list[str], clock: FakeClock | None) -> None:
        super().__init__(world)
        self.shim = shim
        self._clock = clock
        self.told = told
        """What the shim said to the person."""

    def between(self) -> None:
        if self._clock is not None:
            self._clock.advance(MINUTE)


JOBS = {
    "bj": lambda program: program.jobs.signing_and_sales_incentive_aug_beijing(),
    "sh": lambda program: program.jobs.signing_and_sales_incentive_aug_shanghai(),
    "ts": lambda program: program.jobs.check_technician_status(),
    "report": lambda program: program.jobs.daily_service_report(),
    "remind": lambda program: program.jobs.pending_orders_reminder(),
}


def _forget() -> None:
    for name in [*sys.modules]:
        if name in PARTS or name == "modules" or name.startswith("modules."):
            del sys.modules[name]


@cache
def _plugins() -> Plugins:
    return load_plugins()


@contextmanager
def surroundings(folder: Path) -> Iterator[None]:
    """The working directory, search path and environment that the program would have."""
    before, path, pause = Path.cwd(), [*sys.path], os.environ.get("LEGACY_PAUSE")
    _forget()
    os.environ["LEGACY_PAUSE"] = "0"
    sys.dont_write_bytecode, writes = True, sys.dont_write_bytecode
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        os.chdir(before)
        sys.path[:] = path
        sys.dont_write_bytecode = writes
        os.environ.pop("LEGACY_PAUSE") if pause is None else os.environ.update(LEGACY_PAUSE=pause)
        _forget()


@contextmanager
def shimmed(world: ProgramWorld, *, strict: bool = False, clock: FakeClock | None = None) -> Iterator[Program]:
    """Load the program under the shim. By a clock that is given a minute passes between two of its passes."""
    told: list[str] = []

    def tell(said: str) -> None:
        if not (" itself" in said and str(TESTS) in said):  # tests play other programs, and are seen
            told.append(said)

    with surroundings(world.folder):
        shim = begin(world.project, strict=strict, plugins=_plugins(), tell=tell, clock=clock)
        remember(shim)
        try:
            yield Program(world, shim, told, clock)
        finally:
            remember(None)
            shim.end()


@contextmanager
def unshimmed(world: ProgramWorld) -> Iterator[Loaded]:
    """Load the program as it is."""
    with surroundings(world.folder):
        yield Loaded(world)
