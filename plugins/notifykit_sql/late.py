"""Cells of PostgreSQL that stay as the server wrote them until somebody asks for them.

To put a decimal or a time by and fetch it again takes longer than to read it from its text, and most cells of a result
are asked for by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, TextClause

_CURSOR = "notifykit_columns"
_LATE = ("numeric", "uuid")
_TIMES = ("date", "timestamp", "timestamptz")
_TEXT = 0
"""The format of cells, as PostgreSQL's protocol numbers it."""


class LateColumns:
    """What reads the cells of each column that were left as texts; None for a column whose cells are values."""

    def __init__(
        self,
        readers: Sequence[Callable[[str], Any] | None],
        times: Sequence[int],
        data_error: type[Exception],
        shown: str,
    ) -> None:
        self.readers = readers
        self._times = times
        self._data_error = data_error
        self._shown = shown

    def checked(self, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """Return rows as they are. Raises CampaignError for a time that Python has not, such as `infinity`."""
        for at in self._times:
            texts = [text for row in rows if (text := row[at]) is not None]
            if not set(map(_FIFTH, texts)) <= {"-"} or "C" in set(map(_LAST, texts)):  # as in `0044-03-15 BC`
                read = self.readers[at]
                assert read is not None  # noqa: S101
                self._read_all(read, texts)
        return rows

    def _read_all(self, read: Callable[[str], Any], texts: Iterable[str]) -> None:
        try:
            for text in texts:
                read(text)
        except self._data_error as error:
            mend = gettext("see that `query` is right; the next pass asks again")
            raise CampaignError(str(error), mend=mend, where=self._shown) from None


_FIFTH, _LAST = itemgetter(4), itemgetter(-1)


class LateCells(Sequence[Any]):
    """The cells of a row, of which some are read when they are asked for."""

    __slots__ = ("_cells", "_readers")

    def __init__(self, cells: Sequence[Any], readers: Sequence[Callable[[str], Any] | None]) -> None:
        self._cells = cells
        self._readers = readers

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(self)[at]
        cell, read = self._cells[at], self._readers[at]
        return cell if read is None or cell is None else read(cell)

    def __len__(self) -> int:
        return len(self._cells)


def late_columns(connection: Connection, statement: TextClause, shown: str) -> LateColumns | None:
    """Let the connection leave cells of a statement as they are, and say what reads them; None where all are values.

    The server is asked which columns the statement has, which is not run for that.
    """
    if connection.dialect.driver != "psycopg":  # the driver of the extra
        return None
    driver: Any = connection.connection.dbapi_connection
    types = driver.adapters.types
    iso = (driver.info.parameter_status("DateStyle") or "").startswith("ISO")
    late = {types[name].oid: name for name in (*_LATE, *(_TIMES if iso else ()))}
    connection.exec_driver_sql(f"DECLARE {_CURSOR} CURSOR FOR {statement.compile(connection)}")
    described = connection.exec_driver_sql(f"FETCH 0 FROM {_CURSOR}").cursor
    assert described is not None  # noqa: S101 - it has columns
    oids = [column[1] for column in described.description or ()]
    connection.exec_driver_sql(f"CLOSE {_CURSOR}")
    # Arrays and ranges: within them, too, a value would be left as a text.
    hold = {info.array_oid for info in types} | {info.oid for info in types if hasattr(info, "subtype_oid")}
    if late.keys().isdisjoint(oids) or not hold.isdisjoint(oids):
        return None
    readers = {oid: _reader(driver.adapters.get_loader(oid, _TEXT)(oid, driver)) for oid in late}
    as_text = driver.adapters.get_loader(types["text"].oid, _TEXT)
    for oid in late:
        driver.adapters.register_loader(oid, as_text)
    times = [at for at, oid in enumerate(oids) if late.get(oid) in _TIMES]
    data_error = connection.dialect.loaded_dbapi.DataError
    return LateColumns([readers.get(oid) for oid in oids], times, data_error, shown)


def _reader(loader: Any) -> Callable[[str], Any]:
    load = loader.load
    return lambda text: load(text.encode())
