"""The figures of sources: what many rows cost, against the bare library."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from benchmarks.harness import Compare, Figure, Sample
from benchmarks.plan import Plan
from benchmarks.postgres import store
from benchmarks.shelf import Shelf
from benchmarks.sources import reading, tables
from notifykit.demo.server import programs

ROWS = 100_000
SHEET_ROWS = 200_000


def add(made: Plan, shelf: Shelf, size: int) -> None:  # noqa: ARG001
    """Add them. None of what is not installed."""
    for library, extra in (("sqlalchemy", "sql"), ("openpyxl", "excel")):
        if importlib.util.find_spec(library) is None:
            print(f"the source {extra}: skipped, it needs the extra `{extra}`")
        elif extra == "excel":
            title = f"{SHEET_ROWS:,} rows"
            _add(made, ("excel", "openpyxl"), title, partial(_workbook, shelf), "orders", SHEET_ROWS, 1.2)
        else:
            databases: dict[str, Callable[[], str]] = {"SQLite": partial(_sqlite, shelf)}
            if programs() is not None and importlib.util.find_spec("psycopg") is not None:
                databases["PostgreSQL"] = _postgres
            for name, place in databases.items():
                for table, columns in tables.COLUMNS.items():
                    title = f"{name}, {ROWS:,} rows of {columns}"
                    _add(made, ("sql", "cursor"), title, place, table, ROWS, 2)


def _add(
    made: Plan, pair: tuple[str, str], title: str, place: Callable[[], str], table: str, rows: int, target: float
) -> None:
    def measure(room: Path, *, reader: str) -> Sample:  # noqa: ARG001
        return reading.measure(reader, place(), table, rows)

    source, bare = pair
    ours, rival = (
        made.measure(f"{name}: {title}", rows, partial(measure, reader=reader), rounds=3)
        for name, reader in ((f"source {source}", source), (f"bare {bare}", bare))
    )
    figure = Figure(title=f"source {source}: {title}", ours=ours, rivals=(rival,), compare=Compare.COST, target=target)
    made.figures.append(figure)


def _workbook(shelf: Shelf) -> str:
    return str(shelf.keep("orders.xlsx", partial(reading.make_workbook, rows=SHEET_ROWS)))


def _sqlite(shelf: Shelf) -> str:
    return f"sqlite:///{shelf.keep('orders.db', lambda file: tables.make(f'sqlite:///{file}', ROWS))}"


@cache
def _postgres() -> str:
    url = store.running().address.replace("postgresql:", "postgresql+psycopg:", 1)
    tables.make(url, ROWS)
    return url
