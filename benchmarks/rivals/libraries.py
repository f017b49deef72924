"""The queue libraries that are measured, and why one is not."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from benchmarks.rivals.huey_queue import HueyQueue
from benchmarks.rivals.library import Library
from benchmarks.rivals.lite_queue import LiteQueue
from benchmarks.rivals.persist_queue import AckQueue, PlainQueue


def libraries() -> list[Library]:
    """Return every rival library, those that are missing here included."""
    return [
        Library(name="huey", open=HueyQueue, missing=_missing("huey"), bulk=False),
        Library(name="litequeue", open=LiteQueue, missing=_missing("litequeue", (3, 12)), bulk=True),
        Library(name="persist-queue", open=PlainQueue, missing=_missing("persistqueue"), bulk=False),
        Library(name="persist-queue (ack)", open=AckQueue, missing=_missing("persistqueue"), bulk=False),
    ]


def _missing(module: str, needs: tuple[int, int] = (3, 11)) -> str | None:
    if sys.version_info < needs:
        return f"it needs Python {needs[0]}.{needs[1]} or newer"
    if find_spec(module) is None:
        return 'it is not installed; `pip install "notifykit-outbox[bench]"` brings it'
    return None
