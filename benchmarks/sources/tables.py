"""Tables of a database with invented orders: of few columns and of many."""

from __future__ import annotations

from itertools import cycle, islice

COLUMNS = {"few": 6, "many": 40}
"""The tables, and how many columns each has; `order_no` is one."""

_CELLS = ("'customer ' || (i % 977)", "'1380000' || i", "i * 7", "i * 0.01", "TIMESTAMP '2026-08-31 17:30:00'")
"""Texts, a whole number, a decimal, a time."""


def make(url: str, rows: int) -> None:
    """Make the tables in a database: SQLite, which knows no times, PostgreSQL, or MariaDB in its mode ANSI."""
    import sqlalchemy

    with sqlalchemy.create_engine(url).begin() as connection:
        for table, columns in COLUMNS.items():
            cells = ", ".join(f"{cell} AS c{at}" for at, cell in enumerate(islice(cycle(_CELLS), columns - 1)))
            if connection.dialect.name == "sqlite":
                cells = cells.replace("TIMESTAMP ", "")
            statement = (
                f"CREATE TABLE {table} AS "
                f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
                f"SELECT 'A-' || (1000000 + i) AS order_no, {cells} FROM n"
            )
            connection.execute(sqlalchemy.text(statement))
