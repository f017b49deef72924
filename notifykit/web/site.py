"""What all requests share: the project, read anew where its files change, its store, and what was looked up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from gettext import NullTranslations
from pathlib import Path
from typing import TypeVar

from notifykit.config.known_store import looking, looks
from notifykit.durable.ordinary import Stamp, noting, stamp
from notifykit.errors import NotifykitError
from notifykit.operate.history import History
from notifykit.operate.rehearsal import empty_outbox
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.web.hiding import hiding
from notifykit.web.kept import Kept
from notifykit.web.prepared import Done, Prepared
from notifykit.wording import Language
from notifykit.wording.translation import together

__all__ = ["Site"]

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK = 2.0
"""Seconds between two looks at the files of the project."""

LIVE = 2.0
"""Seconds for which what is shown live is looked up once for all viewers."""


@dataclass(slots=True)
class Site:
    """One project, for any number of threads."""

    read: Callable[[], Project]
    """Reads the project. Raises NotifykitError."""
    project: Project = field(init=False)
    trouble: NotifykitError | None = None
    """What is wrong with the project's files as they are now: the page goes on with what it had."""
    kept: Kept = field(init=False)
    history: History = field(init=False)
    languages: dict[Language, Sequence[NullTranslations]] = field(init=False)
    _files: tuple[Path, ...] = ()
    _stamps: dict[Path, Stamp] = field(default_factory=dict)
    _looked: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises NotifykitError where the project cannot be used at the start."""
        self._open()
        self.kept = Kept(self.project.clock.monotonic)

    def refresh(self) -> None:
        """Read the project anew where its files changed; one that cannot be used is told, and the last one stays."""
        with self._lock:
            now = self.project.clock.monotonic()
            if now - self._looked < LOOK:
                return
            self._looked = now
            found = self.project.configuration.campaign_files.found_now()
            if found == self._files and all(stamp(file) == was for file, was in self._stamps.items()):
                return
            before = self.project
            try:
                self._open()
                self.trouble = None
                before.close()
            except NotifykitError as error:
                if str(error) != str(self.trouble):
                    log.warning("the page goes on with the configuration that it had: %s", error)
                self.trouble = error

    def _open(self) -> None:
        with noting() as stamps:
            try:
                self.project = self.read()
                self.history = History()
                self._files = self.project.configuration.campaign_files.files
                catalogues = self.project.plugins.catalogues
                self.languages = {one: together(one.value, catalogues) for one in Language}
            finally:
                self._stamps = dict(stamps)

    def look(self, work: Callable[[Project, OpenedOutbox], T], *, hidden: bool) -> T:
        """Call `work` with the project and its store, opened to look at. It is called again where that changed.

        Where nothing was queued yet, the store is empty. `hidden`: without texts and recipients.
        """
        project = self.project

        @looks
        def looked() -> T:
            store = project.configuration.settings.store
            project.known_store.require_there(store)
            there = store.exists()
            with looking(project.file, store, project.clock) if there else empty_outbox(project.clock) as outbox:
                return work(project, hiding(outbox, project.plugins.wording) if hidden else outbox)

        return looked()

    def shared(
        self,
        name: Hashable,
        work: Callable[[Project, OpenedOutbox], T],
        *,
        hidden: bool,
        fresh: float = LIVE,
        usable: float = 0.0,
    ) -> T:
        """Do as `look`, once for all who ask for the same within `fresh` seconds.

        What is at most `usable` seconds old is returned at once, and looked up anew meanwhile.
        """
        return self.kept.get(
            (name, hidden, id(self.project)), lambda: self.look(work, hidden=hidden), fresh=fresh, usable=usable
        )

    def close(self) -> None:
        """Close what the project holds open."""
        self.project.close()

    def decide(self, form: Prepared, who: str, why: str) -> Done:
        """Make a decision that was shown. Raises NotifykitError, and nothing is changed."""
        with closing(self.project.open_outbox(create=False)) as outbox:
            done = form.act(outbox, who, why)
        self.kept.clear()
        return done
