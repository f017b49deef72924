"""Rows that were read once and are walked over again: in memory while they are few, else in a temporary file.

For sources whose origin gives another answer when it is asked again, or takes long to read: a database, a workbook.
"""

from __future__ import annotations

import io
import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

__all__ = ["Spool"]

IN_MEMORY = 8 * 2**20
"""Bytes, written out, up to which no file is made."""

AT_ONCE = 500
"""Rows that are written, and read back, together."""

LOOKED_AT = 100
"""One row of so many tells how they are written: a guess about speed, of which nothing else depends."""

_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
"""Written in one piece. Of any other type, the name of the type is written once, if `pickle` remembers it."""


class Spool:
    """Rows in the order in which they were put in. Each iteration reads them anew; several may go on at once.

    The file has no name that another program could open, and is gone when the spool is, or the process.
    """

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take all rows of cells that `pickle` knows. What `rows` raises is passed on, and nothing is left behind.

        Raises OSError where the disk of temporary files is full.
        """
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when the spool goes
        self._close = weakref.finalize(self, self._file.close)
        self._ends: list[int] = []
        rows = iter(rows)
        try:
            while some := list(islice(rows, AT_ONCE)):
                self._file.write(_written(some))
                self._ends.append(self._file.tell())
        except BaseException:
            self._close()
            raise

    def __iter__(self) -> Iterator[Sequence[Any]]:
        """Yield the rows."""
        start = 0
        for end in self._ends:
            self._file.seek(start)
            yield from pickle.loads(self._file.read(end - start))  # noqa: S301 - this process wrote it, and nobody else
            start = end


def _written(rows: Sequence[Sequence[Any]]) -> memoryview:
    """Return rows as `pickle` writes them: without looking for what was written before, where cells have no parts."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
    pickler.fast = all(type(cell) in _PLAIN for cells in rows[::LOOKED_AT] for cell in cells)
    pickler.dump(rows)
    return file.getbuffer()
