"""200,000 rows of a database and of a workbook, read by a source and by the bare library, each in a process of its own.

Started with what to read: `python -m benchmarks.sources.reading sql FILE`. Prints the seconds.
"""

from __future__ import annotations

import importlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.harness import Sample
from benchmarks.shelf import Shelf

ROWS = 200_000
COLUMNS = ("order_no", "mobile", "name", "amount", "shipped", "told")
QUERY = "SELECT * FROM orders"


def rows() -> Iterable[tuple[object, ...]]:
    """Yield invented orders."""
    for number in range(ROWS):
        yield f"A-{number:07}", f"138{number:08}", f"customer {number % 977}", number / 100, "2026-08-31", "N"


def make_database(file: Path) -> None:
    """Write them into SQLite."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE orders (order_no TEXT, mobile TEXT, name TEXT, amount REAL, shipped TEXT, told TEXT)")
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", rows())
        db.commit()


def make_workbook(file: Path) -> None:
    """Write them into a workbook."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(COLUMNS)
    for row in rows():
        sheet.append(row)
    with file.open("wb") as opened:
        book.save(opened)


def sql(file: Path) -> int:
    """Read by the source, whole, and walk over the records once, as a pass does."""
    from notifykit_sql.source import SqlSource

    return sum(1 for _ in SqlSource(path=file, query=QUERY, key="order_no").read())


def cursor(file: Path) -> int:
    """Read by a bare cursor of the driver."""
    with closing(sqlite3.connect(file)) as db:
        return sum(1 for _ in db.execute(QUERY))


def excel(file: Path) -> int:
    """Read by the source, whole, and walk over the records once, as a pass does."""
    from notifykit_excel.source import ExcelSource

    return sum(1 for _ in ExcelSource(path=file, key="order_no").read())


def openpyxl_rows(file: Path) -> int:
    """Read by openpyxl alone."""
    import openpyxl

    with closing(openpyxl.load_workbook(file, read_only=True)) as book:
        return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) - 1


READERS: Mapping[str, Callable[[Path], int]] = {"sql": sql, "cursor": cursor, "excel": excel, "openpyxl": openpyxl_rows}


def measure(room: Path, reader: str, shelf: Shelf) -> Sample:  # noqa: ARG001
    """Read in a process of its own: seconds, and the most memory that it held."""
    make, name = (make_workbook, "orders.xlsx") if reader in ("excel", "openpyxl") else (make_database, "orders.db")
    file = shelf.keep(name, make)
    inner = [sys.executable, "-m", "benchmarks.sources.reading", reader, str(file)]
    peak = Path(__file__).parents[1] / "peak.py"
    done = subprocess.run(
        [sys.executable, str(peak), *inner], check=True, capture_output=True, encoding="utf-8", cwd=peak.parents[1]
    )
    told = json.loads(done.stderr.splitlines()[-1])
    return Sample(value=told["seconds"], peak=float(done.stdout))


def main(arguments: list[str]) -> None:
    """Read once and print how long that took."""
    reader, file = arguments
    for library in ("sqlalchemy", "openpyxl"):  # which a process loads once, however many rows there are
        importlib.import_module(library)
    start = time.perf_counter()
    number = READERS[reader](Path(file))
    seconds = time.perf_counter() - start
    assert number == ROWS, number
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1:])
