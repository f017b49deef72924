"""Cells as values: the columns that a campaign declares are read as numbers, dates, times, yes or no.

Nothing is guessed: a cell that is not written as its column says holds its record, with the place. An empty cell is
None, in a column of texts the empty text. A cell that has a type already, as databases and JSON give it, keeps its
value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from notifykit.errors import CampaignError, told
from notifykit.model import Problem, Record, Table
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext, joined

CellType = Literal["text", "integer", "decimal", "date", "datetime", "boolean"]

TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")
"""What a boolean is written as where a campaign says nothing else; case does not count."""

LONGEST = 1_000
"""Characters of a cell that may be a number."""

MOST = 10**18
"""What a number of a database or of JSON must be below to be taken for a whole one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How the cells of a column are written."""

    type: CellType
    required: bool = False
    """Whether an empty cell holds its record."""
    format: str = ""
    """Of a date or a datetime, as `datetime.strptime` takes it; empty: ISO 8601."""
    zone: str = ""
    """Of datetimes: the zone of those that are written without an offset, and in which all are given."""
    point: str = "."
    """Of a decimal."""
    group: str = ""
    """What may stand between the thousands of a number; empty: nothing."""
    true: tuple[str, ...] = TRUE
    false: tuple[str, ...] = FALSE


class _CellError(ValueError):
    """A cell is not what its column says. The text is what it should be."""


class TypedView:
    """Records with typed cells. Each iteration walks over the view beneath, and yields the same.

    `where`: the file that declares the columns.
    """

    def __init__(self, view: Iterable[Record | Problem], columns: Mapping[str, Column], where: object) -> None:
        self._view = view
        self._readers = {name: reader(column) for name, column in columns.items()}
        self._where = where

    def __iter__(self) -> Iterator[Record | Problem]:
        """Raise CampaignError where the header of the source lacks a declared column."""
        table: Table | None = None
        plan: Sequence[tuple[str, int, Callable[[Any], Any]]] = ()
        for item in self._view:
            if isinstance(item, Problem):
                yield item
                continue
            if item.table is not table:
                table = item.table
                plan = self._plan(table)
            yield self._record(item, plan)

    def _plan(self, table: Table) -> Sequence[tuple[str, int, Callable[[Any], Any]]]:
        for name in self._readers:
            if table.names and name not in table.columns:
                what = gettext(
                    "`columns` declares {name!r}, and there is no such column{near}",
                    name=name,
                    near=hint(name, table.columns),
                )
                if name in table.names:
                    what = gettext("`columns` declares {name!r}, and several columns are called so", name=name)
                raise CampaignError(
                    what,
                    mend=gettext("correct the name in {where}, or rename the column", where=self._where),
                    where=table.origin,
                )
        return [(name, table.columns.get(name, -1), read) for name, read in self._readers.items()]

    def _record(self, record: Record, plan: Sequence[tuple[str, int, Callable[[Any], Any]]]) -> Record | Problem:
        cells = list(record.cells)
        wrong: list[str] = []
        for name, at, read in plan:
            try:
                cells[at] = read(cells[at] if 0 <= at < len(cells) else _missing())
            except _CellError as error:
                wrong.append(told(error.args[0], where=name))
        if not wrong:
            return Record(record.key, cells, record.table, record.row)
        return Problem(
            place=record.place,
            key=record.key,
            what=joined("; ", wrong),
            mend=gettext("nothing is queued for it; correct the cell, or what the campaign's `columns` say of it"),
        )


def _missing() -> object:
    raise _CellError(gettext("the row has no such cell"))


def reader(column: Column) -> Callable[[Any], Any]:
    """Return what reads the cells of a column. What it returns raises ValueError, whose text says what is wrong."""
    read = _READERS[column.type](column)

    def read_cell(cell: object) -> object:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if column.required:
                raise _CellError(gettext("it is empty"))
            return "" if column.type == "text" else None
        return read(cell)

    return read_cell


def _wrong(cell: object, wanted: str) -> _CellError:
    return _CellError(gettext("{cell!r:.60} is no {wanted}", cell=cell, wanted=wanted))


def _texts(_: Column) -> Callable[[Any], str]:
    def read(cell: object) -> str:
        match cell:
            case str():
                return cell
            case bool():
                return "true" if cell else "false"
            case Decimal():
                return f"{cell:f}"
            case datetime():
                return cell.isoformat(sep=" ")
            case int() | float():
                return str(cell)
            case date():
                return cell.isoformat()
        raise _wrong(cell, gettext("text"))

    return read


def _decimals(column: Column) -> Callable[[Any], Decimal]:
    written = _number(column, rf"(?:{re.escape(column.point)}[0-9]+)?")

    def read(cell: object) -> Decimal:
        if isinstance(cell, str) and len(cell) <= LONGEST and written(text := cell.strip()):
            return Decimal(_bare(text, column))
        if isinstance(cell, Decimal) and cell.is_finite():
            return cell
        if isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell):
            return Decimal(repr(cell))
        raise _wrong(cell, gettext("decimal such as {example}", example=_example(column, f"1234{column.point}50")))

    return read


def _integers(column: Column) -> Callable[[Any], int]:
    written = _number(column, "")

    def read(cell: object) -> int:
        if isinstance(cell, str) and len(cell) <= LONGEST and written(text := cell.strip()):
            return int(_bare(text, column))
        if isinstance(cell, int) and not isinstance(cell, bool):
            return cell
        if isinstance(cell, Decimal | float) and math.isfinite(cell) and -MOST < cell < MOST and cell == int(cell):
            return int(cell)
        raise _wrong(cell, gettext("whole number such as {example}", example=_example(column, "1234")))

    return read


def _number(column: Column, fraction: str) -> Callable[[str], object]:
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(column.group)}[0-9]{{3}})+|" if column.group else ""
    return re.compile(rf"[+-]?(?:{grouped}[0-9]+){fraction}", re.ASCII).fullmatch


def _bare(text: str, column: Column) -> str:
    return (text.replace(column.group, "") if column.group else text).replace(column.point, ".")


def _example(column: Column, text: str) -> str:
    return f"1{column.group}{text[1:]}"


def _dates(column: Column) -> Callable[[Any], date]:
    wanted = gettext("date such as {example}", example=date(2026, 8, 31).strftime(column.format or "%Y-%m-%d"))

    def read(cell: object) -> date:
        if isinstance(cell, datetime):
            if cell.time() == time.min:
                return cell.date()
            raise _CellError(gettext("{cell} has a time of day, so it is no date", cell=cell.isoformat(sep=" ")))
        if isinstance(cell, date):
            return cell
        if isinstance(cell, str):
            try:
                if column.format:
                    return datetime.strptime(cell.strip(), column.format).date()  # noqa: DTZ007 - a day has no zone
                return date.fromisoformat(cell.strip())
            except ValueError:
                pass
        raise _wrong(cell, wanted)

    return read


def _datetimes(column: Column) -> Callable[[Any], datetime]:
    zone: tzinfo | None = ZoneInfo(column.zone) if column.zone else None
    example = datetime(2026, 8, 31, 17, 30, tzinfo=zone or UTC)
    wanted = gettext(
        "time such as {example}",
        example=example.strftime(column.format) if column.format else example.isoformat(sep=" "),
    )

    def read(cell: object) -> datetime:
        found = cell if isinstance(cell, datetime) else None
        if isinstance(cell, str):
            try:
                text = cell.strip()
                found = datetime.strptime(text, column.format) if column.format else datetime.fromisoformat(text)  # noqa: DTZ007 - see below
            except ValueError:
                pass
        if found is None:
            raise _wrong(cell, wanted)
        if found.tzinfo is None and zone is None:
            raise _CellError(
                gettext("{cell} has no offset from UTC; say the column's `zone`", cell=found.isoformat(sep=" "))
            )
        try:
            return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone or found.tzinfo)
        except OverflowError:
            raise _wrong(cell, wanted) from None

    return read


def _booleans(column: Column) -> Callable[[Any], bool]:
    said = {word.casefold(): True for word in column.true} | {word.casefold(): False for word in column.false}
    wanted = gettext("truth value ({words})", words=", ".join((*column.true, *column.false)))

    def read(cell: object) -> bool:
        if isinstance(cell, bool):
            return cell
        if isinstance(cell, str | int) and (found := said.get(str(cell).strip().casefold())) is not None:
            return found
        raise _wrong(cell, wanted)

    return read


_READERS: Mapping[CellType, Callable[[Column], Callable[[Any], Any]]] = {
    "text": _texts,
    "integer": _integers,
    "decimal": _decimals,
    "date": _dates,
    "datetime": _datetimes,
    "boolean": _booleans,
}
