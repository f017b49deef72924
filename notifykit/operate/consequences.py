"""What a decision would change, and what that means for flags: shown before it is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifykit.model import Status, Task
from notifykit.outbox.decided import Undoing
from notifykit.outbox.digests import messages_of
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Count, Filter, Outage, Pause

__all__ = ["ChannelConsequences", "Consequences", "Flags", "Move", "of_moves", "of_resuming", "of_undoing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What would become of a message."""

    task: Task
    """As it is now."""
    to: Status
    new: bool = False
    """Whether the message stays as it is, and is queued once more as its next round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """How many records of these messages would have which flag. A cancelled message does not count."""

    next_settle: int = 0
    """Would be flagged with the next `settle`: all of theirs that counts was sent."""
    waiting: int = 0
    """Would wait for a message of theirs: one that is queued, failed, or in doubt."""
    written: int = 0
    """Are flagged already."""
    never: int = 0
    """Would not be flagged: nothing of theirs would be left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a decision would do to messages."""

    moves: Sequence[Move]
    """In the order of ids."""
    flags: Flags

    @property
    def counted(self) -> Mapping[tuple[str, Status, Status], int]:
        """How many messages of which campaign go from where to where."""
        return Counter((move.task.campaign, move.task.status, move.to) for move in self.moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConsequences:
    """What resuming a channel would do."""

    channel: str
    pause: Pause | None
    """What would end; None where it is not paused."""
    outage: Outage | None
    """What would be forgotten; None where the service can be reached."""
    waiting: Count
    """Messages that wait for the channel."""

    @property
    def anything(self) -> bool:
        """Whether anything would change."""
        return self.pause is not None or self.outage is not None


def of_moves(outbox: Outbox, tasks: Iterable[Task], to: Status, *, new: bool = False) -> Consequences:
    """Return what it would mean to move tasks; `new`: to queue them once more."""
    return _of(outbox, [Move(task=task, to=to, new=new) for task in messages_of(list(tasks))])


def of_undoing(outbox: Outbox, undoing: Undoing) -> Consequences:
    """Return what it would mean to undo a decision."""
    back = {one.task.id: Move(task=one.task, to=one.back) for one in undoing.messages if one.kept is None}
    return _of(outbox, [back[task.id] for task in messages_of([move.task for move in back.values()])])


def of_resuming(outbox: Outbox, channel: str) -> ChannelConsequences:
    """Return what it would mean to resume a channel."""
    return ChannelConsequences(
        channel=channel,
        pause=next((pause for pause in outbox.pauses() if pause.channel == channel), None),
        outage=next((outage for outage in outbox.outages() if outage.channel == channel), None),
        waiting=next((one.waiting for one in outbox.pulse().channels if one.channel == channel), Count()),
    )


def _of(outbox: Outbox, moves: Sequence[Move]) -> Consequences:
    records: dict[tuple[str, str], list[Move]] = defaultdict(list)
    for move in moves:
        records[move.task.campaign, move.task.key].append(move)
    counted = Counter(_flag(outbox, *record, of_record) for record, of_record in records.items())
    return Consequences(moves=moves, flags=Flags(**counted))


def _flag(outbox: Outbox, campaign: str, key: str, moves: Sequence[Move]) -> str:
    """Name the flag that a record would have, as a field of `Flags`."""
    after = {task.id: task.status for task in outbox.tasks(Filter(campaign=campaign, key=key))}
    after |= {move.task.id: move.to for move in moves if not move.new}
    statuses = {*after.values(), *(move.to for move in moves if move.new)}
    if Status.COMPLETED in statuses:
        return "written"
    if statuses - {Status.SENT, Status.CANCELLED}:
        return "waiting"
    return "next_settle" if Status.SENT in statuses else "never"
