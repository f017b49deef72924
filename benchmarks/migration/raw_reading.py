"""What any migration must do at least: read the three old states once, and copy them for a backup."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.shelf import copy


def read(contracts: Path, status_file: Path, store: Path) -> tuple[int, int, int]:
    """Read each with its own standard means. Returns how many rows, keys and tasks there are."""
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with status_file.open(encoding="utf-8") as file:
        words = json.load(file)
    with closing(sqlite3.connect(store)) as db:
        tasks = db.execute("SELECT * FROM tasks").fetchall()
    return len(rows), len(words), len(tasks)


def back_up(store: Path, files: tuple[Path, ...], to: Path) -> None:
    """Copy the database by SQLite's backup, and the files onto the disk."""
    with closing(sqlite3.connect(store)) as db, closing(sqlite3.connect(to / store.name)) as kept:
        db.backup(kept)
    for path in files:
        copy(path, to / path.name)
