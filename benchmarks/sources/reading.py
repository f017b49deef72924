"""Many rows of a database and of a workbook, read by a source and by the bare library, each in a process of its own.

Started with what to read: `python -m benchmarks.sources.reading sql URL TABLE`. Prints the rows, and the seconds of the
processor that they took.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.harness import Sample

ROOT = Path(__file__).parents[2]


def make_workbook(file: Path, rows: int) -> None:
    """Write a sheet of six columns."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(("order_no", "mobile", "name", "amount", "shipped", "told"))
    for at in range(rows):
        sheet.append((f"A-{at:07}", f"138{at:08}", f"customer {at % 977}", at / 100, "2026-08-31", "N"))
    with file.open("wb") as opened:
        book.save(opened)


def sql(url: str, table: str) -> int:
    """Read by the source, whole, and walk over the records once, as a pass does."""
    from notifykit_sql.source import SqlSource

    file = url.removeprefix("sqlite:///")
    query = f"SELECT * FROM {table}"
    if file == url:
        return sum(1 for _ in SqlSource(url=url, query=query, key="order_no", timeout=300).read())
    return sum(1 for _ in SqlSource(path=Path(file), query=query, key="order_no").read())


def cursor(url: str, table: str) -> int:
    """Read by a bare cursor of the driver."""
    import sqlalchemy

    with closing(sqlalchemy.create_engine(url).raw_connection()) as connection:
        rows = connection.cursor()
        rows.execute(f"SELECT * FROM {table}")
        return sum(1 for _ in iter(rows.fetchone, None))


def excel(file: str, sheet: str) -> int:
    """Read by the source, whole, and walk over the records once, as a pass does."""
    from notifykit_excel.source import ExcelSource

    return sum(1 for _ in ExcelSource(path=Path(file), sheet=sheet, key="order_no").read())


def openpyxl_rows(file: str, sheet: str) -> int:
    """Read by openpyxl alone."""
    import openpyxl

    with closing(openpyxl.load_workbook(file, read_only=True)) as book:
        return sum(1 for _ in book[sheet].iter_rows(values_only=True)) - 1


READERS: Mapping[str, Callable[[str, str], int]] = {
    "sql": sql,
    "cursor": cursor,
    "excel": excel,
    "openpyxl": openpyxl_rows,
}

LOADED = {
    "sql": ("sqlalchemy", "notifykit_sql.source"),
    "cursor": ("sqlalchemy",),
    "excel": ("openpyxl", "notifykit_excel.source"),
    "openpyxl": ("openpyxl",),
}


def measure(reader: str, place: str, table: str, rows: int) -> Sample:
    """Read in a process of its own: seconds of the processor, and the most memory that it held."""
    inner = [sys.executable, "-m", "benchmarks.sources.reading", reader, place, table]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "peak.py"), *inner],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["rows"] == rows, told
    return Sample(value=told["seconds"], peak=float(done.stdout))


def main(arguments: list[str]) -> None:
    """Read once and print what that took."""
    reader, place, table = arguments
    for module in LOADED[reader]:  # what a process loads once, however many rows there are
        importlib.import_module(module)
    if "://" in place:
        importlib.import_module("sqlalchemy").create_engine(place)
    start = time.process_time()
    rows = READERS[reader](place, table)
    print(json.dumps({"rows": rows, "seconds": time.process_time() - start}))


if __name__ == "__main__":
    main(sys.argv[1:])
