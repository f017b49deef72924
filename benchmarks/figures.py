"""What is measured, and which figure each measurement is for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks import starting, world
from benchmarks.harness import Compare, Figure
from benchmarks.ours import dispatching, job, queueing
from benchmarks.plan import Plan
from benchmarks.rivals import measured
from benchmarks.rivals.libraries import libraries
from benchmarks.rivals.library import Library
from benchmarks.rivals.raw_sqlite import rows_of
from benchmarks.shelf import Shelf

SENDS = 3_000
"""Messages in one measurement of a dispatch rate."""
PUTS = 2_000
"""Messages in one measurement of a library that commits each of them."""
PLAN_CONTRACTS = 3_000
PLAN_SENDS = 100
"""Sends of the literal plan that are made in a round; the rest are reckoned (see `measured.whole_plan`)."""
BULK = 100_000
VISITS = 300
"""Visits to the store in one measurement of what many channels cost."""


def plan(sizes: tuple[int, ...], shelf: Shelf, *, full_plan: bool = False) -> Plan:
    """Everything that the table holds. `sizes`: contracts, ascending."""
    made = Plan()
    there = [library for library in libraries() if library.missing is None]
    bulk = min(BULK, max(sizes))
    queueing_figures(made, bulk, there)
    for size in sizes:
        generating(made, shelf, size)
    dispatching_figures(made, shelf, there)
    backlogs(made, shelf, bulk)
    for size in sizes:
        settling(made, shelf, size)
    whole_job(made, shelf, sizes)
    digests(made, shelf, min(10_000, max(sizes)))
    literal_plan(made, shelf, full=full_plan)
    starting.starts(made, shelf)
    for add in figures_of_folders():
        add(made, shelf, bulk)
    return made


class AddFigures(Protocol):
    """Adds figures to a plan."""

    def __call__(self, made: Plan, shelf: Shelf, size: int) -> None: ...


def figures_of_folders() -> Iterator[AddFigures]:
    """Yield `add` of each folder that has a module `figures`: what it measures goes with the folder."""
    here = Path(__file__).parent
    for module in sorted(here.glob("*/figures.py")):
        yield importlib.import_module(f"{here.name}.{module.parent.name}.figures").add


def queueing_figures(made: Plan, bulk: int, there: list[Library]) -> None:
    texts = world.texts(bulk)
    rows = rows_of(texts)
    ours = made.measure("notifykit: queue in bulk", bulk, lambda room: queueing.in_bulk(room, texts))
    again = made.measure("notifykit: offer known keys", bulk, lambda room: queueing.again(room, texts))
    raw = made.measure("raw bulk insert", bulk, lambda room: measured.bulk_insert(room, rows))
    raw_again = made.measure("raw ON CONFLICT DO NOTHING", bulk, lambda room: measured.offer_again(room, rows))
    puts = []
    for library in there:
        some = texts if library.bulk else texts[:PUTS]
        how = partial(measured.library_puts, library=library, texts=some)
        puts.append(made.measure(f"{library.name}: queue", len(some), how))
    title = f"queue in bulk with dedup, {bulk:,}"
    made.figures += [
        Figure(title=title, ours=ours, rivals=(raw,), compare=Compare.RATE, target=0.75),
        Figure(title=f"{title}: best library", ours=ours, rivals=tuple(puts), compare=Compare.RATE, target=2),
        Figure(
            title=f"offer {bulk:,} known keys again",
            ours=again,
            rivals=(raw_again,),
            compare=Compare.RATE,
            target=0.25,
        ),
    ]


def generating(made: Plan, shelf: Shelf, size: int) -> None:
    rows = rows_of(text for row in world.rows(size) for text in world.messages(row))
    read = made.measure(f"csv.reader, {size:,}", size, partial(measured.read_csv, shelf=shelf, contracts=size))
    insert = made.measure(
        f"raw bulk insert of their messages, {size:,}", size, lambda room: measured.bulk_insert(room, rows)
    )
    ours = made.measure(
        f"notifykit: generate, {size:,}", size, partial(job.generate_whole, shelf=shelf, contracts=size)
    )
    made.figures.append(
        Figure(
            title=f"generate whole, {size:,} contracts",
            ours=ours,
            rivals=(read, insert),
            compare=Compare.COST,
            target=5,
        )
    )
    exact = made.measure(
        f"notifykit: generate, {size:,}, keys: exact",
        size,
        partial(job.generate_whole, shelf=shelf, contracts=size, more="keys: exact\n"),
    )
    made.figures.append(
        Figure(
            title=f"generate whole, {size:,} contracts: looking for keys that read as the same",
            ours=ours,
            rivals=(exact,),
            compare=Compare.COST,
            target=1.1,
        )
    )
    for stage, title in (("settled", "all sent and flagged"), ("queued", "all still waiting")):
        idle = made.measure(
            f"notifykit: pass, {title}, {size:,}",
            size,
            partial(job.nothing_to_do, shelf=shelf, contracts=size, stage=stage),
        )
        made.figures.append(
            Figure(
                title=f"pass with nothing to do, {title}, {size:,}",
                ours=idle,
                rivals=(read,),
                compare=Compare.COST,
                target=2 if stage == "settled" else 4,
            )
        )


def dispatching_figures(made: Plan, shelf: Shelf, there: list[Library]) -> None:
    raw = made.measure("raw two-commit loop", SENDS, partial(measured.two_commits, shelf=shelf, messages=SENDS))
    raw_batches = made.measure(
        "raw loop of batches of 64", SENDS * 4, partial(measured.batches, shelf=shelf, messages=SENDS * 4, size=64)
    )
    one, eight, eight_in_batches, many, many_in_batches = (
        made.measure(
            f"notifykit: dispatch, W = {workers}{', in batches' if batches else ''}",
            sends,
            partial(dispatching.all_of, shelf=shelf, waiting=sends, workers=workers, batches=batches),
        )
        for workers, sends, batches in (
            (1, SENDS, False),
            (8, SENDS, False),
            (8, SENDS, True),
            (64, SENDS * 4, False),
            (64, SENDS * 4, True),
        )
    )
    thousand, single = (
        made.measure(
            f"notifykit: {channels:,} channels with rates",
            VISITS,
            partial(dispatching.visits, channels=channels, count=VISITS),
        )
        for channels in (1_000, 10)
    )
    texts = world.texts(PUTS)
    rivals = [
        made.measure(
            f"{library.name}: dispatch",
            PUTS,
            partial(measured.library_dispatches, library=library, texts=texts),
        )
        for library in there
    ]
    alone, two = (
        made.measure(
            f"notifykit: {processes} dispatching process{'es' if processes > 1 else ''}",
            SENDS * 2,
            partial(dispatching.by_processes, shelf=shelf, waiting=SENDS * 2, processes=processes, workers=8),
        )
        for processes in (1, 2)
    )
    made.figures += [
        Figure(title="dispatch at FULL, one thread", ours=one, rivals=(raw,), compare=Compare.RATE, target=1.3),
        Figure(
            title="dispatch at FULL, W = 8",
            ours=eight,
            rivals=(raw, *rivals),
            compare=Compare.RATE,
            target=2,
        ),
        Figure(
            title="dispatch at FULL, W = 8, a sender that takes batches",
            ours=eight_in_batches,
            rivals=(raw, *rivals),
            compare=Compare.RATE,
            target=2,
        ),
        Figure(title="dispatch at FULL, W = 64", ours=many, rivals=(raw_batches,), compare=Compare.RATE, target=0.4),
        Figure(
            title="dispatch at FULL, W = 64, a sender that takes batches",
            ours=many_in_batches,
            rivals=(raw_batches,),
            compare=Compare.RATE,
            target=0.4,
        ),
        Figure(
            title="a visit, 1,000 channels with rates",
            ours=thousand,
            rivals=(single,),
            compare=Compare.COST,
            target=2,
        ),
        Figure(title="two processes", ours=two, rivals=(alone,), compare=Compare.RATE, target=1.2),
        Figure(title="two processes: duplicates", ours=two, compare=Compare.COUNT, count="duplicates", target=0),
        Figure(
            title='two processes: "database is locked"',
            ours=two,
            compare=Compare.COUNT,
            count="locked",
            target=0,
        ),
    ]


def backlogs(made: Plan, shelf: Shelf, bulk: int) -> None:
    tenth = bulk // 10
    sends = min(SENDS, tenth)
    for workers in (1, 8):
        base, full, behind = (
            made.measure(
                f"notifykit: {waiting:,} waiting behind {done:,} done, W = {workers}",
                sends,
                partial(dispatching.first_of, shelf=shelf, sends=sends, waiting=waiting, done=done, workers=workers),
            )
            for waiting, done in ((tenth, 0), (bulk, 0), (tenth, bulk - tenth))
        )
        for ours, title in (
            (full, f"rate with {bulk:,} waiting"),
            (behind, f"rate with {tenth:,} waiting behind {bulk - tenth:,} done"),
        ):
            made.figures.append(
                Figure(
                    title=f"{title}, W = {workers}",
                    ours=ours,
                    rivals=(base,),
                    compare=Compare.RATE,
                    target=0.9,
                )
            )


def settling(made: Plan, shelf: Shelf, size: int) -> None:
    rewrite = made.measure(
        f"csv read and write, {size:,}", size, partial(measured.rewrite_csv, shelf=shelf, contracts=size)
    )
    ours = made.measure(f"notifykit: settle, {size:,}", size, partial(job.settle, shelf=shelf, contracts=size))
    made.figures.append(
        Figure(title=f"settle {size:,} flags", ours=ours, rivals=(rewrite,), compare=Compare.COST, target=2.5)
    )


def whole_job(made: Plan, shelf: Shelf, sizes: tuple[int, ...]) -> None:
    ours = [
        made.measure(f"notifykit: whole job, {size:,}", size, partial(job.whole, shelf=shelf, contracts=size))
        for size in sizes
    ]
    largest = sizes[-1]
    for name, batch, mark, target in (
        ("raw batched script", 1_000, False, 3),
        (f"raw script in batches of {job.WORKERS}, marked before", job.WORKERS, True, None),
    ):
        raw = made.measure(
            name,
            largest,
            partial(measured.whole_script, shelf=shelf, contracts=largest, batch=batch, mark=mark),
        )
        made.figures.append(
            Figure(
                title=f"whole job, {largest:,} contracts",
                ours=ours[-1],
                rivals=(raw,),
                compare=Compare.COST,
                target=target,
            )
        )
    made.figures.append(
        Figure(
            title=f"cost per contract, {sizes[0]:,} to {largest:,}",
            ours=ours[-1],
            others=tuple(ours[1:-1]),
            rivals=(ours[0],),
            compare=Compare.COST,
            target=1.25,
        )
    )
    memory = made.measure(
        f"notifykit: peak memory, {largest:,}",
        largest,
        partial(job.peak_memory, shelf=shelf, contracts=largest),
    )
    made.figures.append(
        Figure(title=f"peak memory, {largest:,} contracts, MB", ours=memory, compare=Compare.VALUE, target=120)
    )


def digests(made: Plan, shelf: Shelf, size: int) -> None:
    """10,000 records to a hundred recipients: a hundred calls, and the same flags."""
    most = max(world.HOUSEKEEPERS, size // 100)
    alone, ours = (
        made.measure(
            f"notifykit: {size:,} records, {how}",
            size,
            partial(job.digests, shelf=shelf, contracts=size, gathered=gathered, most=most),
        )
        for how, gathered in (("each a call", False), ("in digests", True))
    )
    title = f"{size:,} records to {world.HOUSEKEEPERS} recipients, in digests"
    made.figures += [
        Figure(title=title, ours=ours, rivals=(alone,), compare=Compare.RATE, target=1),
        Figure(
            title=f"{title}: calls beyond {most}",
            ours=ours,
            compare=Compare.COUNT,
            count="beyond",
            target=0,
        ),
    ]


def literal_plan(made: Plan, shelf: Shelf, *, full: bool) -> None:
    size = PLAN_CONTRACTS
    ours = made.measure(f"notifykit: whole job, {size:,}", size, partial(job.whole, shelf=shelf, contracts=size))
    sends = None if full else PLAN_SENDS
    plan_ = made.measure("literal plan", size, partial(measured.whole_plan, shelf=shelf, contracts=size, sends=sends))
    made.figures.append(
        Figure(
            title=f"whole job, {size:,} contracts",
            ours=ours,
            rivals=(plan_,),
            compare=Compare.RATE,
            target=450,
        )
    )
