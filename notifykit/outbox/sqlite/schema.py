"""Whether a file is an outbox, and how an older one becomes one of this version.

A new store is an old one that was upgraded at once: the legacy program's seven columns come first and
unchanged, so that a reader that goes by position keeps working, and there is one path to test. Another process may be
making it one just now, so whatever takes several looks is read as of one moment. The table of
sqlite-utils' migrations says which steps were applied; `user_version` is left to other programs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from notifykit.errors import StoreDamagedError, StoreError
from notifykit.outbox.sqlite.database import LACKING, Database, snapshot, store_error
from notifykit.outbox.sqlite.steps import steps
from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from notifykit.outbox.copying import CopyState

LEGACY_COLUMNS = ("id", "task_type", "recipient", "message", "status", "created_at", "updated_at")

OLD_TABLES = (LEGACY_COLUMNS, (*LEGACY_COLUMNS, "metadata"))
"""The columns of the legacy program's table: as it makes it, and after the first step of the upgrade plan that was
published for it, whose column has the name of one of ours."""

LEGACY_TABLE = """CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)"""
"""What the legacy program makes for itself."""

STEPS_TABLE = "_sqlite_migrations"
"""Where the applied steps are written down: the table of sqlite-utils' migrations, which others may use, too."""

STEPS_SET = "notifykit"
"""Whose steps ours are in that table."""


def prepare(db: Database, *, create: bool, take_over: bool = True) -> None:
    """Bring the store to this version, in one transaction; all data are kept.

    Raises StoreError, before anything is changed, for a file from a newer version, for one whose `tasks` table is
    not ours, and for one that is no outbox yet where `create` is off, or, without `take_over`, an old program used it.
    """
    with db.snapshot():
        outbox, present = _look(db)
        if present:
            return
        if not outbox and (not create or (not take_over and is_old_table(db.connection))):
            raise _no_outbox(db)
    db.use_wal()
    with db.transaction():
        upgrade(db)


def is_current(db: Database) -> bool:
    """Whether an outbox is of this version. Raises StoreError for one of a newer version, and where it is none."""
    with db.snapshot():
        outbox, present = _look(db)
        if not outbox:
            raise _no_outbox(db)
    return present


def copy_state(connection: sqlite3.Connection) -> CopyState | None:
    """Return why nobody works with an outbox; None where it is in use. Raises sqlite3.Error."""
    if not columns_of(connection, "outbox_copy"):
        return None
    found = connection.execute("SELECT state, other, copy, at FROM outbox_copy").fetchone()
    if found is None:
        return None
    from notifykit.outbox.copying import CopyState  # seldom needed

    return CopyState(*found)


def require_in_use(db: Database) -> None:
    """Raise StoreError where an outbox was moved away, or is a copy that is not complete."""
    try:
        state = copy_state(db.connection)
    except sqlite3.Error as error:
        raise store_error(db.path, error) from error
    if state is not None:
        raise state.error(db.path)


def is_old_table(connection: sqlite3.Connection) -> bool:
    """Whether the task table is an old program's, and was ever used: what it queued and sent is known to it alone."""
    with snapshot(connection):
        if not columns_of(connection) or is_outbox(connection):
            return False
        if connection.execute("SELECT 1 FROM tasks LIMIT 1").fetchone() is not None:
            return True
        sequence = columns_of(connection, "sqlite_sequence")
        ids = "SELECT 1 FROM sqlite_sequence WHERE name = 'tasks'"
        return bool(sequence) and connection.execute(ids).fetchone() is not None


def _no_outbox(db: Database) -> StoreError:
    if not is_old_table(db.connection):
        return StoreError(
            gettext("is not an outbox yet"), mend=gettext("`notifykit generate` makes it one"), where=db.path
        )
    return StoreError(
        gettext("is not an outbox yet: it holds an old program's tasks"),
        mend=gettext(
            "`notifykit migrate` takes over what that left. Taken as it is, by `notifykit store "
            "accept`, whatever has no flag is sent again"
        ),
        where=db.path,
    )


def upgrade(db: Database) -> None:
    """Bring an old or empty file to this version inside the transaction that is open; all data are kept.

    The journal mode stays, for it cannot be changed inside a transaction. Nothing is done to a file that is of this
    version. Raises StoreError as `prepare` does.
    """
    from notifykit.outbox.sqlite.applying import apply

    _, present = _look(db)
    if present:  # perhaps somebody else was faster
        return
    try:
        there = () if _recorded(db.connection) else applied(db.connection)
        if not columns_of(db.connection):
            db.connection.execute(new_table())
        apply(db.connection, steps(), there=there)
    except sqlite3.Error as error:
        raise store_error(db.path, error) from error


def new_table() -> str:
    """Return what makes the table `tasks` of a new store, to the letter as the steps would leave it.

    Each column that a step adds would have SQLite read the whole schema again.
    """
    added = "".join(f', "{name}" {type_}' for step in steps() for name, type_ in step.columns.items())
    return f"{LEGACY_TABLE.removesuffix(')')}{added})"


