"""What a decision would do, in lines for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from notifykit.messages.receipts import Receipt
from notifykit.model import FOREVER, Attempt, Metadata, Task
from notifykit.operate.consequences import ChannelConsequences, Consequences, Move
from notifykit.outbox.values import Pause
from notifykit.terminal.console import count
from notifykit.terminal.times import local
from notifykit.wording import Reason
from notifykit.wording.translation import gettext

Say = Callable[[Reason | str], str]
"""Returns what a reason says; a mere text is as it is."""

_EMPTY: tuple[object, ...] = ("", [], {})

SHOWN = 10
"""Messages that are shown before a decision about them is made."""


def lines_of(found: Consequences, said: Say) -> list[str]:
    """Say what a decision would do to messages: how many of which campaign, the first ones, and what of flags."""
    if not found.moves:
        return [gettext("nothing is in that state; nothing would change")]
    lines = [gettext("{messages} would change:", messages=count(len(found.moves), "message"))]
    lines += [
        gettext("  {campaign}: {number:,} {was} to {to}", campaign=campaign, number=number, was=was, to=to)
        for (campaign, was, to), number in sorted(found.counted.items())
    ]
    lines += [_line(move, said) for move in found.moves[:SHOWN]]
    if len(found.moves) > SHOWN:
        lines.append(gettext("  … and {number:,} more", number=len(found.moves) - SHOWN))
    return [*lines, *_flag_lines(found)]


def _line(move: Move, said: Say) -> str:
    task = move.task
    if move.new:
        return gettext(
            "  {name} to {recipient} by {channel}, sent before as task {id}",
            name=message_name(task),
            recipient=task.recipient,
            channel=task.channel,
            id=task.id,
        )
    line = gettext(
        "  task {id}: {key} {name} to {recipient} by {channel}",
        id=task.id,
        key=task.key,
        name=message_name(task),
        recipient=task.recipient,
        channel=task.channel,
    )
    return gettext("{told} ({reason})", told=line, reason=said(task.reason)) if task.reason else line


def _flag_lines(found: Consequences) -> Iterator[str]:
    flags = found.flags
    if flags.next_settle:
        yield gettext(
            "flags: {records} would be flagged with the next settle", records=count(flags.next_settle, "record")
        )
    if flags.waiting:
        yield gettext(
            "flags: {records} would wait for messages that are not sent", records=count(flags.waiting, "record")
        )
    if flags.written:
        yield gettext("flags: {records} flagged already", records=count(flags.written, "record"))
    if flags.never:
        yield gettext(
            "flags: {records} would not be flagged: none of their messages would be left",
            records=count(flags.never, "record"),
        )


def channel_lines(found: ChannelConsequences, said: Say) -> list[str]:
    """Say what resuming a channel would do."""
    lines = []
    if found.pause is not None:
        lines.append(
            gettext(
                "channel {channel} is paused {until}: {reason}",
                channel=found.channel,
                until=until(found.pause),
                reason=said(found.pause.reason),
            )
        )
    if found.outage is not None:
        lines.append(gettext("channel {channel}: {told}", channel=found.channel, told=said(found.outage.told)))
    if not lines:
        return [gettext("channel {channel} is not paused", channel=found.channel)]
    one = found.waiting.number == 1 and not found.waiting.more
    waiting = (
        gettext("1 message waits for it") if one else gettext("{number} messages wait for it", number=found.waiting)
    )
    return [*lines, waiting]


def until(pause: Pause) -> str:
    """Return until when a channel is paused."""
    if pause.until == FOREVER:
        return gettext("until it is resumed")
    return gettext("until {time}", time=local(pause.until))


def message_name(task: Task, *, with_period: bool = True) -> str:
    """Return a message's name, with its period where it has one, and the round where it was sent again."""
    name = f"{task.name} {task.period}" if task.period and with_period else task.name
    return name if task.round <= 1 else f"{name} #{task.round}"


def left_out(attempt: Attempt) -> str:
    """Say whom an accepting service left out; nothing where it left out nobody."""
    names = gettext(", ").join(attempt.undelivered)
    return gettext("not delivered to {recipients}", recipients=names) if names else ""


def told_later(receipt: Receipt | None) -> str:
    """Say what a service told of a message since it accepted it; nothing where it told nothing."""
    if receipt is None:
        return ""
    return gettext("{receipt} at {time}", receipt=gettext(receipt.status.value), time=local(receipt.at))


def option_lines(options: Metadata | None) -> Iterator[str]:
    """Say what a message says beside its text: a line for each option that is not empty, by its name in YAML."""
    for name, value in (options or {}).items():
        if value is not None and value is not False and value not in _EMPTY:
            yield f"{name}: {_value(value)}"


def _value(value: object) -> str:
    match value:
        case {"name": name, "media_type": kind, "size": int() as size, "sha256": str()}:
            return gettext("{name} ({kind}, {size:,} bytes)", name=name, kind=kind, size=size)
        case list():
            return ", ".join(map(_value, value))
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
