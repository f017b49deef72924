"""What many viewers ask for is looked up once."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

__all__ = ["Kept"]

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST = 256
"""Values that are kept; the oldest goes."""


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: Any = None
        self.at: float | None = None


class Kept:
    """Values by key, for a short time. Safe in threads: of several that ask at once one looks, and all get that."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], *, fresh: float, usable: float = 0.0) -> T:
        """Return a value that is at most `fresh` seconds old.

        One that is at most `usable` seconds old is returned at once, and made anew meanwhile. Raises what `make` does.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)
        age, value = self._age(entry), entry.value
        if fresh < age <= usable:
            self._make_meanwhile(entry, make)
            return cast(T, value)
        if age > fresh:
            with entry.lock:
                if self._age(entry) > fresh:
                    entry.value, entry.at = make(), self._monotonic()
        return cast(T, entry.value)

    def clear(self) -> None:
        """Forget all: something was decided."""
        with self._lock:
            self._entries.clear()

    def _age(self, entry: _Entry) -> float:
        return float("inf") if entry.at is None else self._monotonic() - entry.at

    def _make_meanwhile(self, entry: _Entry, make: Callable[[], object]) -> None:
        if not entry.lock.acquire(blocking=False):
            return  # another thread is at it

        def run() -> None:
            try:
                entry.value, entry.at = make(), self._monotonic()
            except Exception:
                log.warning("what the page shows could not be looked up anew", exc_info=True)
            finally:
                entry.lock.release()

        threading.Thread(target=run, name="page", daemon=True).start()
