"""A store as it is shown to who may not see texts and recipients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from notifykit.messages.receipts import SentOutcome
from notifykit.model import Attempt, Claim, Task
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.values import Event, Filter, Outage, Pause
from notifykit.wording import Wording

__all__ = ["HIDDEN", "hiding"]

HIDDEN = "•••"
"""What stands in the place of what is hidden."""


def hiding(outbox: OpenedOutbox, wording: Wording) -> OpenedOutbox:
    """Return a store that tells no text, recipient, options or metadata, and no words of a service or of an event.

    All of that is replaced here, so no page can show it by mistake. Of reasons their codes are left.
    """
    return cast(OpenedOutbox, _Hiding(outbox, wording))


class _Hiding:
    def __init__(self, outbox: OpenedOutbox, wording: Wording) -> None:
        self._outbox = outbox
        self._wording = wording

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Have it taken for what it stands for, where capabilities of a store are asked for."""
        return type(self._outbox)

    def __getattr__(self, name: str) -> Any:
        if name not in _HARMLESS:
            raise NotImplementedError(f"{name} is not for who may not see texts")
        return getattr(self._outbox, name)

    def tasks(self, which: Filter) -> Iterator[Task]:
        return map(self._hidden, self._outbox.tasks(which))

    def on_wire(self) -> list[Claim]:
        return [replace(claim, task=self._hidden(claim.task)) for claim in self._outbox.on_wire()]

    def attempts(self, task_id: int) -> list[Attempt]:
        found = self._outbox.attempts(task_id)
        return [replace(one, detail=one.detail and HIDDEN, undelivered=_hidden_all(one.undelivered)) for one in found]

    def outcomes(self, ids: Sequence[int]) -> Mapping[int, SentOutcome]:
        found = self._outbox.outcomes(ids)
        return {id_: one._replace(undelivered=_hidden_all(one.undelivered)) for id_, one in found.items()}

    def events(self, task_id: int) -> list[Event]:
        return [replace(one, detail=one.detail and HIDDEN) for one in self._outbox.events(task_id)]

    def outages(self) -> list[Outage]:
        return [replace(one, reason=self._wording.bare(one.reason)) for one in self._outbox.outages()]

    def pauses(self) -> list[Pause]:
        return [replace(one, reason=self._wording.bare(one.reason)) for one in self._outbox.pauses()]

    def _hidden(self, task: Task) -> Task:
        reason = task.reason and self._wording.bare(task.reason)
        return replace(task, text=HIDDEN, recipient=HIDDEN, metadata={}, options=None, reason=reason)


def _hidden_all(recipients: Sequence[str]) -> tuple[str, ...]:
    return (HIDDEN,) * len(recipients)


_HARMLESS = frozenset(
    {
        "archives",
        "close",
        "decisions",
        "distinct_keys",
        "ended",
        "figures",
        "held_campaigns",
        "identity",
        "machines",
        "memberships",
        "notes",
        "now",
        "owing_campaigns",
        "places",
        "pruned",
        "pulse",
        "recent",
        "require_unchanged",
        "used",
    }
)
"""What tells nothing that is hidden. Whatever a store learns to tell is refused until it is listed here."""
