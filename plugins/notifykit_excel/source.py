"""The source `excel`: the rows of a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from notifykit.campaign.spool import Spool
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table
from notifykit.options import OptionError, ProjectPath
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext
from notifykit_excel.workbook import UNCOMPUTED, opened, text


@dataclass(kw_only=True)
class ExcelSource:
    """Reads a sheet of a workbook (.xlsx), each row a record. Its cells are texts, as in a CSV file of it."""

    path: ProjectPath
    key: str
    """The column that holds the business key."""
    sheet: str = ""
    """The name of the sheet. Default: the first."""
    header: int = 1
    """The row that names the columns."""

    def __post_init__(self) -> None:
        """Raise OptionError for a header that no sheet can have."""
        if self.header < 1:
            raise OptionError("header", gettext("is {header}, and rows count from 1", header=self.header))

    @property
    def reads(self) -> Path:
        """The file."""
        return self.path

    def read(self) -> Sheet:
        """Return the rows as they stand now. Raises CampaignError where the file cannot be read."""
        origin = f"{self.path} ({self.sheet})" if self.sheet else str(self.path)
        with opened(self.path, self.sheet) as rows:
            rows = iter(rows)
            names = column_names(next(islice(rows, self.header - 1, None), ()))
            key_at = _key_at(names, self.key, f"{origin}:{self.header}")
            return Sheet(Spool(_texts(rows, self.header + 1, names)), names, key_at, origin)


class Sheet:
    """The rows of one moment; each iteration yields the same."""

    def __init__(self, spool: Spool, names: Sequence[str], key_at: int, origin: str) -> None:
        self._spool = spool
        self._table = Table(
            origin, {name: at for at, name in enumerate(names) if name and names.count(name) == 1}, tuple(names)
        )
        self._key_at = key_at

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield a record for each good row and a problem for each other one."""
        table, at = self._table, self._key_at
        for row, cells, uncomputed in self._spool:
            key = cells[at]
            if key and not key.isspace() and not uncomputed:
                yield Record(key, cells, table, row)
            elif uncomputed:
                yield Problem(
                    place=f"{table.origin}:{row}",
                    what=gettext("the formula in {column!r} has no value in the file", column=uncomputed),
                    mend=gettext("open it in a spreadsheet program, which works it out, and save it"),
                    key=key if key and not key.isspace() else None,
                )
            else:
                yield Problem(
                    place=f"{table.origin}:{row}",
                    what=gettext("the key is empty"),
                    mend=gettext("fill it in, or delete the row"),
                )


def column_names(cells: Sequence[Any]) -> list[str]:
    """Return what the cells of a header say, without empty ones at its end."""
    names = [text(cell) for cell in cells]
    while names and not names[-1].strip():
        names.pop()
    return names


def _key_at(names: Sequence[str], key: str, where: str) -> int:
    if names.count(key) == 1:
        return names.index(key)
    if not names:
        raise CampaignError(
            gettext("the row names no columns"), mend=gettext("say in which row they are named: `header`"), where=where
        )
    if key in names:
        raise CampaignError(
            gettext("several columns are called {key!r}", key=key), mend=gettext("rename all but one"), where=where
        )
    raise CampaignError(
        gettext("there is no column {key!r}{near}", key=key, near=hint(key, filter(None, names))),
        mend=gettext("correct `key`, or say in which row the columns are named: `header`"),
        where=where,
    )


def _texts(rows: Iterable[Sequence[Any]], first: int, names: Sequence[str]) -> Iterator[tuple[int, list[str], str]]:
    """Yield number and texts of each row that has any, and the column of a formula without a value."""
    width = len(names)
    blank = [""] * width
    for row, cells in enumerate(rows, start=first):
        texts = [cell if cell.__class__ is str else text(cell) for cell in cells[:width]]
        if not any(texts):
            continue
        if len(texts) < width:
            texts += blank[len(texts) :]
        yield row, texts, next((name for name, cell in zip(names, cells, strict=False) if cell is UNCOMPUTED), "")
