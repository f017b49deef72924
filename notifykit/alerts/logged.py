"""The errors that this process logs, counted while somebody wants to be told of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from notifykit.alerts.notes import Errors
from notifykit.secrets import redact

MOST = 300
"""Characters that are kept of the latest one."""


class LoggedErrors(logging.Handler):
    """Counts records of the level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._state = threading.Lock()
        self._number = 0
        self._latest = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record."""
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

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count meanwhile."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
