"""Writes flags into a table, and reports as done only what it has read back.

A batch of rows is one short transaction, so that nobody waits for long. The old value is part of each UPDATE: a row
that another program changed meanwhile is left as it is, and what it says is read back and told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from notifykit.errors import CampaignError
from notifykit.wording import Reason
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_sql import wording
from notifykit_sql.database import Database
from notifykit_sql.keys import KeyFaultError, any_value, key_text, key_value

if TYPE_CHECKING:
    from sqlalchemy import ColumnClause, Connection

ROWS = 200
"""Keys in one transaction."""

_TRUTH = {"true": 1, "false": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagColumn:
    """Which cells are flags, what they say, and what is written beside them."""

    table: str
    """`schema.table`, or a name alone."""
    key: str
    flag: str
    unsent: str | None
    """None: NULL."""
    sent: str
    sent_at: str = ""
    """A column; empty: none."""
    vendor_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is known of a key that was sent."""

    at: float | None = None
    """Seconds since the epoch, UTC."""
    vendor_id: str | None = None


@dataclass(slots=True)
class Flagged:
    """What became of each key."""

    done: set[str] = field(default_factory=set)
    refused: dict[str, Reason] = field(default_factory=dict)


def says(word: str | None) -> frozenset[object]:
    """Return the cells that say a word, whatever type their column has."""
    if word is None:
        return frozenset({None})
    found: set[object] = {word}
    if word.casefold() in _TRUTH:
        found.add(bool(_TRUTH[word.casefold()]))
    elif word.isascii() and word.removeprefix("-").isdigit():
        found.add(int(word))
    return frozenset(found)


def require_columns(database: Database, column: FlagColumn) -> None:
    """Raise CampaignError where the table, or a column of it, is not there, or cannot hold the words."""
    with database.reading() as connection:
        _Target(connection, column, database.shown)


def write_flags(database: Database, column: FlagColumn, wanted: Mapping[str, Sent]) -> Flagged:
    """Set the flag of all rows with these keys from `unsent` to `sent`.

    Never raises for a database that does not answer: every key is in one of the two parts of the result.
    """
    flagged = Flagged()
    keys = iter(sorted(wanted))
    while batch := list(islice(keys, ROWS)):
        try:
            _write(database, column, {key: wanted[key] for key in batch}, flagged)
        except CampaignError as error:
            why = wording.FAILED(error=str(error))
            left = (key for key in wanted if key not in flagged.done and key not in flagged.refused)
            flagged.refused |= dict.fromkeys(left, why)
            break
    return flagged


def _write(database: Database, column: FlagColumn, wanted: Mapping[str, Sent], flagged: Flagged) -> None:
    with database.writing() as connection:
        target = _Target(connection, column, database.shown)
        values = target.values(wanted, flagged)
        target.refuse_alike(connection, values, flagged)
        target.update(connection, {key: value for key, value in values.items() if key not in flagged.refused}, wanted)
    with database.reading() as connection:
        target.read_back(
            connection, {key: value for key, value in values.items() if key not in flagged.refused}, flagged
        )


