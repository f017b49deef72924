"""Clocks that tick, as those of some machines do: at 16 ms on Windows, at up to 50 ms on virtual ones.

`NOTIFYKIT_TEST_CLOCK_TICK=0.05` has every clock of the tests, and of the Python processes that they start, stand still
for 50 ms and then jump; times of files likewise. Sleeps and timeouts of locks are the real ones.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TICK = "NOTIFYKIT_TEST_CLOCK_TICK"
"""The variable with the seconds between two ticks."""

CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")

AT_START = Path(__file__).parent / "at_start"
"""A folder for PYTHONPATH: what is in it starts the clock of a process."""

SECOND = 10**9

IN_THE_TUPLE = ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size")
"""What a stat result has by position alone."""


def from_environment() -> None:
    """Let the clocks tick where the variable says so, here and in every process to come."""
    if not (tick := os.environ.get(TICK)):
        return
    install(round(float(tick) * SECOND))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(AT_START) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(AT_START), *filter(None, paths)])


def install(tick: int) -> None:
    """Replace the clocks of this process by ones that show multiples of `tick` nanoseconds only."""
    for name in CLOCKS:
        exact: Callable[[], int] = getattr(time, f"{name}_ns")
        setattr(time, f"{name}_ns", _whole(exact, tick))
        setattr(time, name, _seconds(exact, tick))
    if sys.platform != "win32":  # how our own clock goes on while the machine sleeps
        any_clock = time.clock_gettime_ns
        time.clock_gettime_ns = lambda clock: any_clock(clock) // tick * tick
        time.clock_gettime = lambda clock: any_clock(clock) // tick * tick / SECOND
    for name in ("stat", "lstat", "fstat"):
        exact_stat = getattr(os, name)
        coarse = _stat(exact_stat, tick)
        setattr(os, name, coarse)
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if exact_stat in able:
                able.add(coarse)
    # By the time of a folder, which it asks for on its own, the import system tells whether a module was added.
    setattr(importlib._bootstrap_external, "_path_stat", os.stat)  # noqa: B010 - it is private


def _whole(exact: Callable[[], int], tick: int) -> Callable[[], int]:
    return lambda: exact() // tick * tick


def _seconds(exact: Callable[[], int], tick: int) -> Callable[[], float]:
    return lambda: exact() // tick * tick / SECOND


def _stat(exact: Callable[..., os.stat_result], tick: int) -> Callable[..., os.stat_result]:
    @functools.wraps(exact)
    def coarse(*arguments: Any, **options: Any) -> os.stat_result:
        facts = exact(*arguments, **options)
        rest: dict[str, Any] = {name: getattr(facts, name) for name in dir(facts) if name.startswith("st_")}
        for name in IN_THE_TUPLE:
            del rest[name]  # 3.13 takes nothing twice
        for name in ("st_atime", "st_mtime", "st_ctime"):
            nanoseconds = rest[f"{name}_ns"] // tick * tick
            rest |= {name: nanoseconds / SECOND, f"{name}_ns": nanoseconds}
        return os.stat_result(tuple(facts), rest)

    return coarse
