"""The figures of sources: what many rows cost, against the bare library."""

from __future__ import annotations

import importlib.util
from functools import partial

from benchmarks.harness import Compare, Figure
from benchmarks.plan import Plan
from benchmarks.shelf import Shelf
from benchmarks.sources import reading

PAIRS = (("sql", "cursor", "sqlalchemy"), ("excel", "openpyxl", "openpyxl"))
"""A source, what it is set against, and the library that its extra installs."""


def add(made: Plan, shelf: Shelf, size: int) -> None:  # noqa: ARG001
    """Add them. None of a source whose extra is not installed."""
    for source, bare, library in PAIRS:
        if importlib.util.find_spec(library) is None:
            print(f"the source {source}: skipped, it needs the extra `{source}`")
            continue
        ours, rival = (
            made.measure(
                f"{name}: {reading.ROWS:,} rows",
                reading.ROWS,
                partial(reading.measure, reader=reader, shelf=shelf),
                rounds=3,
            )
            for name, reader in ((f"source {source}", source), (f"bare {bare}", bare))
        )
        title = f"source {source}, {reading.ROWS:,} rows"
        made.figures.append(Figure(title=title, ours=ours, rivals=(rival,), compare=Compare.COST, target=2))
