"""A project that is run until it is told to stop, and read anew where its files change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from notifykit.durable.ordinary import Stamp, noting, stamp
from notifykit.errors import NotifykitError
from notifykit.outbox.address import OpenedOutbox
from notifykit.pipeline.project import Project
from notifykit.pipeline.run import LONGEST_WAIT, Pass, Runner
from notifykit.pipeline.selection import EVERYTHING, Selection

__all__ = ["LOOK", "Service", "Told"]

LOOK = 5.0
"""Seconds between two looks at the files, at most."""

SAVED = 1.0
"""Seconds for which a file stays as it is before it is read: it may just be written."""

State = tuple[tuple[Path, ...], tuple[Stamp, ...]]
"""The campaigns' files, and how all files that were read are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who hears what of a service."""

    started: Callable[[Project], None]
    """It is ready, with the project as it was read just now."""
    passed: Callable[[Project, OpenedOutbox, Pass], None]
    """What one pass did."""
    reading: Callable[[], None] = lambda: None
    """It reads its project anew."""
    refused: Callable[[NotifykitError], None]
    """What was read cannot be used: it goes on with what it had."""
    alive: Callable[[], None] = lambda: None
    """A step of the work was done, or `longest_silence` seconds are over without one."""
    ended: Callable[[Sequence[str]], None] = lambda _: None
    """Attempts have ended that went to these channels. Called from any thread."""
    longest_silence: float = LONGEST_WAIT


class Service:
    """Repeats passes. It reads its project anew between two of them: all of it or, where anything is wrong, nothing."""

    def __init__(
        self,
        read: Callable[[], Project],
        told: Told,
        *,
        interval: float | None = None,
        workers: int | None = None,
        only: Selection = EVERYTHING,
    ) -> None:
        """`read`: reads the project. `interval`, `workers`: instead of what the project says. `only`: what it does."""
        self._read = read
        self._told = told
        self._interval = interval
        self._workers = workers
        self._only = only
        self._state = threading.Lock()
        self._runner: Runner | None = None
        self._stopped = False
        self._asked = False
        self._files: tuple[Path, ...] = ()
        """What was read latest, whatever came of it."""
        self._read_as: State = ((), ())
        self._seen: State = ((), ())
        self._seen_since = 0.0
        """By the clock that does not step."""

    def stop(self) -> None:
        """Finish what is on the wire, then end. Any thread may call it."""
        with self._state:
            self._stopped = True
            if self._runner is not None:
                self._runner.stop()

    def reload(self) -> None:
        """Read the project anew after what is under way. Any thread may call it."""
        with self._state:
            self._asked = True
            if self._runner is not None:
                self._runner.wake()

    def run(self) -> None:
        """Work until told to stop. Raises NotifykitError where the project cannot be used at the start."""
        fresh: tuple[Project, OpenedOutbox] | None = self._opened(None)
        while fresh is not None:
            project, outbox = fresh
            with closing(outbox), closing(project):  # of one that is read anew, after its last call
                self._told.started(project)
                fresh = self._work(project, outbox)

    def _work(self, project: Project, outbox: OpenedOutbox) -> tuple[Project, OpenedOutbox] | None:
        """Make passes; returns what to go on with, None where it is told to stop."""
        while True:
            runner = Runner(
                project,
                outbox,
                project.selected(self._only),
                workers=self._workers,
                only=self._only,
                alive=self._told.alive,
                ended=self._told.ended,
                longest_wait=min(LOOK, self._told.longest_silence),
            )
            with self._state:
                if self._stopped:
                    return None
                self._runner = runner
            runner.forever(
                self._interval or project.configuration.settings.interval,
                lambda this_pass: self._told.passed(project, outbox, this_pass),
                ended=lambda: self._is_due(project),
            )
            with self._state:
                if self._stopped:
                    return None
                self._asked = False
            self._told.reading()
            try:
                return self._opened(project)
            except NotifykitError as error:
                self._told.refused(error)

    def _opened(self, before: Project | None) -> tuple[Project, OpenedOutbox]:
        """Read the project and open its store. Raises NotifykitError, and what was open stays so."""
        found = before.configuration.campaign_files.found_now() if before else ()
        with noting() as stamps:
            try:
                project = self._read()
                found = project.configuration.campaign_files.files
            finally:
                self._files = tuple(stamps)
                self._read_as = self._seen = (found, tuple(stamps.values()))
        return project, project.open_outbox()

    def _is_due(self, project: Project) -> bool:
        """Whether to read the project anew: not while a call hangs, for which all other channels would wait."""
        hangs = self._runner is not None and self._runner.calling
        return (self._asked or self._changed(project)) and not hangs

    def _changed(self, project: Project) -> bool:
        """Whether a file that was read has changed, or a campaign's file came or went, and it is saved."""
        now = (project.configuration.campaign_files.found_now(), tuple(map(stamp, self._files)))
        at = project.clock.monotonic()
        if now != self._seen:
            self._seen, self._seen_since = now, at
        return now != self._read_as and at - self._seen_since >= SAVED
