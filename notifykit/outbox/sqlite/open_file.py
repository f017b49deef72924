"""Whether the files that a connection has open are still those under their names.

A database that is moved, deleted or replaced while it is open goes on to work, in a file that nobody finds again: what
is written there is known to nobody. Windows refuses that while a connection is open.
"""

from __future__ import annotations

import os
from pathlib import Path

from notifykit.errors import StoreError
from notifykit.wording.translation import gettext, gettext_noop

Identity = tuple[int, int]
"""Device and number of a file. Another file has another one, for as long as the first is open."""

_MEND = gettext_noop(
    "stop everything that works on it, put the right file back with its `-wal`, then start "
    "again; `notifykit docs states` says how"
)


class OpenFile:
    """A database file that was just opened, and its log."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError where it is gone already."""
        self._path = path
        self._wal = path.with_name(f"{path.name}-wal")
        self._names = str(self._path), str(self._wal)  # asked for twice in each transaction
        self._file = _identity(self._names[0])
        self._log: Identity | None = None
        if self._file is None:
            raise self._gone(path)

    def require(self) -> None:
        """Raise StoreError where one of the two is not the one that is open any more."""
        if (there := _identity(self._names[0])) != self._file:
            raise self._gone(self._path) if there is None else self._replaced(self._path)
        log = _identity(self._names[1])
        if self._log is None:
            self._log = log  # SQLite makes it when it is first needed, and keeps it for as long as a connection is open
        elif log != self._log:
            raise self._gone(self._wal) if log is None else self._replaced(self._wal)

    def _gone(self, file: Path) -> StoreError:
        what = gettext(
            "{name} is gone: moved or deleted while it was open, and what is done now would be known to nobody",
            name=file.name,
        )
        return StoreError(what, mend=gettext(_MEND), where=self._path)

    def _replaced(self, file: Path) -> StoreError:
        what = gettext("{name} was replaced while it was open: it is not the same file any more", name=file.name)
        return StoreError(what, mend=gettext(_MEND), where=self._path)


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast
    except OSError:
        return None
    return found.st_dev, found.st_ino
