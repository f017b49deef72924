"""litequeue in its defaults: WAL with `synchronous=NORMAL`, so a commit does not wait for the disk.

After a power cut it may have forgotten messages that it took, and that it delivered.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.rivals.raw_sqlite import Send
from benchmarks.world import Text


class LiteQueue:
    """One queue in one file. Each message has an idempotency key, which is its way of dropping duplicates."""

    def __init__(self, folder: Path) -> None:
        litequeue: Any = importlib.import_module("litequeue")
        self._queue = litequeue.LiteQueue(str(folder / "litequeue.db"))

    def put_all(self, texts: Sequence[Text]) -> None:
        """All in the one transaction that the library offers for this."""
        with self._queue.transaction(mode="IMMEDIATE"):
            for text in texts:
                self._queue.put(
                    json.dumps([text.recipient, text.text], ensure_ascii=False),
                    idempotency_key=f"{text.key}/{text.name}",
                )

    def dispatch(self, send: Send) -> int:
        """Lock, send, done."""
        done = 0
        while (message := self._queue.pop()) is not None:
            send(*json.loads(message.data))
            self._queue.done(message.message_id, claim_id=message.claim_id)
            done += 1
        return done

    def close(self) -> None:
        """Close the connections."""
        self._queue.close()
