"""One of several dispatching processes: `python -m benchmarks.ours.process STORE WORKERS`.

It says `ready`, waits for a line, sends until nothing waits, and reports what it sent as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.ours.campaign import dispatcher
from notifykit.clock import SystemClock
from notifykit.config.project import scheme_of
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.sqlite.store import SqliteAddress


class _Locked(logging.Handler):
    """Counts what a person would see as `database is locked`."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += "locked" in record.getMessage()


def _address(store: str) -> StoreAddress:
    return PostgresAddress(store) if scheme_of(store) else SqliteAddress(Path(store))


def main(store: str, workers: int) -> None:
    """Dispatch."""
    locked = _Locked()
    logging.getLogger().addHandler(locked)
    sent: list[str] = []
    with closing(_address(store).open(SystemClock(), create=False)) as outbox:
        running = dispatcher(outbox, workers=workers, tell=lambda message: sent.append(message.idempotency_key))
        print("ready", flush=True)
        sys.stdin.readline()
        running.run(drain=True)
        print(json.dumps({"sent": sent, "locked": locked.count}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
