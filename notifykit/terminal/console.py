"""Results to stdout, chatter to stderr; JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click

from notifykit.secrets import redact
from notifykit.session import Session
from notifykit.terminal.stdout import emit, stdout

__all__ = ["count", "info", "json_option", "out", "print_json", "some", "warn"]

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (`notifykit docs cli` lists its keys)."
)


def print_json(data: object, *, one_line: bool = False) -> None:
    """Print data for programs."""
    import json  # the only way out that needs it

    escape = (stdout().encoding or "utf-8").lower().replace("-", "") != "utf8"
    emit(json.dumps(data, ensure_ascii=escape, allow_nan=False, indent=None if one_line else 2))


def out(text: str) -> None:
    """Print a line of a result."""
    emit(visible_lines(text))


def warn(text: str) -> None:
    """Print a warning or an error."""
    with suppress(OSError):  # stderr is closed or full: there is nobody to tell
        click.echo(visible_lines(redact(text)), err=True)


def info(text: str) -> None:
    """Print what helps while one watches, unless `--quiet`."""
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context else None
    if session is None or session.verbosity >= 0:
        warn(text)


def visible(text: str) -> str:
    """Return one line with every character escaped that a terminal would take for a command."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def visible_lines(text: str) -> str:
    """Do so for each line of a text."""
    return "\n".join(map(visible, text.split("\n")))


def some(items: Sequence[str], at_most: int = 10) -> str:
    """Return the first few, and how many more there are."""
    more = f", and {len(items) - at_most} more" if len(items) > at_most else ""
    return ", ".join(items[:at_most]) + more


def count(number: int, one: str) -> str:
    """Return `1 key`, `2 keys`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
