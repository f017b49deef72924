"""What a dispatcher would do now: whose turn it is, and what each of the others waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from notifykit.model import FOREVER, Status, Task
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.selection import EVERYTHING, Selection


class Turn(StrEnum):
    """Whether a waiting task is due, and if not, why."""

    NOW = "now"
    BEHIND = "behind"
    """Another message to the same recipient goes first."""
    LATER = "later"
    """Its next attempt is not due yet."""
    PAUSED = "paused"
    """Its channel may not be used for now."""
    NO_CHANNEL = "no_channel"
    """Nothing is configured under its channel's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected for one waiting task."""

    task: Task
    turn: Turn
    until: float | None = None
    """For `later` and `paused`: UTC seconds; None where only a person ends the pause."""
    behind: int | None = None
    """For `behind`: the id of the task that goes first."""


def forecast(outbox: Outbox, channels: Collection[str], only: Selection = EVERYTHING) -> list[Forecast]:
    """Return every queued task of what is selected: first those that are due, in the order of their turns, then the
    others by id.

    Rate limits are not counted in: they only stretch it.
    """
    expected = [
        item
        for item in _of_messages(list(_forecasts(outbox, channels)), outbox)
        if only.has(item.task.campaign, item.task.channel)
    ]
    due = [item for item in expected if item.turn is Turn.NOW]
    due.sort(key=lambda item: (item.task.not_before, item.task.id))
    return due + [item for item in expected if item.turn is not Turn.NOW]


def _of_messages(expected: Sequence[Forecast], outbox: Outbox) -> Iterator[Forecast]:
    """Yield what is to be expected for messages: for one that goes in a digest, what is for that."""
    of_digests = {item.task.id: item for item in expected if is_digest(item.task.campaign)}
    if not of_digests:
        yield from expected
        return
    digests = {one.task_id: one.digest for one in outbox.memberships()}
    for item in expected:
        if item.task.id not in of_digests:
            of_digest = of_digests.get(digests.get(item.task.id, 0))
            yield item if of_digest is None else replace(of_digest, task=item.task)


def _forecasts(outbox: Outbox, channels: Collection[str]) -> Iterator[Forecast]:
    now = outbox.now()
    pauses = {pause.channel: pause.until for pause in outbox.pauses()}
    first: dict[tuple[str, str], int] = {
        (task.channel, task.recipient): task.id
        for task in outbox.tasks(Filter(statuses=(Status.SENDING,)))
        if task.ordered
    }
    for task in outbox.tasks(Filter(statuses=(Status.QUEUED,))):
        lane = (task.channel, task.recipient)
        if task.channel not in channels:
            yield Forecast(task=task, turn=Turn.NO_CHANNEL)
            continue
        if task.channel in pauses:
            until = pauses[task.channel]
            yield Forecast(task=task, turn=Turn.PAUSED, until=None if until == FOREVER else until)
            continue
        if task.ordered and lane in first:
            yield Forecast(task=task, turn=Turn.BEHIND, behind=first[lane])
            continue
        if task.ordered and (task.tries or task.not_before <= now):  # what is to be sent later lets others pass
            first[lane] = task.id
        if task.not_before > now:
            yield Forecast(task=task, turn=Turn.LATER, until=task.not_before)
        else:
            yield Forecast(task=task, turn=Turn.NOW)
