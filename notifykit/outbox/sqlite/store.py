"""The embedded outbox: one SQLite file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from notifykit.clock import Clock, SystemClock
from notifykit.durable.ordinary import is_there
from notifykit.errors import StoreDamagedError, StoreError
from notifykit.outbox.sqlite.campaigns import Campaigns
from notifykit.outbox.sqlite.claiming import Claiming
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.deciding import Deciding
from notifykit.outbox.sqlite.identity import identity_of, lost, require_identity
from notifykit.outbox.sqlite.key_forms import KeyForms
from notifykit.outbox.sqlite.looking import Looking
from notifykit.outbox.sqlite.pulsing import Pulsing
from notifykit.outbox.sqlite.queueing import Queueing
from notifykit.outbox.sqlite.reading import ReadOnlyDatabase
from notifykit.outbox.sqlite.receipts import Receipts
from notifykit.outbox.sqlite.resolving import Resolving
from notifykit.outbox.sqlite.schema import is_current, prepare, require_in_use
from notifykit.outbox.sqlite.writeback import WritingBack
from notifykit.wording.translation import gettext, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifykit.model import Claim, Task
    from notifykit.outbox.inspection import Finding
    from notifykit.outbox.sqlite.adopting import Adoption
    from notifykit.outbox.sqlite.copying import SqliteCopyEnd
    from notifykit.outbox.sqlite.inspecting import SqliteInspection
    from notifykit.outbox.sqlite.pruning import SqlitePruning
    from notifykit.outbox.sqlite.stored import StoredOutbox
    from notifykit.outbox.values import Rewrite, Transition


class SqliteOutbox(
    Queueing,
    Claiming,
    WritingBack,
    Resolving,
    Deciding,
    Looking,
    Pulsing,
    Campaigns,
    KeyForms,
    Receipts,
):
    """One connection to the store. See `notifykit.outbox.protocol.Outbox` for what the methods promise.

    `adopt` and `stored` are beyond that: they are of this store only (see `adopting` and `stored`).
    """

    def __init__(self, db: Database) -> None:
        self.db = db

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock | None = None,
        *,
        create: bool = True,
        take_over: bool = True,
        identity: str | None = None,
        unused: bool = False,
    ) -> Self:
        """Open the store, and make or upgrade it first where `create` allows. `identity`: it must be this one.

        `take_over`: an old program's table that was ever used is made an outbox as it is, too. `unused`: open also one
        that was moved away.

        Raises StoreError: no such store, not a database, another one, written by a newer version, not writable, locked.
        """
        db = Database(path, clock or SystemClock(), create=create)
        try:
            if identity is not None:
                require_identity(db.connection, path, identity)
            prepare(db, create=create, take_over=take_over)
            if not unused:
                require_in_use(db)
        except BaseException:
            db.close()
            raise
        return cls(db)

    @classmethod
    def look(cls, path: Path, clock: Clock | None = None, *, identity: str | None = None, unused: bool = False) -> Self:
        """Open the store to look at it, as an account may that can only read: nothing is made, upgraded or written.

        Call `require_unchanged` when all was read. `identity`, `unused` and errors: as for `open`. A store of
        an earlier version is read as it would be now.
        """
        db = ReadOnlyDatabase(path, clock or SystemClock())
        try:
            if identity is not None:
                require_identity(db.connection, path, identity)
            if not is_current(db):
                db.read_as_now()
            if not unused:
                require_in_use(db)
        except BaseException:
            db.close()
            raise
        return cls(db)

    def require_unchanged(self) -> None:
        """Raise StoreChangedError where what was read by `look` may not fit together: it is to be read again."""
        if isinstance(self.db, ReadOnlyDatabase):
            self.db.require_unchanged()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def identity(self) -> str:
        """Which outbox this is: the same for every copy of it."""
        with self.db.explaining():
            found = identity_of(self.db.connection)
        if found is None:
            raise lost(self.db.path)
        return found

    def stored(self) -> StoredOutbox:
        """Look at more than what the protocol tells, within the transaction if one is open."""
        from notifykit.outbox.sqlite.stored import StoredOutbox  # for tools

        return StoredOutbox(self.db.connection)

    def inspection(self) -> SqliteInspection:
        """Look at the whole store."""
        from notifykit.outbox.sqlite.inspecting import SqliteInspection  # few commands ask

        return SqliteInspection(self)

    def give_back(self, back: Sequence[tuple[Claim, Transition]]) -> None:
        """Give back claims whose calls were never begun, each to where its transition says."""
        from notifykit.outbox.sqlite import postponing  # for those that dispatch

        postponing.give_back(self.db, back)

    def cancel_expired(self, most: int = 1_000) -> list[Task]:
        """Cancel what waits and has expired, up to so many; returns these as they were."""
        from notifykit.outbox.sqlite import postponing  # likewise

        return postponing.cancel_expired(self.db, most)

    def rewrite(self, messages: Sequence[Sequence[Rewrite]], *, who: str, why: str) -> list[Task]:
        """Give messages that wait other texts and recipients."""
        from notifykit.outbox.sqlite.rewriting import rewrite  # few commands ask

        return rewrite(self.db, messages, who=who, why=why)

    def adopt(self, adoptions: Iterable[Adoption], *, who: str) -> list[int]:
        """Make rows of the old program tasks; see `notifykit.outbox.sqlite.adopting.adopt`."""
        from notifykit.outbox.sqlite.adopting import adopt  # for a migration

        return adopt(self.db, adoptions, who=who)

    def pruning(self) -> SqlitePruning:
        """Move what is finished to an archive."""
        from notifykit.outbox.sqlite.pruning import SqlitePruning  # few commands ask

        return SqlitePruning(self.db)

    def now(self) -> float:
        """Return the clock of this connection, in UTC seconds."""
        return self.db.clock.now()

    def transaction(self) -> AbstractContextManager[None]:
        """Join several calls into one durable step."""
        return self.db.transaction()


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

    def damage(self) -> Iterator[Finding]:
        """Yield what is damaged of a file that cannot be opened as an outbox."""
        from notifykit.outbox.sqlite.inspecting import damage_of  # few commands ask

        return damage_of(self.file)

    def unwritable(self) -> Iterator[str]:
        """Yield what of the file, or where it is to be made, cannot be written."""
        file, folder = self.file, self.file.parent
        if not is_there(file):
            above = next(one for one in file.parents if is_there(one))
            if not above.is_dir():
                yield gettext("{file} cannot be made: {above} is a file; correct `store:`", file=file, above=above)
            elif not os.access(above, os.W_OK | os.X_OK):
                yield gettext(
                    "{file} cannot be made: {above} cannot be written; correct its owner or mode",
                    file=file,
                    above=above,
                )
            return
        parts = [part for suffix in ("", "-wal", "-shm") if is_there(part := file.with_name(file.name + suffix))]
        if locked := [str(part) for part in parts if not os.access(part, os.W_OK)]:
            yield gettext("{locked} cannot be written; correct its owner or mode", locked=joined(gettext(", "), locked))
        if not os.access(folder, os.W_OK | os.X_OK):
            yield gettext("{folder} cannot be written, where the outbox is; correct its owner or mode", folder=folder)

    def gone(self) -> StoreError:
        """Return the error that tells of a file that was there."""
        if is_there(self.file):
            return StoreDamagedError(
                gettext("the outbox of this project is gone: there is an empty file in its place"),
                mend=gettext("go back to a backup, or put it back with its `-wal`"),
                where=self.file,
            )
        return StoreError(
            gettext("the outbox of this project is gone: it was moved or deleted, or `store:` names another file"),
            mend=gettext("put it back with its `-wal`, or correct `store:`"),
            where=self.file,
        )
