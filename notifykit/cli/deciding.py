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

from notifykit.cli.stores import NOTHING_YET
from notifykit.config.known_store import looking
from notifykit.errors import NotifykitError
from notifykit.operate.consequences import Consequences
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.project import Project
from notifykit.terminal.console import json_option, warn
from notifykit.wording.translation import gettext

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _who(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value:
        return value
    try:
        name = getpass.getuser()
        name.encode()  # LOGNAME may hold bytes that are no text
    except (OSError, KeyError, ImportError, UnicodeError) as error:
        raise click.UsageError(gettext("this computer does not say who you are; say it with --who NAME")) from error
    return name


def _reason(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.strip():
        raise click.BadParameter(gettext("must not be empty: it is what people read later"))
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
            raise click.UsageError(gettext("{what}; confirm it with --yes, or look first with --dry-run", what=what))

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
        warn(gettext("nothing was changed"))
        return False


def decision_options(*, why_needed: bool = True) -> Decorator:
    """Give a command the options of a decision, which it gets as one `way`. `why_needed`: it has to have a reason."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def decided(
            *given: Any, why: str | None, who: str, yes: bool, dry_run: bool, as_json: bool, **more: Any
        ) -> Any:
            if why is None and why_needed and not dry_run:
                raise click.UsageError(gettext("Missing option '--why'."))
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
        raise NotifykitError(
            gettext("there is no {store}, so there is nothing to decide about", store=store), where=gettext(NOTHING_YET)
        )
    if look:
        with looking(project.file, store, project.clock) as outbox:
            yield outbox
        return
    with closing(project.open_outbox(create=False)) as outbox:
        yield outbox


def ids_of(found: Consequences | None) -> Collection[int] | None:
    """Return the ids that a person was shown; None where nobody was."""
    return None if found is None else {move.task.id for move in found.moves}
