"""The minute job: finished attempts are added to the store's totals, beside the work."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Self

from notifykit.errors import StoreError
from notifykit.metrics.told import ToldTotals
from notifykit.outbox.totals import AT_ONCE, LOGGED, Total

if TYPE_CHECKING:
    from notifykit.alerts.logged import LoggedErrors
    from notifykit.outbox.protocol import Outbox
    from notifykit.pipeline.project import Project

log = logging.getLogger(__name__)

__all__ = ["EVERY", "Counting", "count"]

EVERY = 60.0
"""Seconds between two counts."""


def count(outbox: Outbox, told: ToldTotals, more: Mapping[Total, float] | None = None) -> int:
    """Count all finished attempts, add `more`, and keep what is told; returns how many attempts were counted.

    In small transactions: others work on the store meanwhile. Raises StoreError.
    """
    number = found = outbox.roll_up(AT_ONCE, more=more, least=told.read())
    while found == AT_ONCE:
        found = outbox.roll_up(AT_ONCE)
        number += found
    told.keep(outbox.totals())
    return number


class Counting:
    """For a block, finished attempts are counted every minute, in a thread of its own, and once at its end."""

    def __init__(self, project: Project, logged: LoggedErrors | None = None) -> None:
        """`logged`: what counts the lines that this process logs."""
        self._project = project
        self._logged = logged
        self._told = ToldTotals.of(project.file.file)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._left: Counter[str] = Counter()
        """Lines that could not be added yet, by level."""

    def __enter__(self) -> Self:
        self._ended.clear()
        self._thread = threading.Thread(target=self._every_minute, name="notifykit-count", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._count_beside()

    def count(self, outbox: Outbox) -> None:
        """Count now. Raises StoreError."""
        if self._logged is not None:
            self._left += self._logged.take_levels()
        lines = {Total(LOGGED, detail=level): float(number) for level, number in self._left.items()}
        count(outbox, self._told, lines)
        self._left.clear()

    def _every_minute(self) -> None:
        while not self._ended.wait(EVERY):
            self._count_beside()

    def _count_beside(self) -> None:
        """Count over a connection of its own. What the store says against it is no reason to end."""
        try:
            with closing(self._project.open_outbox(create=False, remember=False)) as outbox:
                self.count(outbox)
        except StoreError as error:
            log.info("attempts are counted later: %s", error)