def applied(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the steps that made this store, in order; none where it is no outbox. Raises sqlite3.Error.

    A store that was made before steps were written down has had the first one.
    """
    first = steps()[0]
    with snapshot(connection):
        names = _recorded(connection)
        if not names and columns_of(connection) == expected_columns((first.name,)):
            return (first.name,)
        return names


def is_outbox(connection: sqlite3.Connection) -> bool:
    """Whether this is an outbox, of whatever version. Raises sqlite3.Error."""
    return bool(applied(connection))


def require_known(names: Iterable[str], store: object) -> None:
    """Raise StoreError where one of the steps that a store has had is of a newer version."""
    known = {step.name for step in steps()}
    for name in names:
        if name not in known:
            raise StoreError(
                gettext(
                    "written by a newer notifykit (its schema has had the step {name}, which this one does not know)",
                    name=name,
                ),
                mend=gettext("update notifykit with `pip install --upgrade notifykit-outbox`"),
                where=store,
            )


def columns_of(connection: sqlite3.Connection, table: str = "tasks") -> tuple[str, ...]:
    """Return the columns of a table in order; none where there is no such table. Raises sqlite3.Error."""
    return tuple(name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def expected_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a table `tasks` that has had these steps, in this order."""
    added = {step.name: step.columns for step in steps()}
    return (*LEGACY_COLUMNS, *(column for name in names for column in added.get(name, ())))


def objects(names: Collection[str] | None = None) -> Mapping[str, tuple[str, ...]]:
    """Return the tables, indexes and triggers beside `tasks` that these steps leave, by name; all steps by default.

    A table comes with its columns.
    """
    return _objects(tuple(step.name for step in steps() if names is None or step.name in names))


@cache
def _objects(names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(new_table())
        for step in steps():
            if step.name in names:
                step.take(db)
        found = db.execute("SELECT name FROM sqlite_master WHERE name <> 'tasks' AND name NOT LIKE 'sqlite%'")
        return {name: columns_of(db, name) for (name,) in sorted(found.fetchall())}


def missing(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what is not there, or not as it should be, of an outbox that has had the steps that this one has."""
    names = applied(connection)
    columns = columns_of(connection)
    if not names:
        yield gettext("the table {table} is missing, or does not say which steps the outbox has had", table=STEPS_TABLE)
        names = tuple(step.name for step in steps())
    if not columns:
        yield gettext("the table {table} is missing", table="tasks")
    elif lost := [name for name in expected_columns(names) if name not in columns]:
        yield gettext(
            "the table {table} lacks the columns {columns}", table="tasks", columns=joined(gettext(", "), lost)
        )
    elif columns != expected_columns(names):
        yield gettext(
            "the table tasks has the columns {columns}, which are not an outbox's",
            columns=joined(gettext(", "), columns),
        )
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for name, wanted in objects(names).items():
        if name not in there:
            yield gettext("{name} is missing", name=name)
        elif lost := [column for column in wanted if column not in columns_of(connection, name)]:
            yield gettext(
                "the table {table} lacks the columns {columns}", table=name, columns=joined(gettext(", "), lost)
            )


def statements(columns: Collection[str] = LEGACY_COLUMNS) -> Iterator[str]:
    """Yield what an upgrade of a legacy table with these columns amounts to: one statement each, without semicolons."""
    for step in steps():
        yield from step.needed(columns)
    yield f"CREATE TABLE IF NOT EXISTS {STEPS_TABLE} (id INTEGER PRIMARY KEY, migration_set, name, applied_at)"
    for step in steps():
        values = f"('{STEPS_SET}', '{step.name}', CURRENT_TIMESTAMP)"
        yield f"INSERT INTO {STEPS_TABLE} (migration_set, name, applied_at) VALUES {values}"


def without_added_columns(sql: str) -> str:
    """Return a statement that makes the table `tasks` as it was before any step added a column."""
    for step in steps():
        for name, type_ in step.columns.items():
            sql = sql.replace(f', "{name}" {type_}', "", 1)
    return sql


def take_away(connection: sqlite3.Connection) -> None:
    """Remove what the outbox has beside the table `tasks`, and that it ever was one. Within an open transaction.

    What other programs have in the table of steps stays. Raises sqlite3.Error.
    """
    for step in steps():
        for table in step.tables:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
    if not _recorded(connection):
        connection.execute("PRAGMA user_version = 0")  # set by versions that wrote no steps down
        return
    connection.execute(f"DELETE FROM {STEPS_TABLE} WHERE migration_set = ?", (STEPS_SET,))
    if connection.execute(f"SELECT 1 FROM {STEPS_TABLE} LIMIT 1").fetchone() is None:
        connection.execute(f"DROP TABLE {STEPS_TABLE}")


def _look(db: Database) -> tuple[bool, bool]:
    """Return whether this is an outbox, and whether it is of this version. Otherwise it can be brought to it."""
    try:
        with snapshot(db.connection):
            recorded, names, columns = _recorded(db.connection), applied(db.connection), columns_of(db.connection)
    except sqlite3.Error as error:
        raise store_error(db.path, error) from error
    require_known(names, db.path)
    known = (expected_columns(names),) if names else ((), *OLD_TABLES)
    if columns not in known and (names or "record_key" in columns):
        with db.explaining():
            what = next(missing(db.connection))
        raise StoreDamagedError(what, mend=gettext(LACKING), where=db.path)
    if columns not in known:
        raise StoreError(
            gettext(
                "has a table `tasks` with the columns {columns}, which is not an outbox",
                columns=joined(gettext(", "), columns) or gettext("none"),
            ),
            mend=gettext("check `store:` in notifykit.yaml"),
            where=db.path,
        )
    return bool(names), {step.name for step in steps()} == set(recorded)


def _recorded(connection: sqlite3.Connection) -> tuple[str, ...]:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (STEPS_TABLE,)).fetchone() is None:
        return ()
    rows = connection.execute(f"SELECT name FROM {STEPS_TABLE} WHERE migration_set = ? ORDER BY rowid", (STEPS_SET,))
    return tuple(name for (name,) in rows)
