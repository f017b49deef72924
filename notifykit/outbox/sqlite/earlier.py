"""Reading a store of an earlier version without bringing it up to date."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

from notifykit.outbox.sqlite import channel_times, key_forms, schema
from notifykit.outbox.sqlite.steps import steps

# `read_as_now`: the tables of a store.
_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


def read_as_now(connection: sqlite3.Connection) -> Callable[[str], str]:
    """Have a connection show an earlier store as this version would, and return what must be done to statements.

    What the store does not keep yet is empty, but for the normal forms of keys: tables that it lacks stand in the
    connection's own temporary memory, with the rows of those that lack columns; in `tasks`, columns that it lacks are
    NULL. Raises sqlite3.Error.
    """
    there = {name: schema.columns_of(connection, name) for name, _ in connection.execute(_TABLES).fetchall()}
    with closing(sqlite3.connect(":memory:")) as now:
        now.execute(schema.LEGACY_TABLE)
        for step in steps():
            step.take(now)
        wanted = {name: (sql, schema.columns_of(now, name)) for name, sql in now.execute(_TABLES).fetchall()}
    connection.execute("PRAGMA temp_store = MEMORY")
    for name, (sql, columns) in wanted.items():
        if name != "tasks" and there.get(name) != columns:
            connection.execute(sql.replace(f"CREATE TABLE {name}", f"CREATE TEMP TABLE {name}", 1))
            if kept := ", ".join(column for column in columns if column in there.get(name, ())):
                connection.execute(f"INSERT INTO temp.{name} ({kept}) SELECT {kept} FROM main.{name}")
    if "key_forms" not in there and "campaign" in there["tasks"]:
        key_forms.fill(connection)  # found from what there is, as an upgrade does
    if "channels" not in there and "campaign" in there["tasks"]:
        channel_times.look_again(connection)
    missing = [column for column in wanted["tasks"][1] if column not in there["tasks"]]
    if not missing:
        return lambda statement: statement
    lacking = re.compile(rf"\b(?:tasks\.)?(?:{'|'.join(missing)})\b")
    return lambda statement: lacking.sub("NULL", statement)
