"""An outbox that is a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notifykit.clock import Clock
from notifykit.durable.ordinary import is_there
from notifykit.errors import StoreError
from notifykit.outbox.sqlite.store import SqliteOutbox

if TYPE_CHECKING:
    from notifykit.outbox.sqlite.copying import SqliteCopyEnd


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """See `notifykit.outbox.address.StoreAddress`."""

    file: Path

    def __str__(self) -> str:
        return str(self.file)

    def exists(self) -> bool:
        """Whether there is a file, or anything else of that name. One with nothing in it is no outbox."""
        try:
            found = self.file.stat()
        except OSError:
            return is_there(self.file)
        return not stat.S_ISREG(found.st_mode) or found.st_size > 0

    def open(self, clock: Clock, *, create: bool = True, identity: str | None = None) -> SqliteOutbox:
        """Open the file. A table that an old program used is no outbox."""
        return SqliteOutbox.open(self.file, clock, create=create, take_over=False, identity=identity)

    def look(self, clock: Clock, *, identity: str | None = None) -> SqliteOutbox:
        """Open the file to look at it."""
        return SqliteOutbox.look(self.file, clock, identity=identity)

    def copy_end(self, *, create: bool) -> SqliteCopyEnd:
        """Open the file as one end of a copy."""
        from notifykit.outbox.sqlite.copying import SqliteCopyEnd

        return SqliteCopyEnd(SqliteOutbox.open(self.file, create=create, take_over=False, unused=True))

    def unwritable(self) -> Iterator[str]:
        """Yield what of the file, or where it is to be made, cannot be written."""
        file, folder = self.file, self.file.parent
        if not is_there(file):
            above = next(one for one in file.parents if is_there(one))
            if not above.is_dir():
                yield f"{file} cannot be made: {above} is a file; correct `store:`"
            elif not os.access(above, os.W_OK | os.X_OK):
                yield f"{file} cannot be made: {above} cannot be written; correct its owner or mode"
            return
        parts = [part for suffix in ("", "-wal", "-shm") if is_there(part := file.with_name(file.name + suffix))]
        if locked := [str(part) for part in parts if not os.access(part, os.W_OK)]:
            yield f"{', '.join(locked)} cannot be written; correct its owner or mode"
        if not os.access(folder, os.W_OK | os.X_OK):
            yield f"{folder} cannot be written, where the outbox is; correct its owner or mode"

    def gone(self) -> StoreError:
        """Return the error that tells of a file that was there."""
        return StoreError(
            "the outbox of this project is gone: it was moved or deleted, or `store:` names another file",
            mend="put it back with its `-wal`, or correct `store:`",
            where=self.file,
        )
