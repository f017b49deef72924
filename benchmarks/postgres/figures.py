"""The figures of the store on a server, against the engine that also keeps queues there."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

from benchmarks import world
from benchmarks.harness import Compare, Figure, Sample, Stopwatch
from benchmarks.plan import Plan
from benchmarks.postgres import store
from benchmarks.rivals.procrastinate_queue import ProcrastinateQueue
from benchmarks.shelf import Shelf
from notifykit.demo.server import programs

SENDS = 10_000
JOBS = 2_000
"""Of the rival, which takes longer for each."""
PROCESSES = 4
WORKERS = 64
TO_EACH = 5
"""Messages to a recipient, where processes share the work: no recipient has two calls under way."""
LONG, LONGER = 100_000, 1_000_000


def add(made: Plan, shelf: Shelf, size: int) -> None:
    """Add them all. `size`: messages that are queued and copied in bulk. None where there is no PostgreSQL."""
    if programs() is None or importlib.util.find_spec("procrastinate") is None:
        print("PostgreSQL: skipped, it needs the server (`apt-get install postgresql`) and the extra `postgres`")
        return
    bulk = min(size, 40_000)
    ours = made.measure(f"notifykit on PostgreSQL: queue, {bulk:,}", bulk, partial(store.in_bulk, count=bulk))
    rival = made.measure("procrastinate: batch_defer", JOBS * 2, defer)
    sent, by_rival = (
        made.measure(f"{name}, {WORKERS} at once", work, how)
        for name, work, how in (
            ("notifykit on PostgreSQL: dispatch", SENDS, partial(store.all_of, waiting=SENDS, workers=WORKERS)),
            ("procrastinate: its worker", JOBS, work_off),
        )
    )
    long, longer = (
        made.measure(
            f"notifykit on PostgreSQL: next of {waiting:,}",
            SENDS,
            partial(store.next_of, shelf=shelf, sends=SENDS, waiting=waiting, workers=WORKERS),
        )
        for waiting in (LONG, LONGER)
    )
    copied = made.measure(
        f"notifykit store copy, {size:,}", size, partial(store.copied, shelf=shelf, messages=size), rounds=3
    )
    for to_each, whom in ((TO_EACH, f"{TO_EACH} messages to a recipient"), (None, f"{world.HOUSEKEEPERS} recipients")):
        one, several = (
            made.measure(
                f"notifykit on PostgreSQL: {number} dispatching process{'es' if number > 1 else ''}, {whom}",
                2 * SENDS,
                partial(store.by_processes, waiting=2 * SENDS, processes=number, workers=WORKERS, to_each=to_each),
            )
            for number in (1, PROCESSES)
        )
        title = f"PostgreSQL: {PROCESSES} processes, {whom}"
        made.figures += [
            Figure(title=title, ours=several, rivals=(one,), compare=Compare.RATE, target=1.6),
            Figure(title=f"{title}: duplicates", ours=several, compare=Compare.COUNT, count="duplicates", target=0),
        ]
    made.figures += [
        Figure(
            title=f"PostgreSQL: queue in bulk with dedup, {bulk:,}",
            ours=ours,
            rivals=(rival,),
            compare=Compare.RATE,
            target=8,
        ),
        Figure(title="PostgreSQL: dispatch", ours=sent, rivals=(by_rival,), compare=Compare.RATE, target=8),
        Figure(
            title=f"PostgreSQL: rate with {LONGER:,} waiting",
            ours=longer,
            rivals=(long,),
            compare=Compare.RATE,
            target=0.9,
        ),
        Figure(
            title=f"PostgreSQL: store copy of {size:,} messages, with its proof, s",
            ours=copied,
            compare=Compare.VALUE,
            target=10,
        ),
    ]


def defer(room: Path) -> Sample:  # noqa: ARG001
    """Queue by the engine's fastest way."""
    texts = world.texts(JOBS * 2)
    queue = ProcrastinateQueue(store.running().address)
    watch = Stopwatch()
    with watch.running():
        queue.put_all(texts, store.BATCH)
    return Sample(value=watch.seconds)


def work_off(room: Path) -> Sample:  # noqa: ARG001
    """Run as many jobs as there are."""
    queue = ProcrastinateQueue(store.running().address)
    queue.put_all(world.texts(JOBS), store.BATCH)
    watch = Stopwatch()
    with watch.running():
        done = queue.dispatch(WORKERS)
    if done != JOBS:
        raise RuntimeError(f"{done} jobs were run, not {JOBS}")
    return Sample(value=watch.seconds)
