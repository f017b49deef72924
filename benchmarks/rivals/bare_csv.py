"""The least that any program must do with a file: read it, or read it and write it, with `csv`."""

from __future__ import annotations

import csv
import os
from pathlib import Path


def read(path: Path) -> int:
    """One pass of csv.reader. Returns the number of rows."""
    count = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in csv.reader(file):
            count += 1
    return count


def read_and_write(path: Path, flag_column: int) -> None:
    """Read all rows, set every flag, write them beside, fsync, replace: one read and write that a cut survives."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        row[flag_column] = "Y"
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
