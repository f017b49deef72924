"""huey's SqliteHuey in its defaults: WAL, and SQLite's own `synchronous`, which is FULL.

There is no way to queue many tasks in one commit. A task's row is deleted, in a commit, before the task runs:
after a kill it is lost, so its one commit buys less than notifykit's.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rivals.raw_sqlite import Send
from benchmarks.world import Text


class HueyQueue:
    """One task function, called once for each message."""

    def __init__(self, folder: Path) -> None:
        huey: Any = importlib.import_module("huey")
        logging.getLogger("huey").setLevel(logging.WARNING)
        self._send: Send = print
        self._huey = huey.SqliteHuey("bench", filename=str(folder / "huey.db"))
        self._queue_one: Callable[[str, str], object] = self._huey.task(name="deliver")(self._deliver)

    def _deliver(self, recipient: str, text: str) -> None:
        self._send(recipient, text)

    def put_all(self, texts: Sequence[Text]) -> None:
        """One call, and one commit, for each."""
        for text in texts:
            self._queue_one(text.recipient, text.text)

    def dispatch(self, send: Send) -> int:
        """What huey's consumer does in its one default worker, without the consumer's waiting."""
        self._send = send
        done = 0
        while (task := self._huey.dequeue()) is not None:
            self._huey.execute(task)
            done += 1
        return done

    def close(self) -> None:
        """Close the connection."""
        self._huey.storage.close()
