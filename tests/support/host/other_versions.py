"""Stores as other versions leave them: earlier ones, whose schema has had fewer steps, and a later one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import sqlite_utils
from sqlite_utils.migrations import Migrations

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.steps import SchemaStep, steps

OF_TOMORROW = "9999_of_tomorrow"


@contextmanager
def knowing(known: Sequence[SchemaStep]) -> Iterator[None]:
    """Be a version that has these steps."""
    with patch.object(schema, "steps", lambda: tuple(known)):
        yield


def upgrade_so_far(file: Path, count: int) -> None:
    """Bring a store to the version that has had so many steps, and writes them down."""
    with knowing(steps()[:count]):
        SqliteOutbox.open(file).close()


def upgrade_without_record(file: Path) -> None:
    """Bring a legacy table, or no file, to the version that set `user_version` and wrote no step down."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if not schema.columns_of(connection):
            connection.execute(schema.LEGACY_TABLE)
        steps()[0].take(connection)
        connection.execute("PRAGMA user_version = 1")
        connection.execute("COMMIT")


def add_a_step_of_tomorrow(connection: sqlite3.Connection) -> None:
    """Write down a step that this version does not know."""
    later = Migrations(schema.STEPS_SET)
    later(name=OF_TOMORROW)(lambda _: None)
    later.apply(sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False))
    connection.commit()


def take_a_step_of_another_program(connection: sqlite3.Connection) -> Callable[[sqlite3.Connection], list[str]]:
    """Have another program use the table of steps for itself. Returns what tells its steps."""
    theirs = Migrations("theirs")
    theirs(name="0001_theirs")(lambda _: None)
    theirs.apply(sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False))
    return lambda other: [step.name for step in theirs.applied(sqlite_utils.Database(other, execute_plugins=False))]
