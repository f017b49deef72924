"""A file of SQLite with orders."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

ORDERS = """
CREATE TABLE orders (order_no INTEGER PRIMARY KEY, mobile TEXT, amount NUMERIC, told TEXT, told_at TIMESTAMP, ref TEXT);
INSERT INTO orders VALUES
    (1001, '13800000001', 12.5, 'N', NULL, NULL),
    (1002, '13800000002', 3, 'N', NULL, NULL),
    (1003, '13800000003', 4, 'Y', NULL, NULL);
"""

Shop = Callable[..., Path]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Writes what the statements make, and returns the file."""

    def write(statements: str = ORDERS) -> Path:
        file = tmp_path / "shop.db"
        with closing(sqlite3.connect(file)) as db:
            db.executescript(statements)
        return file

    return write


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as db:
        return db.execute(query).fetchall()
