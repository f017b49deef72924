"""What is known of messages that a person decides about, and what several of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifykit.model import Attempt, Task, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Event
from notifykit.wording import Reason, Wording

__all__ = ["Alike", "Evidence", "alike", "evidence"]

LATE = "late_result"
"""The kind of an event that tells what a service said after nobody waited for it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A message, and what happened to it."""

    task: Task
    attempts: Sequence[Attempt]
    events: Sequence[Event]

    @property
    def doubtful(self) -> Attempt | None:
        """The latest attempt of which nobody knows whether it was accepted."""
        unclear = (one for one in reversed(self.attempts) if one.verdict in (None, Verdict.UNKNOWN))
        return next(unclear, None)

    @property
    def late(self) -> Sequence[Event]:
        """What became known after the doubt."""
        return [event for event in self.events if event.kind == LATE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Messages of one campaign that are where they are for the same reason."""

    campaign: str
    reason: Reason | None
    """What they have in common: parameters that differ are None."""
    number: int
    since: float | None
    """UTC seconds: when the first of them came into doubt, or was queued."""

    @property
    def code(self) -> str | None:
        """The code by which they are selected: that of the innermost cause; None where it has none."""
        return None if self._cause is None else self._cause.code

    @property
    def text(self) -> str | None:
        """The text by which they are selected where there is no code."""
        return None if self._cause is None or self._cause.code else self._cause.text

    @property
    def _cause(self) -> Reason | None:
        """What their reasons come down to: the reason itself may be that of others, too."""
        cause = self.reason
        while cause and (inner := next((value for value in cause.values if isinstance(value, Reason)), None)):
            cause = inner
        return cause


def evidence(outbox: Outbox, tasks: Iterable[Task]) -> list[Evidence]:
    """Return what is known of messages."""
    return [Evidence(task=task, attempts=outbox.attempts(task.id), events=outbox.events(task.id)) for task in tasks]


def alike(tasks: Iterable[Task], wording: Wording) -> list[Alike]:
    """Return what messages have in common, most of them first."""
    found: dict[tuple[object, ...], Alike] = {}
    for task in tasks:
        reason = task.reason and wording.known(task.reason)
        since = task.doubted_at or task.queued_at or None
        key = (task.campaign, *(reason.kind if reason else ()))
        if (known := found.get(key)) is None:
            found[key] = Alike(campaign=task.campaign, reason=reason, number=1, since=since)
            continue
        common = wording.common(known.reason, reason) if known.reason and reason else known.reason
        times = [time for time in (known.since, since) if time is not None]
        found[key] = Alike(
            campaign=task.campaign, reason=common, number=known.number + 1, since=min(times, default=None)
        )
    return sorted(found.values(), key=lambda one: (-one.number, one.campaign))
