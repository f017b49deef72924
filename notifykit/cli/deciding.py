"""What the commands of decisions share: who decides and why, what would change, and whether it is wanted."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from notifykit.cli.language import said
from notifykit.cli.stores import NOTHING_YET, looking
from notifykit.cli.tasks import message_name
from notifykit.cli.times import local
from notifykit.errors import NotifykitError
from notifykit.model import FOREVER, Task
from notifykit.operate.consequences import ChannelConsequences, Consequences, Move
from notifykit.outbox import Outbox
from notifykit.outbox.values import Pause
from notifykit.pipeline.project import Project
from notifykit.terminal.console import count, json_option, warn

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

SHOWN = 10
"""Messages that are shown before a decision about them is made."""


def _who(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value:
        return value
    try:
        name = getpass.getuser()
        name.encode()  # LOGNAME may hold bytes that are no text
    except (OSError, KeyError, ImportError, UnicodeError) as error:
        raise click.UsageError("this computer does not say who you are; say it with --who NAME") from error
    return name


def _reason(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty: it is what people read later")
    return value


why_option: Decorator = click.option(
    "--why", required=True, callback=_reason, metavar="TEXT", help="The reason, which is kept with the message."
)
who_option: Decorator = click.option(
    "--who", callback=_who, metavar="NAME", help="Who decides. [default: the user of this computer]"
)
_why_option: Decorator = click.option(
    "--why", callback=_reason, metavar="TEXT", help="The reason, which is kept. Needed unless with --dry-run."
)
_dry_run_option: Decorator = click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
_yes_option: Decorator = click.option(
    "--yes", is_flag=True, help="Do not ask. Needed with filters where there is no terminal."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a decision is to be made."""

    why: str
    who: str
    yes: bool
    dry_run: bool
    as_json: bool

    def require_consent(self, *, named: bool, what: str) -> None:
        """Raise UsageError where nobody can be asked, and was not told to go on. `named`: what is meant was named."""
        if not (named or self.yes or self.dry_run or sys.stdin.isatty()):
            raise click.UsageError(f"{what}; confirm it with --yes, or look first with --dry-run")

    @property
    def asks(self) -> bool:
        """Whether somebody is asked first."""
        return not (self.yes or self.dry_run) and sys.stdin.isatty()

    @property
    def shows(self) -> bool:
        """Whether what would change is shown."""
        return self.dry_run or self.asks

    def agreed(self, lines: Sequence[str], question: str) -> bool:
        """Whether it is wanted. Where somebody is asked, what would change is shown first."""
        if not self.asks:
            return True
        warn(*lines)
        if click.confirm(question, err=True):
            return True
        warn("nothing was changed")
        return False


def decision_options(*, why_needed: bool = True) -> Decorator:
    """Give a command the options of a decision, which it gets as one `way`. `why_needed`: it has to have a reason."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def decided(
            *given: Any, why: str | None, who: str, yes: bool, dry_run: bool, as_json: bool, **more: Any
        ) -> Any:
            if why is None and why_needed and not dry_run:
                raise click.UsageError("Missing option '--why'.")
            way = Way(why=why or "", who=who, yes=yes, dry_run=dry_run, as_json=as_json)
            return command(*given, way=way, **more)

        with_options: Callable[..., Any] = decided
        for option in (json_option, _yes_option, _dry_run_option, who_option, _why_option):
            with_options = option(with_options)
        return with_options

    return decorate


@contextmanager
def existing_store(project: Project, *, look: bool = False) -> Iterator[Outbox]:
    """Open the store to decide about what is in it; `look`: to look at it only.

    Raises NotifykitError where there is none yet. A table that is an old program's, or is so again after a rollback, is
    no store.
    """
    store = project.configuration.settings.store
    project.known_store.require_there(store)
    if not store.exists():
        raise NotifykitError(f"there is no {store}, so there is nothing to decide about", where=NOTHING_YET)
    if look:
        with looking(project.file, store, project.clock) as outbox:
            yield outbox
        return
    with closing(project.open_outbox(create=False)) as outbox:
        yield outbox


def lines_of(found: Consequences) -> list[str]:
    """Say what a decision would do to messages: how many of which campaign, the first ones, and what of flags."""
    if not found.moves:
        return ["nothing is in that state; nothing would change"]
    lines = [f"{count(len(found.moves), 'message')} would change:"]
    lines += [
        f"  {campaign}: {number:,} {was} to {to}" for (campaign, was, to), number in sorted(found.counted.items())
    ]
    lines += [_line(move) for move in found.moves[:SHOWN]]
    if len(found.moves) > SHOWN:
        lines.append(f"  … and {len(found.moves) - SHOWN:,} more")
    return [*lines, *_flag_lines(found)]


def _line(move: Move) -> str:
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


def channel_lines(found: ChannelConsequences) -> list[str]:
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


def newest_decision(outbox: Outbox, tasks: Sequence[Task]) -> int | None:
    """Return the decision by which tasks were moved just now, in the same transaction; None where none was."""
    return outbox.decisions(1, task=tasks[0].id)[0].id if tasks else None


def ids_of(found: Consequences | None) -> Collection[int] | None:
    """Return the ids that a person was shown; None where nobody was."""
    return None if found is None else {move.task.id for move in found.moves}
