"""Rows that were read once and are walked over again: in memory while they are few, else in a temporary file.

For sources whose origin gives another answer when it is asked again, or takes long to read: a database, a workbook.
"""

from __future__ import annotations

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
                self._file.write(pickle.dumps(some, pickle.HIGHEST_PROTOCOL))
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
