"""What a message costs on a server: processor time of the client and of the server, log, and room on the disk."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.ours.campaign import CAMPAIGN, dispatcher
from benchmarks.ours.stores import drafts
from benchmarks.postgres import store
from benchmarks.world import texts
from notifykit.outbox.postgres.store import PostgresOutbox

MESSAGES = 20_000
WORKERS = 64
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of one message, from the offer to its flag."""

    client_us: float
    """Microseconds of processor time in our processes: queue, dispatch, settle."""
    dispatch_us: float
    """Of that, in the dispatcher."""
    server_us: float
    """Microseconds of processor time in the server."""
    wal_bytes: float
    """Written to the server's log."""
    disk_bytes: float
    """Tables and indexes, when all is done."""

    def as_data(self) -> dict[str, float]:
        """Return plain data for JSON."""
        return {name: round(value, 1) for name, value in asdict(self).items()}


def measured(room: Path, *, messages: int = MESSAGES) -> Costs:
    """Queue, send and settle so many messages, and divide."""
    with store.opened(room) as outbox:
        before = _Meters.read(outbox)
        offered = drafts(texts(messages))
        start = time.process_time()
        for at in range(0, messages, store.BATCH):
            outbox.enqueue(offered[at : at + store.BATCH])
        dispatching = time.process_time()
        dispatcher(outbox, workers=WORKERS).run(drain=True)
        settling = time.process_time()
        while owed := outbox.owed(CAMPAIGN, limit=store.BATCH):
            outbox.complete(task.id for task in owed)
        end = time.process_time()
        after = _Meters.read(outbox)
        disk = _size(outbox)
        store.dropped(outbox)
    return Costs(
        client_us=(end - start) * 1e6 / messages,
        dispatch_us=(settling - dispatching) * 1e6 / messages,
        server_us=(after.server_seconds - before.server_seconds) * 1e6 / messages,
        wal_bytes=(after.wal - before.wal) / messages,
        disk_bytes=disk / messages,
    )


@dataclass(frozen=True, slots=True)
class _Meters:
    server_seconds: float
    wal: int

    @classmethod
    def read(cls, outbox: PostgresOutbox) -> _Meters:
        (wal,) = outbox.db.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
        return cls(_seconds_of(int((store.running().data / "postmaster.pid").read_text().split()[0])), wal)


def _size(outbox: PostgresOutbox) -> int:
    found = outbox.db.one(
        "SELECT sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)))::bigint FROM pg_tables"
        " WHERE schemaname = %s",
        (outbox.db.schema,),
    )
    return int(found[0])


def _seconds_of(postmaster: int) -> float:
    """Return the processor time of a server: of its processes, and of those that have ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(stat.parent.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))  # its own, and that of children that have ended
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / _TICKS
