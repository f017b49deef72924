"""What the model of a random walk knows of an outbox: tasks, attempts that rates count, decisions."""

from __future__ import annotations

from dataclasses import dataclass, field

from notifykit.model import Draft, Status
from notifykit.roles import Rate

RATE = Rate(2, 50.0)


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
    """None: never put off, so it holds its lane as long as it is queued."""
    claims: int = 0
    ended: int = 0
    """Attempts that ended: a claim that was given back is none."""

    def holds(self, now: float) -> bool:
        """Whether later tasks of its lane wait for it."""
        return self.hold is None or self.hold > now


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


def identity(one: Draft) -> tuple[str, str, str, int]:
    """What makes a message the same message."""
    return one.campaign, one.key, one.name, one.round


def lane(task: Seen) -> tuple[str, str]:
    """Where order is kept."""
    return task.draft.channel, task.draft.recipient
