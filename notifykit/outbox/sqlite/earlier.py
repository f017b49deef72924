"""Reading a store of an earlier version without bringing it up to date."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from notifykit.outbox.sqlite import channel_times, key_forms, schema
from notifykit.outbox.sqlite.steps import steps

# `read_as_now`: the indexes of a store.
_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index'"

# `read_as_now`: the tables of a store.
_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


_LARGE = {"tasks", "attempts"}


def read_as_now(connection: sqlite3.Connection) -> Callable[[str], str]:
    """Have a connection show an earlier store as this version would, and return what must be done to statements.

    What the store does not keep yet is empty, but for the normal forms of keys: tables that it lacks stand in the
    connection's own temporary memory, with the rows of those that lack columns; in `tasks` and `attempts`, which are
    large, columns that it lacks are NULL, and an index that it lacks is not asked for. Raises sqlite3.Error.
    """
    there = {name: schema.columns_of(connection, name) for name, _ in connection.execute(_TABLES).fetchall()}
    with closing(sqlite3.connect(":memory:")) as now:
        now.execute(schema.LEGACY_TABLE)
        for step in steps():
            step.take(now)
        wanted = {name: (sql, schema.columns_of(now, name)) for name, sql in now.execute(_TABLES).fetchall()}
        indexes = {name for (name,) in now.execute(_INDEXES)} - {name for (name,) in connection.execute(_INDEXES)}
    connection.execute("PRAGMA temp_store = MEMORY")
    for name, (sql, columns) in wanted.items():
        if not (name in _LARGE and name in there) and there.get(name) != columns:
            connection.execute(sql.replace(f"CREATE TABLE {name}", f"CREATE TEMP TABLE {name}", 1))
            if kept := ", ".join(column for column in columns if column in there.get(name, ())):
                connection.execute(f"INSERT INTO temp.{name} ({kept}) SELECT {kept} FROM main.{name}")
    if "key_forms" not in there and "campaign" in there["tasks"]:
        key_forms.fill(connection)  # found from what there is, as an upgrade does
    if "channels" not in there and "campaign" in there["tasks"]:
        channel_times.look_again(connection)
    missing = [column for name in _LARGE & there.keys() for column in wanted[name][1] if column not in there[name]]
    # Other tables may have columns of the same names, and are told apart by their own.
    lacking = rf"(?<![:.\w])(?:(?!pruned\b)\w+\.)?(?:{'|'.join(missing)})\b"
    instead = {lacking: "NULL"} if missing else {}
    if indexes:
        instead[rf"\bINDEXED BY (?:{'|'.join(indexes)})\b"] = ""

    def as_now(statement: str) -> str:
        for found, present in instead.items():
            statement = re.sub(found, present, statement)
        return statement

    return as_now
