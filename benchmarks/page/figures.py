"""The figures of the page: how soon it answers, and what it costs the dispatcher."""

from __future__ import annotations

import importlib.util
from functools import partial

from benchmarks.harness import Compare, Figure
from benchmarks.page import looking
from benchmarks.plan import Plan
from benchmarks.shelf import Shelf

TOTAL = 1_000_000
SENDS = 60_000


def add(made: Plan, shelf: Shelf, size: int) -> None:  # noqa: ARG001
    """Add them. None where the extra `web` is not installed."""
    if importlib.util.find_spec("starlette") is None or importlib.util.find_spec("uvicorn") is None:
        print("the page: skipped, it needs the extra `web`")
        return
    page = made.measure(
        f"notifykit serve: {looking.PEOPLE} people, {TOTAL:,} messages",
        1,
        partial(looking.slowest_page, shelf=shelf, total=TOTAL, sends=SENDS),
        rounds=1,
    )
    looked_at, alone = (
        made.measure(
            f"notifykit: dispatch of {TOTAL:,}, {people} people look",
            SENDS,
            partial(looking.sending, shelf=shelf, total=TOTAL, sends=SENDS, people=people),
            rounds=3,
        )
        for people in (looking.PEOPLE, 0)
    )
    made.figures += [
        Figure(title="page: slowest at p95, ms", ours=page, compare=Compare.VALUE, target=300),
        Figure(
            title="page: dispatch while ten people look",
            ours=looked_at,
            rivals=(alone,),
            compare=Compare.RATE,
            target=0.9,
        ),
    ]
