"""Notices, at run time, code that bypasses the shim: that opens the task database, or files that the shim keeps, or
starts a script of the program in a process without the shim.

Python tells an audit hook of each such step, whoever takes it, before it is taken. A hook cannot be taken away again,
so there is one in a process, and it asks who is watching.
"""

from __future__ import annotations

import inspect
import os
import sqlite3
import sys
import sysconfig
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

from notifykit.wording.translation import gettext
from notifykit_compat.findings import Finding, Findings
from notifykit_compat.starting import EVENTS, bare_script

_WRITES = os.O_WRONLY | os.O_RDWR
_OURS = ("notifykit", "notifykit_compat", "notifykit_migration", "notifykit_contract", "notifykit_technician")


class Watch:
    """What one shim watches over."""

    def __init__(
        self,
        store: Path,
        files: Mapping[Path, str],
        findings: Findings,
        *,
        program: Path,
        dress: Callable[[sqlite3.Connection], None],
        excused: Callable[[FrameType], bool],
    ) -> None:
        """`files`: what must not be rewritten, each with what to say. `program`: the folder of its code. `dress`: what
        is done to its own connections. `excused`: whether what this caller opens is ignored."""
        self._store = str(store)
        self._files = {str(path): what for path, what in files.items()}
        self._names = {path.name for path in files}
        self._findings = findings
        self._program = program
        self._dress = dress
        self._excused = excused

    def begin(self) -> None:
        """Watch, instead of the shim that did until now."""
        _watching[:] = [self]
        if not _installed:
            _installed.append(True)
            sys.addaudithook(_audit)
            _hook_connect()

    def end(self) -> None:
        """Stop watching."""
        if _watching == [self]:
            _watching.clear()

    def connected(self, database: object) -> None:
        """Look at a connection to a database."""
        if not isinstance(database, str | bytes | os.PathLike):
            return
        name = os.fsdecode(database).removeprefix("file:").partition("?")[0]
        if Path(name).name == Path(self._store).name and os.path.realpath(name) == self._store:
            self._tell(
                gettext("connects to the task database itself"),
                gettext("let it use task_manager, or keep it away from migrated campaigns"),
            )

    def has_connected(self, connection: sqlite3.Connection) -> None:
        """Let the program's SQL over the task table go to the outbox."""
        caller = _caller()
        if caller is not None and not self._excused(caller):
            self._dress(connection)

    def opened(self, path: object, mode: object, flags: object) -> None:
        """Look at a file that is opened."""
        if not isinstance(path, str | bytes | os.PathLike):
            return
        name = os.fsdecode(path)
        if os.path.basename(name) not in self._names:  # noqa: PTH119 - called for every file that is opened
            return
        if not (isinstance(flags, int) and flags & _WRITES) or flags & os.O_APPEND:
            return
        if mode is not None and "a" in str(mode):
            return
        if (what := self._files.get(os.path.realpath(name))) is not None:
            self._tell(what, gettext("let it use the functions of file_utils"))

    def started(self, event: str, arguments: Sequence[Any]) -> None:
        """Look at a process that is started."""
        if (script := bare_script(event, arguments, self._program)) is not None:
            self._tell(
                gettext("starts {script} in a process without the shim", script=script.name),
                gettext(
                    "start it by `notifykit shim -- {script}`, or give it the line with install()", script=script.name
                ),
            )

    def _tell(self, what: str, mend: str) -> None:
        caller = _caller()
        if caller is not None and not self._excused(caller):
            place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
            self._findings.unsafe(Finding(place=place, what=what, mend=mend))


def _caller() -> FrameType | None:
    """Return the program's frame that led to this; None where the shim itself did.

    What it uses of Python's own and of installed packages is passed over, unless there is nothing else.
    """
    frame = inspect.currentframe()
    of_a_package: FrameType | None = None
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        file = frame.f_code.co_filename
        if file == __file__:
            pass
        elif package in _OURS:
            return None
        elif file.startswith(_PACKAGES):
            of_a_package = of_a_package or frame
        elif not file.startswith((_STDLIB, "<frozen")):
            return frame
        frame = frame.f_back
    return of_a_package


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _WATCHED or not _watching or getattr(_busy, "now", False):
        return
    _busy.now = True  # a finding about what reporting itself opens would not end
    try:
        if event == "open":
            _watching[0].opened(*arguments)
        elif event == "sqlite3.connect":
            _watching[0].connected(arguments[0])
        else:
            _watching[0].started(event, arguments)
    finally:
        _busy.now = False


def _hook_connect() -> None:
    """Have connections dressed: what an audit hook is told of is no connection yet."""
    connect = sqlite3.connect

    @wraps(connect)
    def connecting(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        if _watching:
            _watching[0].has_connected(connection)
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = connecting  # type: ignore[assignment]


_WATCHED = EVENTS | {"open", "sqlite3.connect"}
_STDLIB = sysconfig.get_path("stdlib")
_PACKAGES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
_watching: list[Watch] = []
_installed: list[bool] = []
_busy = threading.local()
