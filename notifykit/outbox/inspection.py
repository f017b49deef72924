"""What a store tells of itself, for whoever looks after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from notifykit.errors import StoreDamagedError, StoreError
from notifykit.model import Status
from notifykit.outbox.address import StoreAddress
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext

__all__ = ["Finding", "StoreFacts", "StoreInspection", "inspection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """How large a store is, and how old what is in it."""

    bytes: Mapping[str, int]
    """By the parts of it: files, or tables with their indexes."""
    rows: Mapping[str, int]
    """By kind."""
    by_status: Mapping[Status, int]
    """Tasks. What another program may have written over counts as `foreign`."""
    oldest_waiting: float | None
    """When the oldest task that is neither sent nor cancelled was queued, in UTC seconds."""
    oldest_finished: float | None
    """When the first of the tasks that are completed became so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is not as it must be."""

    rule: str
    """A code that stays."""
    number: int
    """How often it was found."""
    what: str
    mend: str
    held: bool = False
    """Whether it is no damage: it waits for a person's decision, as `status` says."""


class StoreInspection(Protocol):
    """A look at a whole store: not for whoever asks every few seconds."""

    def facts(self) -> StoreFacts:
        """Return how large it is."""
        ...

    def findings(self) -> Iterable[Finding]:
        """Yield what is damaged, and which rows fit no state."""
        ...


class Inspected(Protocol):
    """An outbox that can be inspected: a capability beside `Outbox`."""

    def inspection(self) -> StoreInspection:
        """Return a look at it."""
        ...


def inspection(outbox: Outbox, where: object) -> StoreInspection:
    """Return a look at an outbox. Raises StoreError where its kind of store has none."""
    if not hasattr(outbox, "inspection"):
        raise StoreError(gettext("is of a kind of store that tells nothing of itself"), where=where)
    return cast(Inspected, outbox).inspection()


class DamagedAddress(Protocol):
    """The address of a store that can be looked at where it cannot be opened: a capability beside `StoreAddress`."""

    def damage(self) -> Iterable[Finding]:
        """Yield what is damaged."""
        ...


def damage(address: StoreAddress, error: StoreDamagedError) -> list[Finding]:
    """Return what is damaged of a store that could not be read, for the reason given."""
    found = list(cast(DamagedAddress, address).damage()) if hasattr(address, "damage") else []
    return found or [Finding(rule="damaged", number=1, what=error.what, mend=error.mend)]


def unreadable(number: int) -> Finding:
    """Return what is told of so many rows that another program wrote over."""
    return Finding(
        rule="foreign",
        number=number,
        what=gettext("messages that another program wrote over"),
        mend=gettext("`notifykit tasks --status foreign` lists them, `notifykit resolve` decides"),
        held=True,
    )
