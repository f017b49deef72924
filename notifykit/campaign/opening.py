"""Sources, strategies and senders that keep something open for as long as a process uses them."""

from __future__ import annotations

import logging
import threading
from typing import Any

from notifykit.errors import pass_interrupt

log = logging.getLogger(__name__)


class Opening:
    """Calls `open()` of one source, strategy or sender before its first use, and `close()` after its last.

    One that has neither method costs nothing. Any thread may use it: of several that come first, one opens.
    """

    __slots__ = ("_lock", "_part", "_told")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._part: object = None
        self._told: Any = None

    def require(self, part: object, told: Any = None) -> Any:
        """Open `part` unless it is open, and return what it was told then. What its `open` raises comes through.

        `told`: the argument of `open`; None: it takes none. One that could not be opened is tried anew next time.
        """
        if self._part is part:
            return self._told
        with self._lock:
            if self._part is not part:
                if callable(opens := getattr(part, "open", None)):
                    opens(*(() if told is None else (told,)))
                self._part, self._told = part, told
            return self._told

    def close(self) -> None:
        """Close what is open. What its `close` raises is logged."""
        with self._lock:
            part, self._part = self._part, None
        if callable(closes := getattr(part, "close", None)):
            try:
                closes()
            except BaseException as error:
                pass_interrupt(error)
                log.warning("close() of %s fails with %s", type(part).__name__, type(error).__name__, exc_info=True)
