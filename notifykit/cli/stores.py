"""Opening the outbox as a command needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from notifykit.clock import Clock
from notifykit.config.known_store import looking
from notifykit.terminal.console import info
from notifykit.wording.translation import gettext, gettext_noop

if TYPE_CHECKING:
    from notifykit.config.project import ProjectFile
    from notifykit.outbox.address import OpenedOutbox, StoreAddress
    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.project import Project

NOTHING_YET = gettext_noop("nothing has been queued yet")


@contextmanager
def existing(project: Project, *, upgrade: bool = False) -> Iterator[Outbox | None]:
    """Open the store; None, after a note on stderr, where there is none yet.

    For commands that only look, it stays as it is. Those that work on it may bring an older one up to date: it may
    also be one that another process is just making.
    """
    store = project.configuration.settings.store
    if not upgrade:
        with existing_at(project.file, store, project.clock) as outbox:
            yield outbox
    elif _is_there(project.file, store):
        with closing(project.open_outbox()) as working:
            yield working
    else:
        yield None


@contextmanager
def existing_at(project: ProjectFile, store: StoreAddress, clock: Clock) -> Iterator[OpenedOutbox | None]:
    """Look at the store of a project that need not be read whole."""
    if not _is_there(project, store):
        yield None
        return
    with looking(project, store, clock) as outbox:
        yield outbox


def _is_there(project: ProjectFile, store: StoreAddress) -> bool:
    """Whether there is a store. Raises StoreError where the project has had one."""
    project.known_store.require_there(store)
    if not store.exists():
        info(gettext("nothing has been queued yet: there is no {store}", store=store))
        return False
    return True


@contextmanager
def rehearsal(project: Project) -> Iterator[Outbox]:
    """Open the store for a dry run. Where there is none yet, an empty one stands in that goes away afterwards."""
    store = project.configuration.settings.store
    project.known_store.require_there(store)
    if store.exists():
        with looking(project.file, store, project.clock) as outbox:
            yield outbox
        return
    from notifykit.operate.rehearsal import empty_outbox

    with empty_outbox(project.clock) as outbox:
        yield outbox
