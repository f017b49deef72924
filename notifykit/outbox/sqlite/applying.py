"""Takes the steps of the schema by sqlite-utils' migrations. Loaded by an upgrade only: most openings need none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping

import sqlite_utils
from sqlite_utils.migrations import Migrations

from notifykit.outbox.sqlite import foreign, key_forms
from notifykit.outbox.sqlite.schema import STEPS_SET
from notifykit.outbox.sqlite.steps import SchemaStep


def apply(connection: sqlite3.Connection, steps: Iterable[SchemaStep], *, there: Collection[str]) -> None:
    """Take those of the steps that were not taken yet, each a savepoint of the transaction that is open.

    `there` are steps that the store has had without writing them down. Raises sqlite3.Error.
    """
    known = Migrations(STEPS_SET)
    for step in steps:
        known(name=step.name)(_take_over if step.name in there else _taking(step))
    known.apply(sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False))


_FILLS: Mapping[str, Callable[[sqlite3.Connection], None]] = {
    "0007_key_forms": key_forms.fill,
    "0020_times": foreign.renew,
}
"""What a step does beside its statements, for what SQL cannot work out of what there is."""


def _taking(step: SchemaStep) -> Callable[[sqlite_utils.Database], None]:
    def take(db: sqlite_utils.Database) -> None:
        step.take(db.conn)
        if (fill := _FILLS.get(step.name)) is not None:
            fill(db.conn)

    return take


def _take_over(db: sqlite_utils.Database) -> None:
    """Take over a store of a version that set `user_version` instead of writing its steps down."""
    db.conn.execute("PRAGMA user_version = 0")
