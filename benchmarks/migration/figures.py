"""The figures of leaving the old program: the migration there and back, and the shim."""

from __future__ import annotations

from functools import partial

from benchmarks.harness import Compare, Figure
from benchmarks.migration import moving, shimming
from benchmarks.plan import Plan
from benchmarks.shelf import Shelf

ROUNDS = 2
"""A migration of 100,000 contracts takes too long for more."""
MEGABYTES = 250
SHIM_SIZES = (200, 1_000, 5_000)


def add(made: Plan, shelf: Shelf, size: int) -> None:
    """Add them all. `size`: contracts of the migration."""
    migration(made, shelf, size)
    shim(made, shelf)


def migration(made: Plan, shelf: Shelf, size: int) -> None:
    """Planning against the least reading there is; there and back against planning and the copy for the backup."""
    read, copies, plan, there, back = (
        made.measure(name, size, partial(how, shelf=shelf, contracts=size), rounds=ROUNDS)
        for name, how in (
            (f"csv, json and sqlite3 read once, {size:,}", moving.read_once),
            (f"sqlite3 backup and file copies, {size:,}", moving.back_up),
            (f"notifykit: migrate --dry-run, {size:,}", moving.dry_run),
            (f"notifykit: migrate, {size:,}", moving.migrate),
            (f"notifykit: rollback, {size:,}", moving.roll_back),
        )
    )
    made.figures += [
        Figure(
            title=f"migrate --dry-run, {size:,} contracts",
            ours=plan,
            rivals=(read,),
            compare=Compare.COST,
            target=10,
        ),
        Figure(title="migrate --dry-run, peak memory, MB", ours=plan, compare=Compare.PEAK, target=MEGABYTES),
    ]
    for ours, title in ((there, "migrate"), (back, "rollback")):
        made.figures += [
            Figure(
                title=f"{title}, {size:,} contracts",
                ours=ours,
                rivals=(plan, plan, plan, copies),
                compare=Compare.COST,
                target=1,
            ),
            Figure(title=f"{title}, peak memory, MB", ours=ours, compare=Compare.PEAK, target=MEGABYTES),
        ]


def shim(made: Plan, shelf: Shelf) -> None:
    """The unmodified program under the shim: flat, and against itself without."""
    first, *others = (
        made.measure(
            f"notifykit: shim, {size:,}", size, partial(shimming.shimmed, shelf=shelf, contracts=size), rounds=ROUNDS
        )
        for size in SHIM_SIZES
    )
    largest = SHIM_SIZES[-1]
    bare = made.measure(
        f"the old program, {largest:,}", largest, partial(shimming.bare, shelf=shelf, contracts=largest), rounds=1
    )
    made.figures += [
        Figure(
            title=f"shim, cost per contract, {SHIM_SIZES[0]:,} to {largest:,}",
            ours=others[-1],
            others=tuple(others[:-1]),
            rivals=(first,),
            compare=Compare.COST,
            target=1.5,
        ),
        Figure(title=f"shim, {largest:,} contracts", ours=others[-1], rivals=(bare,), compare=Compare.RATE, target=20),
    ]
