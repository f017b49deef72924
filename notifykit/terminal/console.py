"""Results to stdout, chatter to stderr; JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import click

from notifykit.errors import NotifykitError
from notifykit.redaction import json_escape, redact, redact_data
from notifykit.session import Session
from notifykit.terminal.stdout import emit, stdout
from notifykit.wording.translation import gettext, pgettext

__all__ = ["count", "info", "json_option", "out", "print_json", "some", "visible", "warn", "warn_of"]

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (`notifykit docs cli` lists its keys)."
)


def print_json(data: object, *, one_line: bool = False) -> None:
    """Print data for programs: without credentials, and without what a terminal would take for a command."""
    import json  # the only way out that needs it

    escape = (stdout().encoding or "utf-8").lower().replace("-", "") != "utf8"
    text = json.dumps(redact_data(data), ensure_ascii=escape, allow_nan=False, indent=None if one_line else 2)
    emit("\n".join(line if line.isprintable() else _escaped_json(line) for line in text.split("\n")))


def _escaped_json(line: str) -> str:
    """Escape what cannot be printed, as JSON does: all of it is within texts."""
    return "".join(char if char.isprintable() else json_escape(char) for char in line)


def out(*lines: str) -> None:
    """Print lines of a result. A line end within one comes from data, and is shown as such."""
    for line in lines:
        emit(visible(redact(line)))


def warn(*lines: str) -> None:
    """Print the lines of a warning or an error, above what moves on a terminal: click's own stderr goes around that."""
    with suppress(OSError):  # stderr is closed or full: there is nobody to tell
        click.echo("\n".join(visible(redact(line)) for line in lines), file=sys.stderr)


def warn_of(label: str, error: NotifykitError) -> None:
    """Print an error behind a label."""
    first, *others = error.lines
    warn(gettext("{label}: {said}", label=label, said=first), *others)


def info(*lines: str) -> None:
    """Print what helps while one watches, unless `--quiet`."""
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context else None
    if session is None or session.verbosity >= 0:
        warn(*lines)


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
    shown = gettext(", ").join(items[:at_most])
    left = len(items) - at_most
    return gettext("{items}, and {number} more", items=shown, number=left) if left > 0 else shown


def count(number: int, one: str) -> str:
    """Return `1 key`, `2 keys`; elsewhere what the context `count` has for the noun, such as `{number} 个键`."""
    said = pgettext("count", one)
    return f"{number:,} {one}{'' if number == 1 else 's'}" if said == one else said.format(number=f"{number:,}")
