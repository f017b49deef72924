"""Pruning: what is finished leaves the store for an archive, and its keys stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from notifykit.errors import StoreError
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import ArchivePlace, KeepsPruned, PrunedMessage
from notifykit.wording.translation import gettext

__all__ = ["Contents", "Moved", "Pruning", "Rows", "Shelf", "pruning"]

Rows = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Columns of a table, and rows of these."""

Contents = Iterable[tuple[str, int, bytes]]
"""What files hold that tasks carry, one after the other: the hash, the bytes' number, the bytes."""

Moved = Mapping[str, Rows]
"""What is moved of some tasks: the rows of `tasks`, `attempts`, `events` and `attached`. The columns are those of the
archive."""


class Shelf(Protocol):
    """Where an outbox puts what it moves, as `notifykit.outbox.sqlite.archive.Archive`."""

    @property
    def place(self) -> tuple[str, str]:
        """The file and the host, as the outbox is to remember them."""
        ...

    def put(self, moved: Moved, contents: Contents = ()) -> str:
        """Keep rows, in place of those of the same tasks, and the files. They are on disk when this returns.

        Returns by what the state is known that the archive is in then.
        """
        ...


class Pruning(Protocol):
    """Moves what is finished out of a store.

    A message is finished where all of its record's are completed or cancelled, the last one long enough ago, and
    nobody decided about any of them. Cancelled ones stay.
    """

    def finished(self, before: float, *, after: int, most: int) -> list[int]:
        """Return the ids of tasks that are finished since before a moment, in order, from beyond an id."""
        ...

    def count_finished(self, before: float) -> int:
        """Return how many there are."""
        ...

    def prune(self, ids: Sequence[int], before: float, shelf: Shelf) -> int:
        """Move those of the tasks that are still finished, in one transaction; returns how many.

        They are on the shelf before the transaction ends: killed in between, they are in both, and are moved again.
        """
        ...

    def know(self, messages: Sequence[PrunedMessage], place: tuple[str, str]) -> None:
        """Know messages as moved to the archive at a place, in one transaction, of which the store had not heard."""
        ...

    def forget_archives(self, places: Sequence[ArchivePlace]) -> None:
        """Know of these archives no more. The keys of what is in them stay."""
        ...


class Pruned(KeepsPruned, Protocol):
    """An outbox that can be pruned: a capability beside `Outbox`."""

    def pruning(self) -> Pruning:
        """Return what moves its messages."""
        ...


def pruning(outbox: Outbox, where: object) -> Pruning:
    """Return what moves the messages of an outbox. Raises StoreError where its kind cannot be pruned."""
    if not isinstance(outbox, KeepsPruned):
        raise StoreError(gettext("is of a kind of store that cannot be pruned"), where=where)
    return cast(Pruned, outbox).pruning()
