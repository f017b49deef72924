"""Opening the outbox as a command needs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.clock import Clock
from notifykit.outbox import Outbox, SqliteOutbox
from notifykit.terminal.console import info

if TYPE_CHECKING:
    from notifykit.config.project import ProjectFile
    from notifykit.pipeline.project import Project

NOTHING_YET = "nothing has been queued yet"


@contextmanager
def existing(project: Project, *, upgrade: bool = False) -> Iterator[Outbox | None]:
    """Open the store; None, after a note on stderr, where there is none yet.

    For commands that only look, it stays as it is. Those that work on it may bring an older one up to date: it may
    also be one that another process is just making.
    """
    store = project.configuration.settings.store
    if not upgrade:
        with existing_file(project.file, store, project.clock) as outbox:
            yield outbox
    elif _is_there(project.file, store):
        with closing(project.open_outbox()) as working:
            yield working
    else:
        yield None


@contextmanager
def existing_file(project: ProjectFile, store: Path, clock: Clock) -> Iterator[Outbox | None]:
    """Look at the store of a project that need not be read whole."""
    if not _is_there(project, store):
        yield None
        return
    with closing(SqliteOutbox.open(store, clock, create=False, identity=project.known_store.identity())) as outbox:
        yield outbox


def _is_there(project: ProjectFile, store: Path) -> bool:
    """Whether there is a store. Raises StoreError where the project has had one."""
    project.known_store.require_there(store)
    if not store.exists():
        info(f"{NOTHING_YET}: there is no {store}")
        return False
    return True


@contextmanager
def rehearsal(project: Project) -> Iterator[Outbox]:
    """Open the store for a dry run. Where there is none yet, an empty one stands in that goes away afterwards."""
    store = project.configuration.settings.store
    project.known_store.require_there(store)
    if store.exists():
        with closing(project.open_outbox(create=False)) as outbox:
            yield outbox
        return
    with (
        tempfile.TemporaryDirectory(prefix="notifykit-") as folder,
        closing(SqliteOutbox.open(Path(folder) / "empty.db", project.clock)) as outbox,
    ):
        yield outbox
