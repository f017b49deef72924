"""Listings: filters, order and page in the address, rows for people, JSON and CSV beside the page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Generic, TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import Response

from notifykit.redaction import redact
from notifykit.terminal.times import iso
from notifykit.wording.translation import gettext

__all__ = [
    "EXPORTED",
    "MOST",
    "Asked",
    "Cell",
    "Column",
    "Kind",
    "Listed",
    "asked",
    "csv_response",
    "filtered",
    "listed",
]

T = TypeVar("T")

SIZE = 50
"""Rows of a page."""

MOST = 999
"""Rows that are read for one listing, before it is sorted and cut into pages; it says where it stopped. With the one
that tells of more, that is what a store reads by one statement."""

EXPORTED = 100_000
"""Rows of a CSV."""

Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


class Kind(StrEnum):
    """How a column is shown."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    """UTC seconds; ISO 8601 in the CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[T]):
    """One column of a listing."""

    name: str
    """In the address, and above the column of the CSV."""
    heading: str
    """English, in `pgettext_noop`'s context `heading`."""
    value: Callable[[T], Cell]
    kind: Kind = Kind.TEXT
    sorts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an address asks of a listing."""

    path: str
    """Without `.json` and `.csv`."""
    filters: Mapping[str, str]
    """Those that are there, by name, in the order in which they are declared."""
    sort: str = ""
    """Name of a column; empty for the order of the store."""
    falls: bool = False
    """Whether the largest comes first."""
    page: int = 1

    def of(self, name: str) -> str | None:
        """Return a filter; None where it is not set."""
        return self.filters.get(name)

    def at(self, page: int) -> str:
        """Return the address of another page."""
        return replace(self, page=page).address()

    def sorted_by(self, name: str) -> str:
        """Return the address with another order: by a column, or the other way round where it is by that already."""
        return replace(self, sort=name, falls=self.sort == name and not self.falls, page=1).address()

    def address(self, ending: str = "") -> str:
        """Return the address of this, as a page or with `.json` or `.csv`."""
        said = dict(self.filters)
        if self.sort:
            said["sort"] = f"-{self.sort}" if self.falls else self.sort
        if self.page > 1 and ending != ".csv":
            said["page"] = str(self.page)
        return f"{self.path}{ending}?{urlencode(said)}" if said else f"{self.path}{ending}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """What a listing shows."""

    asked: Asked
    columns: Sequence[Column[T]]
    rows: Sequence[T]
    """Those of the page that is asked for."""
    found: Sequence[T]
    """All that were read."""
    more: bool
    """Whether there are more than were read."""

    @property
    def number(self) -> int:
        """How many were read."""
        return len(self.found)

    @property
    def pages(self) -> int:
        """How many pages they make."""
        return max(1, -(-len(self.found) // SIZE))


def asked(path: str, query: QueryParams, filters: Sequence[str], columns: Sequence[Column[T]]) -> Asked:
    """Return what an address asks. Raises HTTPException for an order or a page that there is none of."""
    sort = query.get("sort", "")
    falls = sort.startswith("-")
    if sort and sort.removeprefix("-") not in {column.name for column in columns if column.sorts}:
        raise HTTPException(400, gettext("Nothing is sorted by {name!r}.", name=sort.removeprefix("-")))
    page = query.get("page", "1")
    if not page.isdecimal() or not 0 < len(page) < 10 or int(page) < 1:
        raise HTTPException(400, gettext("{page!r} is no number of a page.", page=page))
    return Asked(
        path=path.removesuffix(".json").removesuffix(".csv"),
        filters={name: value.strip() for name in filters if (value := query.get(name, "")).strip()},
        sort=sort.removeprefix("-"),
        falls=falls,
        page=int(page),
    )


def filtered(
    rows: Iterable[T], wanted: Asked, values: Mapping[str, Callable[[T], Cell]], states: Collection[str] = ()
) -> Iterator[T]:
    """Return the rows whose value under the name of each filter is what the filter says.

    `states`: those that there are. Raises HTTPException where the filter `state` is another one.
    """
    if states and wanted.filters.get("state", "") not in ("", *states):
        raise HTTPException(400, gettext("There is no such status."))
    return (row for row in rows if all(values[name](row) == said for name, said in wanted.filters.items()))


def listed(rows: Iterable[T], wanted: Asked, columns: Sequence[Column[T]], *, whole: bool = False) -> Listed[T]:
    """Read rows, and return them in the order, and as far as the page, that is asked for. `whole`: for a CSV."""
    most = EXPORTED if whole else MOST
    reading = iter(rows)
    found = list(islice(reading, most))
    more = next(reading, None) is not None
    if column := next((one for one in columns if one.name == wanted.sort), None):
        found.sort(key=lambda row: _order(column.value(row)), reverse=wanted.falls)
    start = (wanted.page - 1) * SIZE
    return Listed(asked=wanted, columns=columns, rows=found[start : start + SIZE], found=found, more=more)


def csv_response(name: str, shown: Listed[T], columns: Sequence[Column[T]] | None = None) -> Response:
    """Return all rows that were read as CSV for spreadsheets: UTF-8 with a mark, no cell taken for a formula.

    Times are ISO 8601 in UTC, as in JSON. Where there are more rows, the name of the file says so. `columns`: where
    they are others than those that are shown.
    """
    columns = shown.columns if columns is None else columns
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.name for column in columns])
    writer.writerows([_written(column, row) for column in columns] for row in shown.found)
    first = f"-first-{shown.number}" if shown.more else ""
    return Response(
        redact(text.getvalue()).encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment;filename="{name}{first}.csv"'},
    )


def _written(column: Column[T], row: T) -> Cell:
    cell = column.value(row)
    if column.kind is Kind.TIME and not isinstance(cell, str):
        return iso(cell)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _order(cell: Cell) -> tuple[int, float, str]:
    """Return by what a cell is sorted: none first, then numbers, then texts."""
    if cell is None:
        return 0, 0.0, ""
    return (2, 0.0, cell) if isinstance(cell, str) else (1, float(cell), "")
