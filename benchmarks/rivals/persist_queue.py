"""persist-queue's two SQLite queues in their defaults: WAL, and SQLite's own `synchronous`, which is FULL.

Neither can queue many items in one commit. `SQLiteAckQueue` marks an item taken, then acknowledged: two
commits, as notifykit's states need. `SQLiteQueue` deletes it before the work: after a kill it is lost.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.rivals.raw_sqlite import Send
from benchmarks.world import Text


class PlainQueue:
    """`SQLiteQueue`."""

    def __init__(self, folder: Path) -> None:
        persistqueue: Any = importlib.import_module("persistqueue")
        self._queue = persistqueue.SQLiteQueue(str(folder / "persist-queue"))

    def put_all(self, texts: Sequence[Text]) -> None:
        """One commit for each."""
        for text in texts:
            self._queue.put((text.recipient, text.text))

    def dispatch(self, send: Send) -> int:
        """Take, send."""
        done = 0
        while not self._queue.empty():
            send(*self._queue.get())
            done += 1
        return done

    def close(self) -> None:
        """Close the connection."""
        self._queue.close()


class AckQueue:
    """`SQLiteAckQueue`."""

    def __init__(self, folder: Path) -> None:
        persistqueue: Any = importlib.import_module("persistqueue")
        self._queue = persistqueue.SQLiteAckQueue(str(folder / "persist-ack-queue"))

    def put_all(self, texts: Sequence[Text]) -> None:
        """One commit for each."""
        for text in texts:
            self._queue.put((text.recipient, text.text))

    def dispatch(self, send: Send) -> int:
        """Take, send, acknowledge."""
        done = 0
        while not self._queue.empty():
            item = self._queue.get()
            send(*item)
            self._queue.ack(item)
            done += 1
        return done

    def close(self) -> None:
        """Close the connection."""
        self._queue.close()
