"""One record's story: everything that ever happened to its messages, in the order in which it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from heapq import nlargest

from notifykit.model import Attempt, Task
from notifykit.outbox.digests import Membership
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Event, Filter

_NEAR = 5
_COMPARED = 2_000
"""Keys that are compared letter by letter: that is slow."""


class StepKind(StrEnum):
    """What happened."""

    QUEUED = "queued"
    ATTEMPT = "attempt"
    EVENT = "event"
    SENT = "sent"
    WRITTEN_BACK = "written_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to one message."""

    at: float
    kind: StepKind
    task: Task
    attempt: Attempt | None = None
    """For `attempt`: how it went."""
    event: Event | None = None
    """For `event`: what a person decided, or what was found out later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InDigest:
    """A message in a digest."""

    membership: Membership
    message: Task
    digest: Task

    @property
    def fixed(self) -> bool:
        """Whether the digest holds it for good; otherwise it waits there for others."""
        return self.membership.members is not None

    @property
    def facts(self) -> Mapping[str, object]:
        """What is known of it, as plain data."""
        return {
            "digest": self.digest.id,
            "digest_key": self.digest.key,
            "digest_status": self.digest.status.value,
            "fixed": self.fixed,
            "members": self.membership.members,
            "follows": self.membership.follows,
            "task_id": self.message.id,
            "key": self.message.key,
            "message": self.message.name,
            "period": self.message.period or None,
            "round": self.message.round,
            "status": self.message.status.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What happened to one record of one campaign."""

    campaign: str
    key: str
    tasks: tuple[Task, ...]
    """Its messages as they stand now, every round of each."""
    steps: tuple[Step, ...]
    digests: tuple[InDigest, ...] = ()
    """The digests that its messages are or were in; of a digest, the messages that it holds."""


def traces(outbox: Outbox, key: str, campaign: str | None = None) -> list[Trace]:
    """Return a key's story in each campaign that knows it; none where nobody does."""
    by_campaign: dict[str, list[Task]] = defaultdict(list)
    for task in outbox.tasks(Filter(campaign=campaign, key=key)):
        by_campaign[task.campaign].append(task)
    return [_story(outbox, name, key, tasks) for name, tasks in sorted(by_campaign.items())]


def _story(outbox: Outbox, campaign: str, key: str, tasks: list[Task]) -> Trace:
    steps = [step for task in tasks for step in _steps(outbox, task)]
    # Stable: what happened at one and the same moment stays in the order of a task's states.
    steps.sort(key=lambda step: step.at)
    digests = tuple(_in_digests(outbox, tasks))
    return Trace(campaign=campaign, key=key, tasks=tuple(tasks), steps=tuple(steps), digests=digests)


def _in_digests(outbox: Outbox, tasks: Sequence[Task]) -> Iterator[InDigest]:
    found = outbox.memberships([task.id for task in tasks])
    ids = {id_ for one in found for id_ in (one.task_id, one.digest)}
    by_id = {task.id: task for task in outbox.tasks(Filter(ids=tuple(ids)))} if ids else {}
    for one in found:
        yield InDigest(membership=one, message=by_id[one.task_id], digest=by_id[one.digest])


def _steps(outbox: Outbox, task: Task) -> Iterator[Step]:
    yield Step(at=task.queued_at, kind=StepKind.QUEUED, task=task)
    for attempt in outbox.attempts(task.id):
        yield Step(at=attempt.started_at, kind=StepKind.ATTEMPT, task=task, attempt=attempt)
    for event in outbox.events(task.id):
        yield Step(at=event.at, kind=StepKind.EVENT, task=task, event=event)
    if task.sent_at is not None:
        yield Step(at=task.sent_at, kind=StepKind.SENT, task=task)
    if task.completed_at is not None:
        yield Step(at=task.completed_at, kind=StepKind.WRITTEN_BACK, task=task)


def near_keys(outbox: Outbox, key: str, campaign: str | None = None) -> list[str]:
    """Return known keys that may have been meant, the nearest first."""
    known = {task.key for task in outbox.tasks(Filter(campaign=campaign)) if task.key}
    if containing := sorted(other for other in known if key in other):
        return containing[:_NEAR]
    alike = nlargest(_COMPARED, known, key=lambda other: _shared_ends(key, other))
    return get_close_matches(key, alike, n=_NEAR, cutoff=0.7)


def _shared_ends(one: str, other: str) -> int:
    """Count the characters that two keys have in common at their beginnings and ends."""
    return _shared_beginning(one, other) + _shared_beginning(one[::-1], other[::-1])


def _shared_beginning(one: str, other: str) -> int:
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
