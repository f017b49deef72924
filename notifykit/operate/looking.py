"""Looking at a store, and once more where it was written to meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from notifykit.clock import Clock
from notifykit.errors import StoreChangedError

if TYPE_CHECKING:
    from notifykit.config.project import ProjectFile
    from notifykit.outbox.address import OpenedOutbox, StoreAddress

P = ParamSpec("P")
T = TypeVar("T")

_LOOKS = 5
"""Times that a store is read anew, before it is told that it is written to all the time."""


@contextmanager
def looking(project: ProjectFile, store: StoreAddress, clock: Clock) -> Iterator[OpenedOutbox]:
    """Look at a store. Raises StoreChangedError at the end where it is to be read again: see `looks`."""
    with closing(store.look(clock, identity=project.known_store.identity())) as outbox:
        try:
            yield outbox
        finally:
            outbox.require_unchanged()


def looks(look: Callable[P, T]) -> Callable[P, T]:
    """Have what looks do so again where the store was written to meanwhile.

    It tells nothing before it has read everything.
    """

    @wraps(look)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_LOOKS):
            with suppress(StoreChangedError):
                return look(*args, **kwargs)
        return look(*args, **kwargs)

    return again
