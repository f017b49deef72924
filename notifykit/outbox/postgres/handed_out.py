"""The claims that one connection handed out: those whose commit was seen, and whose end was not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from notifykit.model import Claim


@dataclass(slots=True)
class HandedOut:
    """What changes within a transaction counts from its commit on, and not at all where it was undone.

    A claim whose commit's answer was lost was never handed out: its task is `sending`, and nobody calls it.
    """

    workers: set[str] = field(default_factory=set)
    """Who claims over this connection. No two connections claim under one name."""
    _held: set[tuple[int, int]] = field(default_factory=set)
    _given: list[tuple[int, int]] = field(default_factory=list)
    _ended: list[tuple[int, int]] = field(default_factory=list)

    def give(self, worker: str, claims: Iterable[Claim]) -> None:
        """Know of claims."""
        self.workers.add(worker)
        self._given += [(one.task.id, one.token) for one in claims]

    def end(self, claims: Iterable[Claim]) -> None:
        """Know that claims ended."""
        self._ended += [(one.task.id, one.token) for one in claims]

    def committed(self) -> None:
        """Know that the transaction is durable."""
        self._held |= set(self._given)
        self._held -= set(self._ended)
        self.undone()

    def undone(self) -> None:
        """Know that the transaction was undone, or that nobody knows."""
        self._given, self._ended = [], []

    def __contains__(self, claim: tuple[int, int]) -> bool:
        """Whether a task's attempt is held: id and token."""
        return claim in self._held or claim in self._given
