"""What a decision would do, in lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from notifykit.model import FOREVER, Task
from notifykit.operate.consequences import ChannelConsequences, Consequences, Move
from notifykit.outbox.values import Pause
from notifykit.terminal.console import count
from notifykit.terminal.times import local
from notifykit.wording import Reason

Say = Callable[[Reason | str], str]
"""Returns what a reason says; a mere text is as it is."""

SHOWN = 10
"""Messages that are shown before a decision about them is made."""


def lines_of(found: Consequences, said: Say) -> list[str]:
    """Say what a decision would do to messages: how many of which campaign, the first ones, and what of flags."""
    if not found.moves:
        return ["nothing is in that state; nothing would change"]
    lines = [f"{count(len(found.moves), 'message')} would change:"]
    lines += [
        f"  {campaign}: {number:,} {was} to {to}" for (campaign, was, to), number in sorted(found.counted.items())
    ]
    lines += [_line(move, said) for move in found.moves[:SHOWN]]
    if len(found.moves) > SHOWN:
        lines.append(f"  … and {len(found.moves) - SHOWN:,} more")
    return [*lines, *_flag_lines(found)]


def _line(move: Move, said: Say) -> str:
    task = move.task
    if move.new:
        return f"  {task.name} to {task.recipient} by {task.channel}, sent before as task {task.id}"
    line = f"  task {task.id}: {task.key} {message_name(task)} to {task.recipient} by {task.channel}"
    return f"{line} ({said(task.reason)})" if task.reason else line


def _flag_lines(found: Consequences) -> Iterator[str]:
    flags = found.flags
    if flags.next_settle:
        yield f"flags: {count(flags.next_settle, 'record')} would be flagged with the next settle"
    if flags.waiting:
        yield f"flags: {count(flags.waiting, 'record')} would wait for messages that are not sent"
    if flags.written:
        yield f"flags: {count(flags.written, 'record')} flagged already"
    if flags.never:
        yield f"flags: {count(flags.never, 'record')} would not be flagged: none of their messages would be left"


def channel_lines(found: ChannelConsequences, said: Say) -> list[str]:
    """Say what resuming a channel would do."""
    lines = []
    if found.pause is not None:
        lines.append(f"channel {found.channel} is paused {until(found.pause)}: {said(found.pause.reason)}")
    if found.outage is not None:
        lines.append(f"channel {found.channel}: {said(found.outage.told)}")
    if not lines:
        return [f"channel {found.channel} is not paused"]
    waiting = (
        "1 message waits" if found.waiting.number == 1 and not found.waiting.more else f"{found.waiting} messages wait"
    )
    return [*lines, f"{waiting} for it"]


def until(pause: Pause) -> str:
    """Return until when a channel is paused."""
    return "until it is resumed" if pause.until == FOREVER else f"until {local(pause.until)}"


def message_name(task: Task) -> str:
    """Return a message's name, with the round where it was sent again."""
    return task.name if task.round <= 1 else f"{task.name} #{task.round}"
