"""How fast notifykit hands out what waits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import Sample, Stopwatch
from benchmarks.ours.campaign import dispatcher
from benchmarks.ours.stores import drafts, fill
from benchmarks.shelf import Shelf
from benchmarks.world import texts
from notifykit.model import Message, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Finished, Transition
from notifykit.roles import Rate


def all_of(
    room: Path, shelf: Shelf, *, waiting: int, workers: int, ordered: bool = True, batches: bool = False
) -> Sample:
    """Send everything that waits. `batches`: the sender takes many in one call."""
    return first_of(room, shelf, sends=waiting, waiting=waiting, workers=workers, ordered=ordered, batches=batches)


def first_of(
    room: Path,
    shelf: Shelf,
    *,
    sends: int,
    waiting: int,
    done: int = 0,
    workers: int,
    ordered: bool = True,
    batches: bool = False,
) -> Sample:
    """Send the first `sends` of what waits, then stop; a few more are on their way by then and count as well."""
    store = room / "outbox.db"
    order = "ordered" if ordered else "unordered"
    shelf.copy(f"{waiting}-behind-{done}-{order}.db", store, lambda to: fill(to, waiting, done=done, ordered=ordered))
    seen = Counter[int]()
    watch = Stopwatch()
    with SqliteOutbox.open(store) as outbox:

        def tell(message: Message) -> None:  # noqa: ARG001
            seen[0] += 1
            if seen[0] == sends:
                running.stop()

        running = dispatcher(outbox, workers=workers, tell=tell if sends < waiting else None, batches=batches)
        with watch.running():
            report = running.run(drain=True)
    if report.sent < sends:
        raise RuntimeError(f"{report.sent} messages were sent, not {sends}")
    return Sample(value=watch.seconds * sends / report.sent)


def visits(room: Path, *, channels: int, count: int) -> Sample:
    """Claim and record one message at a time, where so many channels with rates are configured, and ten have work."""
    names = [f"robot {number}" for number in range(channels)]
    busy = names[:10]
    bounds = {name: ChannelBounds(rates=(Rate(100_000, 60.0),), concurrency=8) for name in names}
    then = Transition(status=Status.SENT)
    watch = Stopwatch()
    with SqliteOutbox.open(room / "outbox.db") as outbox:
        for number, one in enumerate(drafts(texts(count))):
            outbox.enqueue([replace(one, channel=busy[number % len(busy)])])
        results: list[Finished] = []
        sent = 0
        with watch.running():
            while claims := outbox.exchange(results, "worker", 1, bounds, 120.0).claims:
                results = [Finished(claim=one, outcome=Outcome.accepted(), then=then) for one in claims]
                sent += len(claims)
    if sent != count:
        raise RuntimeError(f"{sent} messages were sent, not {count}")
    return Sample(value=watch.seconds)


def by_processes(room: Path, shelf: Shelf, *, waiting: int, processes: int, workers: int) -> Sample:
    """Send everything with several processes that begin together. Counts what must not happen."""
    store = room / "outbox.db"
    shelf.copy(f"{waiting}-behind-0-ordered.db", store, lambda to: fill(to, waiting))
    command = [sys.executable, "-m", "benchmarks.ours.process", str(store), str(workers)]
    root = Path(__file__).parents[2]
    children = [
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for child in children:
        _line(child)
    watch = Stopwatch()
    with watch.running():
        for child in children:
            _say(child, "go")
        reports = [json.loads(_line(child)) for child in children]
    for child in children:
        child.communicate()
    sent = Counter(task for report in reports for task in report["sent"])
    if len(sent) != waiting:
        raise RuntimeError(f"{len(sent)} different messages were sent, not {waiting}")
    counts = {
        "duplicates": sent.total() - len(sent),
        "locked": sum(report["locked"] for report in reports),
    }
    return Sample(value=watch.seconds, counts=counts)


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"a dispatching process ended with code {child.wait()}")
    return line


def _say(child: subprocess.Popen[str], word: str) -> None:
    assert child.stdin is not None
    child.stdin.write(word + "\n")
    child.stdin.flush()
