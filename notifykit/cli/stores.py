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
    from notifykit.pipeline.project import Project

NOTHING_YET = "nothing has been queued yet"


@contextmanager
def existing(project: Project, *, upgrade: bool = False) -> Iterator[Outbox | None]:
    """Open the store; None, after a note on stderr, where there is none yet.

    For commands that only look, it stays as it is. Those that work on it may bring an older one up to date: it may
    also be one that another process is just making.
    """
    with existing_file(project.configuration.settings.store, project.clock, upgrade=upgrade) as outbox:
        yield outbox


@contextmanager
def existing_file(store: Path, clock: Clock, *, upgrade: bool = False) -> Iterator[Outbox | None]:
    """Do so with a store whose project need not be read."""
    if not store.exists():
        info(f"{NOTHING_YET}: there is no {store}")
        yield None
        return
    with closing(SqliteOutbox.open(store, clock, create=upgrade)) as outbox:
        yield outbox


@contextmanager
def rehearsal(project: Project) -> Iterator[Outbox]:
    """Open the store for a dry run. Where there is none yet, an empty one stands in that goes away afterwards."""
    if project.configuration.settings.store.exists():
        with closing(project.open_outbox(create=False)) as outbox:
            yield outbox
        return
    with (
        tempfile.TemporaryDirectory(prefix="notifykit-") as folder,
        closing(SqliteOutbox.open(Path(folder) / "empty.db", project.clock)) as outbox,
    ):
        yield outbox
