"""What people decided, and how far it can be taken back: the values, and the rules that every store keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from notifykit.model import Status, Task
from notifykit.outbox.values import Event, Pause
from notifykit.wording import Reason
from notifykit.wording.host import (
    DECIDED,
    EXPIRED,
    IN_DIGEST,
    UNDO_CELLS,
    UNDO_FLAGGED,
    UNDO_LATER,
    UNDO_MOVED,
    UNDO_OUTAGE,
    UNDO_PAUSE_OVER,
    UNDO_SETTLING,
    UNDO_TRIED,
)

__all__ = ["Decided", "Decision", "Standing", "Undoing", "may_queue_again"]

KINDS = {
    Status.QUEUED: "retried",
    Status.SENT: "resolved",
    Status.CANCELLED: "cancelled",
    Status.FAILED: "resolved",
}
"""The kind of a decision, and of its events, by where it moves tasks."""


class Decision(NamedTuple):
    """What a person decided at once."""

    id: int
    """A later decision about the same message has a higher one."""
    at: float
    """UTC seconds."""
    kind: str
    """`retried`, `resolved`, `cancelled`, `resent`, or `resumed`."""
    who: str
    why: str
    messages: int
    """About how many."""
    channel: str | None
    """Of one that ended a pause."""
    undone_at: float | None
    """UTC seconds; None where it stands."""
    undone_by: str | None
    undone_why: str | None


_WAITING = (Status.QUEUED, Status.FAILED, Status.IN_DOUBT)
"""Those in which a message keeps its record from being flagged."""


class Decided(NamedTuple):
    """A message that a decision was about."""

    task: Task
    """As it is now."""
    back: Status
    """Where undoing the decision puts it: where it was; what the decision made is `cancelled`."""
    opened: bool
    """Whether the decision made it, as a new round."""
    kept: Reason | None
    """Why undoing the decision leaves it where it is; None where it can be put back."""


class Undoing(NamedTuple):
    """What undoing a decision does, or did."""

    decision: Decision
    messages: Sequence[Decided]
    """Those that are still there, by id."""
    pause: Pause | None = None
    """What the decision ended, and is in force again."""
    kept: Reason | None = None
    """Why what the decision ended is not in force again."""

    @property
    def possible(self) -> bool:
        """Whether anything is put back."""
        return self.pause is not None or any(one.kept is None for one in self.messages)

    @classmethod
    def of_pause(cls, decision: Decision, ended: Pause | None, now: float) -> Undoing:
        """Return what undoing a decision does that ended a pause; None: it ended an outage."""
        if ended is None:
            return cls(decision=decision, messages=(), kept=UNDO_OUTAGE())
        if ended.until <= now:
            return cls(decision=decision, messages=(), kept=UNDO_PAUSE_OVER())
        return cls(decision=decision, messages=(), pause=ended)


class Standing(NamedTuple):
    """How a message stands since a decision about it."""

    was: str | None
    """Its status before; None where the decision made it; `foreign`: what it was cannot be written again."""
    became: str
    number: int
    """Of its latest attempt, or claim, then."""
    flagged: int
    """How many messages of its record were written back then."""
    tried: int
    """Number of its latest attempt that ended. A claim that was given back was none."""
    flagged_now: int
    settling: int
    """Whether flags of its campaign are being written, and its record has messages whose write-back is owed."""
    later: int | None
    """A later decision about it that was not undone."""
    digest: int | None
    """The digest in which it is fixed, where that is to be sent, whatever becomes of the decision."""

    def of(self, task: Task) -> Decided:
        """Say where undoing the decision puts the message, or why it does not."""
        back = Status(self.was or Status.CANCELLED)
        return Decided(task=task, back=back, opened=self.was is None, kept=self._kept(task, back))

    def _kept(self, task: Task, back: Status) -> Reason | None:
        if task.damaged or Status.FOREIGN in (task.status, back):
            return UNDO_CELLS()
        if self.later is not None:
            return UNDO_LATER(decision=self.later)
        if back in _WAITING and self.flagged_now > self.flagged:
            return UNDO_FLAGGED()
        if self.settling and back in _WAITING and task.status not in _WAITING:
            return UNDO_SETTLING()
        if task.status.value != self.became:
            return UNDO_MOVED(status=task.status.value)
        if self.tried > self.number:
            return UNDO_TRIED()
        if self.digest is not None:
            return IN_DIGEST(digest=self.digest)
        return None


def may_queue_again(task: Task, events: Callable[[int], Sequence[Event]]) -> bool:
    """Whether a cancelled task may be queued again: a person cancelled it here, or it expired.

    What a migration cancelled is the twin of another.

    `events`: returns those of a task. They tell it of a task that was cancelled before reasons had codes.
    """
    if task.reason is None or task.reason.code is None:
        return any(event.kind == KINDS[Status.CANCELLED] for event in events(task.id))
    return task.reason.code in (DECIDED.code, EXPIRED.code)
