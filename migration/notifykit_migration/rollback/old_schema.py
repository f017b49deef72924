"""Makes the store the old program's database again: its own schema, word for word, and the rows that it is to see."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import store_error
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS, LEGACY_TABLE, OLD_TABLES
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.files.reading import escaped

Beginning = tuple[int, str, str, str, str | None]
"""(id, status, created_at, updated_at, metadata) of a row as the backup has it; None where it has none."""

PATIENCE = 5.0
"""Seconds to wait for other programs to leave the database."""

_COLUMNS = ", ".join(OLD_TABLES[-1])

_KNOWN_AGAIN = """
UPDATE temp.staying SET metadata = :metadata,
       created_at = CASE status WHEN :status THEN :created ELSE created_at END,
       updated_at = CASE status WHEN :status THEN :updated ELSE updated_at END
 WHERE id = :id
"""
"""A row that says again what it said before the migration says it since then, too; it names what it named then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What the old program is to find."""

    rows: Mapping[int, str]
    """Of the rows that campaigns own: those that stay, with the status that the old program will see."""
    removed: Collection[int]
    """The other rows that campaigns own: the old program will not see them."""
    beginnings: Iterable[Beginning]
    """The rows of the backup."""
    sequence: int | None
    """The highest id ever used, by `sqlite_sequence`; None where nothing was ever inserted."""
    tables: tuple[str, ...]
    """Tables that the migration added, beside the outbox's."""


@contextmanager
def alone(path: Path, *, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
    """Open the store, and lock every other program out of it until the block is left. `patience`: in seconds.

    Raises PreflightError where another program has it open: nothing was changed then.
    """
    with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")  # the lock stays after the commit
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise PreflightError(
                    gettext("another program has it open"),
                    mend=(
                        gettext(
                            "nothing was changed. Stop `notifykit run`, `notifykit dispatch` and whatever "
                            "else looks into it, then run again"
                        )
                    ),
                    where=path,
                ) from error
            raise store_error(path, error) from error
        connection.text_factory = escaped
        try:
            yield connection
        except sqlite3.Error as error:
            raise store_error(path, error) from error


def put_back(connection: sqlite3.Connection, what: Restoration) -> None:
    """Change everything, in one transaction: table, rows, other objects, sequence, and that it is an outbox."""
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN IMMEDIATE")
    try:
        _copy_rows(connection, what)
        before = connection.execute("SELECT type, name, tbl_name, sql FROM legacy_schema ORDER BY rowid").fetchall()
        connection.execute("DROP TABLE tasks")  # with its indexes and triggers
        for table in what.tables:
            connection.execute(f'DROP TABLE IF EXISTS "{table}"')
        schema.take_away(connection)
        _rebuild(connection, before, what.sequence)
        connection.execute("DROP TABLE temp.staying")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _copy_rows(connection: sqlite3.Connection, what: Restoration) -> None:
    """Copy the rows that stay. Columns without a type keep values as they are, and none passes through Python."""
    others = _COLUMNS.removeprefix("id, ")
    connection.execute(f"CREATE TEMP TABLE staying (id INTEGER PRIMARY KEY, {others})")
    connection.execute("CREATE TEMP TABLE going (id INTEGER PRIMARY KEY, status)")
    connection.executemany("INSERT INTO temp.going VALUES (?, ?)", what.rows.items())
    connection.execute("CREATE TEMP TABLE leaving (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO temp.leaving VALUES (?)", ((id_,) for id_ in what.removed))
    connection.execute(
        f"INSERT INTO temp.staying SELECT {_COLUMNS} FROM tasks WHERE id NOT IN (SELECT id FROM temp.leaving)"
    )
    connection.execute(
        "UPDATE temp.staying SET status = (SELECT status FROM temp.going WHERE going.id = staying.id)"
        " WHERE id IN (SELECT id FROM temp.going)"
    )
    connection.executemany(
        _KNOWN_AGAIN,
        (
            {"id": id_, "status": status, "created": created, "updated": updated, "metadata": metadata}
            for id_, status, created, updated, metadata in what.beginnings
        ),
    )
    connection.execute("DROP TABLE temp.going")
    connection.execute("DROP TABLE temp.leaving")


def _rebuild(
    connection: sqlite3.Connection, before: Iterable[tuple[str, str, str, str | None]], sequence: int | None
) -> None:
    """Make the table and what belonged to it, in the order in which it was made first."""
    about = [(type_, sql) for type_, _, table, sql in before if table == "tasks" and sql is not None]
    table = next((sql for type_, sql in about if type_ == "table"), None)
    columns = _columns(table or LEGACY_TABLE)
    if columns not in OLD_TABLES:
        # It had been an outbox before the migration. The old program gets its own table, and none of our indexes.
        table, about, columns = LEGACY_TABLE, [], LEGACY_COLUMNS
    some = connection.execute("SELECT 1 FROM temp.staying LIMIT 1").fetchone() is not None
    if table is None and not some:
        return
    connection.execute(table or LEGACY_TABLE)
    names = ", ".join(columns)
    connection.execute(f"INSERT INTO tasks ({names}) SELECT {names} FROM temp.staying ORDER BY id")
    for type_, sql in about:
        if type_ != "table":
            connection.execute(sql)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone() is None:
        return
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'tasks'")
    if sequence is not None and "AUTOINCREMENT" in (table or LEGACY_TABLE).upper():
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('tasks', ?)", (sequence,))


def _columns(table: str) -> tuple[str, ...]:
    """Return the columns of the table that this makes."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(table)
        return schema.columns_of(db)


def set_journal_mode(connection: sqlite3.Connection, path: Path, mode: str) -> None:
    """Put the journal mode back, and leave no files beside the database. For a connection that is alone."""
    wanted = "wal" if mode.lower() == "wal" else "delete"
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    (now,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
    if now != wanted:
        raise PreflightError(
            gettext("its journal mode is still {now}, because another program has it open", now=now),
            mend=gettext("stop it, then run again"),
            where=path,
        )
    if wanted == "delete":
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # left by a program that only looked


def clear_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Let SQLite empty the journal of a program that was killed. For a connection that is alone.

    What it said was rolled back when the database was opened; the file itself goes with the next change.
    """
    if path.with_name(f"{path.name}-journal").exists():
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version}")