class _Target:
    """The table as it is now."""

    def __init__(self, connection: Connection, of: FlagColumn, shown: str) -> None:
        from sqlalchemy import MetaData, Table, table
        from sqlalchemy.exc import NoSuchTableError

        schema, _, name = of.table.rpartition(".")
        try:
            there = Table(name, MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
        except NoSuchTableError:
            raise CampaignError(
                gettext("there is no table {table!r}", table=of.table),
                mend=gettext("correct `table` of the strategy"),
                where=shown,
            ) from None
        self._of = of
        self._types = {column.name: column.type for column in there.columns}
        self._any_type = connection.dialect.name == "sqlite"
        """Whether a cell may hold what its column's type does not say."""
        self._key, self._flag = self._column("key", of.key), self._column("flag", of.flag)
        self._at = self._column("sent_at", of.sent_at) if of.sent_at else None
        self._vendor = self._column("vendor_id", of.vendor_id) if of.vendor_id else None
        columns = (column for column in (self._key, self._flag, self._at, self._vendor) if column is not None)
        self._table = table(name, *columns, schema=schema or None)
        self._unsent, self._sent = self._word("unsent", of.unsent), self._word("sent", of.sent)
        self._says_unsent, self._says_sent = says(of.unsent), says(of.sent)

    def _column(self, option: str, name: str) -> ColumnClause[Any]:
        from sqlalchemy import column
        from sqlalchemy.types import NullType

        if name not in self._types:
            raise CampaignError(
                gettext(
                    "`{option}` is {name!r}, and there is no such column{near}",
                    option=option,
                    name=name,
                    near=hint(name, self._types),
                ),
                mend=gettext("correct `{option}` of the strategy", option=option),
                where=self._of.table,
            )
        if self._any_type and not (option == "sent_at" and self._python_type(name) in (datetime, date)):
            return column(name, NullType())  # compared and read as it is there
        return column(name, self._types[name])

    def _python_type(self, name: str) -> type:
        try:
            return self._types[name].python_type
        except NotImplementedError:
            return str

    def _word(self, option: str, word: str | None) -> object:
        kind = self._python_type(self._of.flag)
        if word is None or kind not in (bool, int):
            return word
        number = _TRUTH.get(word.casefold(), word)
        try:
            return kind(int(number))
        except ValueError:
            raise CampaignError(
                gettext(
                    "`{option}` is {word!r}, and {column} is {type}",
                    option=option,
                    word=word,
                    column=self._of.flag,
                    type=self._types[self._of.flag],
                ),
                mend=gettext("write words that the column can hold, such as 0 and 1"),
                where=self._of.table,
            ) from None

    def values(self, keys: Mapping[str, Sent], flagged: Flagged) -> dict[str, object]:
        """Return the keys as the column holds them; refuse those that it cannot hold."""
        kind, found = self._python_type(self._of.key), dict[str, object]()
        for key in keys:
            try:
                found[key] = any_value(key) if self._any_type else key_value(key, kind)
            except ValueError:
                flagged.refused[key] = wording.NO_KEY(
                    table=self._of.table, column=self._of.key, type=str(self._types[self._of.key]), key=key
                )
        return found

    def refuse_alike(self, connection: Connection, values: Mapping[str, object], flagged: Flagged) -> None:
        """Refuse the keys that the database takes for those of other rows, as MySQL does with `a` and `A`."""
        for other in {key for key, _ in self._rows(connection, values)} - values.keys():
            meant = [key for key in values if _folded(key) == _folded(other)] or list(values)
            flagged.refused |= {
                key: wording.SPELLED_ALIKE(table=self._of.table, column=self._of.key, key=key, other=other)
                for key in meant
            }

    def update(self, connection: Connection, values: Mapping[str, object], wanted: Mapping[str, Sent]) -> None:
        """Set the flags that say `unsent`."""
        from sqlalchemy import bindparam

        if not values:
            return
        old = self._flag.is_(None) if self._unsent is None else self._flag == self._unsent
        new: dict[str, object] = {self._flag.name: self._sent}
        if self._at is not None:
            new[self._at.name] = bindparam("sent_at_")
        if self._vendor is not None:
            new[self._vendor.name] = bindparam("vendor_id_")
        rows = []
        for key, value in values.items():
            row: dict[str, object] = {"key_": value}
            if self._at is not None:
                row["sent_at_"] = self._time(wanted[key].at)
            if self._vendor is not None:
                row["vendor_id_"] = wanted[key].vendor_id
            rows.append(row)
        connection.execute(self._table.update().where(self._key == bindparam("key_"), old).values(new), rows)

    def _time(self, at: float | None) -> object:
        """Return a time as its column holds it: in UTC where it has no zone, as ISO 8601 in a column of texts."""
        if at is None:
            return None
        when, kind = datetime.fromtimestamp(round(at), UTC), self._python_type(self._of.sent_at)
        if kind is datetime:
            return when if getattr(self._types[self._of.sent_at], "timezone", False) else when.replace(tzinfo=None)
        if kind is date:
            return when.date()
        return kind(at) if kind in (int, float) else when.isoformat()

    def read_back(self, connection: Connection, values: Mapping[str, object], flagged: Flagged) -> None:
        """Sort the keys by what their rows say."""
        found: dict[str, list[object]] = {key: [] for key in values}
        for key, flag in self._rows(connection, values):
            found.setdefault(key, []).append(flag.rstrip(" ") if isinstance(flag, str) else flag)
        told = {"table": self._of.table, "column": self._of.flag}
        words = {"unsent": self._of.unsent, "sent": self._of.sent}
        for key in values:
            flags = found[key]
            others = [flag for flag in flags if flag not in self._says_sent]
            if not flags:
                flagged.refused[key] = wording.ROW_GONE(table=self._of.table, column=self._of.key, key=key)
            elif not others:
                flagged.done.add(key)
            elif others[0] in self._says_unsent:
                flagged.refused[key] = wording.NOT_KEPT(key=key, **told, **words)
            else:
                word = None if others[0] is None else str(others[0])
                flagged.refused[key] = wording.ODD_FLAG(key=key, word=word, **told, **words)

    def _rows(self, connection: Connection, values: Mapping[str, object]) -> Iterator[tuple[str, Any]]:
        from sqlalchemy import select

        if values:
            for key, flag in connection.execute(
                select(self._key, self._flag).where(self._key.in_(list(values.values())))
            ):
                try:
                    yield key_text(key), flag
                except KeyFaultError:  # a key of blanks, which is no record's
                    continue


def _folded(key: str) -> str:
    letters: Sequence[str] = unicodedata.normalize("NFKD", key.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).strip()
