"""Begins the shim: reads the project, and stands in for the program's functions from then on."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from notifykit_migration.legacy.settings import settings_of, written_modules

from notifykit.clock import Clock
from notifykit.config.project import read_project
from notifykit.config.tree import plain
from notifykit.errors import NotifykitError
from notifykit.pipeline.project import open_project
from notifykit.plugins import Plugins
from notifykit.session import PROJECT_FILE
from notifykit.terminal.console import warn, warn_of
from notifykit.wording.translation import gettext, speak_as_said
from notifykit_compat.contract_files import FileMap
from notifykit_compat.errors import ShimError
from notifykit_compat.findings import Findings
from notifykit_compat.hook import ImportHook
from notifykit_compat.names import PLAN, TASK_CLASS
from notifykit_compat.own_sql import OwnSql
from notifykit_compat.planned import Planned
from notifykit_compat.processes import Surroundings, hand_on, keep
from notifykit_compat.replacing import Replacing, StandIn
from notifykit_compat.runtime import Runtime
from notifykit_compat.scheduling import Scheduler
from notifykit_compat.sheets import Sheets
from notifykit_compat.statuses import Statuses
from notifykit_compat.store import Store, require_migrated
from notifykit_compat.tasks import Tasks
from notifykit_compat.watching import Watch
from notifykit_compat.wording import CATALOGUE


class Shim:
    """What stands in for the program's functions."""

    def __init__(self, runtime: Runtime, hook: ImportHook, replacing: Replacing) -> None:
        self.runtime = runtime
        self.findings = runtime.findings
        self.replacing = replacing
        self.scheduler = Scheduler(runtime)
        self.planned = Planned(runtime, self.scheduler)
        self._hook = hook
        self.project_file = str(runtime.project.file.file.absolute())
        self.strict = runtime.findings.strict
        self._parts: Mapping[str, object] = {
            "task_manager": (tasks := Tasks(runtime)),
            TASK_CLASS: tasks,
            "task_scheduler": self.scheduler,
            "file_utils": (Statuses(runtime), Sheets(runtime)),
        }
        self._watch = Watch(
            Path(os.path.realpath(runtime.project.store_file())),
            {
                **{
                    file.status_file: gettext("writes a send-status file itself")
                    for file in runtime.files.by_status.values()
                },
                **{file.csv_file: "rewrites a campaign's CSV itself" for file in runtime.files.by_csv.values()},
            },
            runtime.findings,
            program=Path(sys.path[0]),
            dress=OwnSql(runtime, tasks).dress,
            excused=self._excused,
        )

    def function(self, part: str, name: str) -> StandIn:
        """Return what a function becomes."""
        owners = self.planned if name in PLAN else self._parts[part]
        for owner in owners if isinstance(owners, tuple) else (owners,):
            found: StandIn | None = getattr(owner, name, None)
            if found is not None:
                return found
        raise AssertionError(f"nothing stands in for {part}.{name}")

    def begin(self) -> None:
        """Stand in from now on, until the process ends."""
        self.replacing.shim = self
        self._watch.begin()
        atexit.register(self.end)
        hand_on(self, begin_afresh)

    def end(self) -> None:
        """Finish what is on the wire, and release everything. What was replaced stays replaced."""
        atexit.unregister(self.end)
        keep(self)
        self.scheduler.stop()
        self.runtime.at_exit()
        self._watch.end()
        self._hook.remove()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Have no transaction open meanwhile, as for a fork."""
        with self.scheduler.quiet(), self.runtime.store.use():
            yield

    def begin_anew(self) -> None:
        """In a process that was forked off: stand in with locks, threads and connections of its own.

        The copies of the other one's connections are closed first: SQLite knows of locks by process, and would take
        those that the other one holds for its own.
        """
        self.scheduler.close_copy()
        self.runtime.store.close()
        atexit.unregister(self.end)
        _inherited.append(self)
        self.replacing.findings = findings = self.findings.anew()
        runtime = self.runtime
        anew = Shim(
            Runtime(runtime.project, runtime.settings, runtime.files, Store(runtime.project), findings),
            self._hook,
            self.replacing,
        )
        anew.begin()
        if self in _installed:
            remember(anew)

    def _excused(self, caller: FrameType) -> bool:
        """Whether it is a function that we called, or the making of the old table when task_manager is imported."""
        if self.runtime.is_inside:
            return True
        home = self.runtime.settings.modules.task_manager
        frame: FrameType | None = caller
        while frame is not None and frame.f_globals.get("__name__") == home:
            if frame.f_code.co_name == "<module>":
                return True
            frame = frame.f_back
        return False


def begin(
    file: Path,
    *,
    strict: bool = False,
    plugins: Plugins | None = None,
    tell: Callable[[str], None] = warn,
    clock: Clock | None = None,
) -> Shim:
    """Read a project, and stand in for the program's functions. Raises NotifykitError; nothing is replaced then.

    The working directory and the search path are the program's own already.
    """
    modules = written_modules(plain(read_project(file).root))
    findings = Findings(tell, strict=strict)
    replacing = Replacing(findings)
    hook = ImportHook(modules.by_part(), replacing.replace_in)
    try:
        hook.install()  # first: a sender may import modules of the program
        project = open_project(file, plugins=plugins, clock=clock)
        settings = settings_of(project.configuration)
        files = FileMap.of(project)
        require_migrated(project, files.by_status)
        store = Store(project)
        store.open()
        shim = Shim(Runtime(project, settings, files, store, findings), hook, replacing)
    except BaseException:
        hook.remove()
        raise
    shim.begin()
    return shim


def install(project: str | os.PathLike[str] | None = None, *, strict: bool = False) -> Shim:
    """Stand in for the functions of the program that calls this, in its first line.

    `project` is the project file; by default what NOTIFYKIT_PROJECT names, or notifykit.yaml in the working
    directory. Under `notifykit shim`, and when called again, nothing happens. Where the shim cannot work the program
    ends with the reason, because to run on without it could send twice.
    """
    if _installed:
        return _installed[0]
    return _begun(Path(project if project is not None else os.environ.get("NOTIFYKIT_PROJECT", PROJECT_FILE)), strict)


def begin_afresh(surroundings: Surroundings) -> None:
    """Stand in from the start of a process that a shimmed one made; it ends with the reason where that cannot be."""
    if not _installed:
        surroundings.take_over()
        _begun(Path(surroundings.project), surroundings.strict)


def _begun(file: Path, strict: bool) -> Shim:
    speak_as_said(os.environ, [CATALOGUE])
    try:
        shim = begin(file, strict=strict)
        speak_as_said(os.environ, shim.runtime.project.plugins.catalogues)
    except NotifykitError as error:
        warn_of(gettext("notifykit shim: error"), error)
        sys.exit(error.exit_code)
    remember(shim)
    return shim


def installed() -> Shim:
    """Return the shim of this process. Raises ShimError where there is none."""
    if not _installed:
        raise ShimError(
            gettext("the shim is not installed"),
            mend=gettext("call notifykit_compat.install() first, or use `notifykit shim`"),
        )
    return _installed[0]


def remember(shim: Shim | None) -> None:
    """Make it the shim of this process; None for none."""
    _installed[:] = [] if shim is None else [shim]


_installed: list[Shim] = []
_inherited: list[Shim] = []
"""Of the process that this one was forked off: kept, so that nothing of them is closed or released here."""
