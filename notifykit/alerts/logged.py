"""What this process logs: errors, for whoever wants to be told of them, and how many lines of which level."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from notifykit.alerts.notes import Errors
from notifykit.redaction import redact

MOST = 300
"""Characters that are kept of the latest one."""


class LoggedErrors(logging.Handler):
    """Counts records of the level WARNING and above, and keeps the latest one of the level ERROR or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._state = threading.Lock()
        self._number = 0
        self._latest = ""
        self._levels: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record."""
        with self._state:
            self._levels[_level(record.levelno)] += 1
        if record.levelno < logging.ERROR:
            return
        try:
            text = redact(record.getMessage())
        except (TypeError, ValueError, KeyError):  # its arguments do not fit its text
            text = redact(str(record.msg))
        with self._state:
            self._number += 1
            self._latest = text[:MOST]

    def take(self, at: float) -> Errors | None:
        """Return what was logged since the last call; None where nothing was."""
        with self._state:
            number, self._number = self._number, 0
            return Errors(at=at, number=number, latest=self._latest) if number else None

    def take_levels(self) -> Counter[str]:
        """Return how many lines of each level were logged since the last call: `warning`, `error`, `critical`."""
        with self._state:
            levels, self._levels = self._levels, Counter()
            return levels

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count meanwhile."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)


def _level(number: int) -> str:
    return "critical" if number >= logging.CRITICAL else "error" if number >= logging.ERROR else "warning"
