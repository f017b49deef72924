"""The program's other processes: each that `multiprocessing` makes has the shim, too.

One that starts afresh (spawn, forkserver) is sent preparation data, which it reads before it imports anything of the
program. Among them the shim puts a value that begins the shim there as it is read. One that is forked has a copy of
the shim, with locks and connections that are not its own: it begins anew.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import wraps
from multiprocessing import spawn, util
from typing import Any, Protocol

_KEY = "notifykit_compat"
"""What our part of the preparation data is called. `multiprocessing` passes over what it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a process that starts afresh has to know before the shim begins there."""

    project: str
    """The project file, from the root."""
    strict: bool
    path: list[str]
    """The program's search path."""
    arguments: list[str]
    folder: str
    """Its working directory."""

    def take_over(self) -> None:
        """Make them those of this process."""
        sys.path[:] = self.path
        sys.argv[:] = self.arguments
        os.chdir(self.folder)


class Shimmed(Protocol):
    """The shim, as far as it has to do with processes."""

    project_file: str
    strict: bool

    def end(self) -> None:
        """Queue and record what is left, and release everything."""
        ...

    def quiet(self) -> AbstractContextManager[None]:
        """Have no transaction open meanwhile."""
        ...

    def begin_anew(self) -> None:
        """In a process that was forked: have locks and connections of one's own."""
        ...


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Pickled, it is a call of `begin` in the process that reads it."""

    begin: Callable[[Surroundings], None]
    surroundings: Surroundings

    def __reduce__(self) -> tuple[Callable[[Surroundings], None], tuple[Surroundings]]:
        return self.begin, (self.surroundings,)


def hand_on(shim: Shimmed, begin: Callable[[Surroundings], None]) -> None:
    """Have all processes that this one makes from now on begin with a shim. `begin` is found there by its name."""
    _handed[:] = [shim, begin]
    util.register_after_fork(shim, _end_with_the_process)
    if not _hooked:
        _hooked.append(True)
        _hook()


def keep(shim: Shimmed) -> None:
    """Hand on nothing of this shim any more."""
    if _handed[:1] == [shim]:
        _handed.clear()


def _hook() -> None:
    preparation = spawn.get_preparation_data

    @wraps(preparation)
    def with_the_shim(name: str) -> dict[str, Any]:
        data = preparation(name)
        if _handed:
            shim, begin = _handed
            data[_KEY] = _Beginning(
                begin,
                Surroundings(
                    project=shim.project_file,
                    strict=shim.strict,
                    path=data["sys_path"],
                    arguments=data["sys_argv"],
                    folder=data["dir"],
                ),
            )
        return data

    spawn.get_preparation_data = with_the_shim
    if not (at_fork := getattr(os, "register_at_fork", None)):
        return
    at_fork(before=_quiet, after_in_parent=_go_on, after_in_child=_begin_anew)
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    from multiprocessing import forkserver

    begin, connect = forkserver.ensure_running, forkserver.connect_to_new_process

    def ensure_running() -> None:
        _preload_nothing(forkserver.set_forkserver_preload)
        begin()

    def connect_to_new_process(fds: Any) -> Any:
        _preload_nothing(forkserver.set_forkserver_preload)
        return connect(fds)

    forkserver.ensure_running, forkserver.connect_to_new_process = ensure_running, connect_to_new_process


def _preload_nothing(preload: Callable[[list[str]], None]) -> None:
    """What a fork server, which has no shim, imports for its processes would stay as it is in all of them."""
    if _handed:
        preload([])


def _quiet() -> None:
    if _handed:
        _forking.enter_context(_handed[0].quiet())


def _go_on() -> None:
    _forking.close()


def _begin_anew() -> None:
    _forking.pop_all()  # the threads that it kept away are not here
    if _handed:
        _handed[0].begin_anew()


def _end_with_the_process(shim: Shimmed) -> None:
    """`multiprocessing` ends some processes without what `atexit` was told."""
    if _handed[:1] == [shim]:
        util.Finalize(None, shim.end, exitpriority=_LAST)


_LAST = -100
_handed: list[Any] = []
"""The shim of this process, and how another process begins one."""
_hooked: list[bool] = []
_forking = ExitStack()
"""What is held while the process forks."""
