"""What the model of a random walk knows of an outbox: tasks, attempts that rates count, decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from notifykit.model import Draft, Outcome, Status
from notifykit.roles import Rate

RATE = Rate(2, 50.0)

OUTCOMES = {
    Status.SENT: Outcome.accepted(),
    Status.FAILED: Outcome.rejected("no"),
    Status.QUEUED: Outcome.retry("busy"),
    Status.IN_DOUBT: Outcome.unknown("lost"),
}
DECISIONS = {
    Status.FAILED: (Status.QUEUED, Status.CANCELLED),
    Status.IN_DOUBT: (Status.QUEUED, Status.SENT, Status.CANCELLED),
    Status.QUEUED: (Status.CANCELLED,),
    Status.CANCELLED: (Status.QUEUED,),
}
DONE = (Status.SENT, Status.COMPLETED)


@dataclass
class Seen:
    """What the model knows of one task."""

    id: int
    draft: Draft
    status: Status = Status.QUEUED
    token: int | None = None
    """The claim that may still move it."""
    worker: str = ""
    beat: int = 0
    not_before: float = 0.0
    hold: float | None = None
    """None: never put off by an attempt, so it holds its lane as long as it is queued, once its time has come."""
    expires_at: float | None = None
    expired: bool = False
    """Whether its last move was that it expired."""
    doubted: bool = False
    claims: int = 0
    ended: int = 0
    """Attempts that ended: a claim that was given back is none."""

    def holds(self, now: float) -> bool:
        """Whether later tasks of its lane wait for it."""
        return self.not_before <= now if self.hold is None else self.hold > now

    def is_late(self, now: float) -> bool:
        """Whether it is to be cancelled because it has waited for too long."""
        waits = self.status is Status.QUEUED and not self.doubted
        return waits and self.expires_at is not None and self.expires_at <= now

    @property
    def has_expired(self) -> bool:
        """Whether it was cancelled because it waited for too long."""
        return self.status is Status.CANCELLED and self.expired


@dataclass
class Start:
    """An attempt that a rate counts. One that was given back may count or not."""

    at: float
    task: int
    token: int
    given_back: bool = False
    ended_at: float | None = None

    def counts(self, now: float) -> bool:
        """Whether it is under way, or ended within the window."""
        return self.ended_at is None or self.ended_at > now - RATE.seconds


@dataclass
class Made:
    """A decision: what its tasks were before (None: it made them), and what they became."""

    id: int
    tasks: dict[int, tuple[Seen | None, Seen, int]]
    """Each with how many messages of its record were written back then."""
    undone: set[int] = field(default_factory=set)


def identity(one: Draft) -> tuple[str, str, str, int, str]:
    """What makes a message the same message."""
    return one.campaign, one.key, one.name, one.round, one.period


def new_of(drafts: Iterable[Draft], seen: Iterable[Seen]) -> dict[tuple[str, str, str, int, str], Draft]:
    """Return those of the drafts that are new: not known, and of no period before a known one."""
    known = {identity(task.draft) for task in seen}
    last: dict[tuple[str, ...], str] = {}
    for *message, _, period in known:
        last[*message] = max(last.get((*message,), ""), period)
    found: dict[tuple[str, str, str, int, str], Draft] = {}
    for one in drafts:
        message = [*identity(one)[:3]]
        if one.period >= last.get((*message,), "") and identity(one) not in known:
            last[*message] = one.period
            found.setdefault(identity(one), one)
    return found


def lane(task: Seen) -> tuple[str, str]:
    """Where order is kept."""
    return task.draft.channel, task.draft.recipient
