"""Where a project's outbox is, whatever kind of store keeps it.

`store:` of a project file is the path of a file, which SQLite keeps, or a URL, whose scheme names the kind. A plugin
offers a kind by `register_stores`: a dataclass with the one field `url`, and the members of `StoreAddress`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext

__all__ = ["OpenedOutbox", "StoreAddress"]


class OpenedOutbox(Outbox, Protocol):
    """A connection to a store that a project has opened."""

    @property
    def identity(self) -> str:
        """Which outbox this is: the same for every copy of it, and for no other."""
        ...

    def require_unchanged(self) -> None:
        """Raise StoreChangedError where what was read after `StoreAddress.look` may not fit together."""
        ...


class StoreAddress(Protocol):
    """Where an outbox is, and how it is opened. As text it is what people are shown: it holds no password."""

    @property
    def file(self) -> Path | None:
        """The file of an embedded store, absolute; None where a server keeps it."""
        ...

    def exists(self) -> bool:
        """Whether there is an outbox. Raises StoreError where that cannot be told."""
        ...

    def open(self, clock: Clock, *, create: bool = True, identity: str | None = None) -> OpenedOutbox:
        """Open the outbox, and make it, or upgrade it, first where `create` allows. `identity`: it must be this one.

        Raises StoreError: none there, another one, written by a newer version, not writable, locked, not reached.
        """
        ...

    def look(self, clock: Clock, *, identity: str | None = None) -> OpenedOutbox:
        """Open the outbox to look at it, as an account may that can only read. Nothing is made, upgraded or written.

        Raises StoreError as `open` does.
        """
        ...

    def unwritable(self) -> Iterable[str]:
        """Say what of the store, or where it is to be made, this account could not write, each with the mend."""
        ...

    def gone(self) -> StoreError:
        """Return the error that tells of an outbox which a project had, and which is not there any more.

        Its mend says how it is put back; that another one may be meant is added.
        """
        ...


class KnowsAccounts(Protocol):
    """The address of a store whose server knows accounts: a capability beside `StoreAddress`."""

    def grant(self, role: str, *, look: bool) -> Sequence[str]:
        """Give an account the rights that it needs; returns what was run. `look`: only to look. Raises StoreError."""
        ...


def required_file(store: StoreAddress, what: str, *, mend: str) -> Path:
    """Return the file of a store, for what works on nothing else. Raises StoreError where a server keeps it."""
    if store.file is None:
        raise StoreError(
            gettext("{what} works on a store that is a file, and this one is not", what=what), mend=mend, where=store
        )
    return store.file
