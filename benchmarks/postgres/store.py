"""notifykit's outbox on a server of the run's own, which keeps what is committed on the disk."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from benchmarks.harness import Sample, Stopwatch
from benchmarks.ours.campaign import dispatcher
from benchmarks.ours.stores import drafts, fill
from benchmarks.shelf import Shelf
from benchmarks.world import texts
from notifykit.clock import SystemClock
from notifykit.demo.server import Server, server
from notifykit.model import Message
from notifykit.operate.copying import copy_store
from notifykit.outbox.postgres.address import PostgresAddress
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.sqlite.store import SqliteAddress, SqliteOutbox

BATCH = 1_000
"""Drafts that are offered at once."""

_ROOT = Path(__file__).parents[2]


@cache
def running() -> Server:
    """Return the server: started at the first call, stopped when the run ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(server(["shared_buffers=256MB"]))


def address(room: Path) -> PostgresAddress:
    """Return the address of a store of a room's own."""
    return PostgresAddress(f"{running().address}&schema=b{abs(hash(str(room)))}")


def opened(room: Path) -> PostgresOutbox:
    """Open that store."""
    return address(room).open(SystemClock())


def in_bulk(room: Path, *, count: int) -> Sample:
    """Queue new messages."""
    offered = drafts(texts(count))
    watch = Stopwatch()
    with opened(room) as outbox:
        with watch.running():
            for start in range(0, count, BATCH):
                outbox.enqueue(offered[start : start + BATCH])
        dropped(outbox)
    return Sample(value=watch.seconds)


def all_of(room: Path, *, waiting: int, workers: int) -> Sample:
    """Send everything that waits."""
    watch = Stopwatch()
    with opened(room) as outbox:
        queue(outbox, waiting)
        with watch.running():
            report = dispatcher(outbox, workers=workers).run(drain=True)
        dropped(outbox)
    if report.sent != waiting:
        raise RuntimeError(f"{report.sent} messages were sent, not {waiting}")
    return Sample(value=watch.seconds)


def next_of(room: Path, shelf: Shelf, *, sends: int, waiting: int, workers: int) -> Sample:  # noqa: ARG001
    """Send the next messages of a long queue, which is made once."""
    seen = Counter[int]()
    watch = Stopwatch()
    with _long_queue(waiting).open(SystemClock()) as outbox:

        def tell(message: Message) -> None:  # noqa: ARG001
            seen[0] += 1
            if seen[0] == sends:
                sending.stop()

        sending = dispatcher(outbox, workers=workers, tell=tell)
        with watch.running():
            report = sending.run(drain=True)
    return Sample(value=watch.seconds * sends / report.sent)


@cache
def _long_queue(waiting: int) -> PostgresAddress:
    made = address(Path(f"queue of {waiting}"))
    with made.open(SystemClock()) as outbox:
        queue(outbox, waiting)
    return made


def by_processes(room: Path, *, waiting: int, processes: int, workers: int, to_each: int | None = None) -> Sample:
    """Send everything with several processes that begin together. Counts what must not happen.

    `to_each`: see `world.texts`.
    """
    where = address(room)
    with where.open(SystemClock()) as outbox:
        queue(outbox, waiting, to_each=to_each)
        command = [sys.executable, "-m", "benchmarks.ours.process", where.url, str(workers)]
        children = [
            subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        watch = Stopwatch()
        with watch.running():
            for child in children:
                assert child.stdin is not None
                child.stdin.write("go\n")
                child.stdin.flush()
            reports = [json.loads(child.communicate()[0]) for child in children]
        dropped(outbox)
    sent = Counter(task for report in reports for task in report["sent"])
    if len(sent) != waiting:
        raise RuntimeError(f"{len(sent)} different messages were sent, not {waiting}")
    return Sample(value=watch.seconds, counts={"duplicates": sent.total() - len(sent)})


def copied(room: Path, shelf: Shelf, *, messages: int) -> Sample:
    """Move a file with so many messages, half of which were sent, to the server, with the proof."""
    half = messages // 2
    file = SqliteAddress(room / "outbox.db")
    shelf.copy(f"{half}-behind-{half}-ordered.db", file.file, lambda to: fill(to, half, done=half))
    watch = Stopwatch()
    with watch.running():
        copy_store(file, address(room), SystemClock())
    with opened(room) as outbox:
        dropped(outbox)
    return Sample(value=watch.seconds)


def queue(outbox: PostgresOutbox | SqliteOutbox, waiting: int, *, to_each: int | None = None) -> None:
    """Queue so many messages."""
    offered = drafts(texts(waiting, to_each=to_each))
    for start in range(0, waiting, 10 * BATCH):
        outbox.enqueue(offered[start : start + 10 * BATCH])


def dropped(outbox: PostgresOutbox) -> None:
    """Remove a store: what is left of one measurement must not slow the next."""
    with outbox.transaction():
        outbox.db.execute(f'DROP SCHEMA "{outbox.db.schema}" CASCADE')
