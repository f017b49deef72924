"""Results to stdout, chatter to stderr; tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifykit.secrets import redact
from notifykit.session import Session

PIPE_WIDTH = 240
"""Columns where nobody's screen sets a limit: a row should be one line for `grep`."""

SHORT = 12
"""Cells up to this width are not folded to make room for others."""

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (`notifykit docs cli` lists its keys)."
)


@dataclass(frozen=True, slots=True)
class Right:
    """The heading of a column of numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """The heading of a column of business keys: the last to be folded."""

    name: str


def print_json(data: object, *, one_line: bool = False) -> None:
    """Print data for programs."""
    escape = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(data, ensure_ascii=escape, allow_nan=False, indent=None if one_line else 2))


def out(text: str) -> None:
    """Print a line of a result."""
    click.echo(visible_lines(text))


def warn(text: str) -> None:
    """Print a warning or an error."""
    click.echo(visible_lines(redact(text)), err=True)


def info(text: str) -> None:
    """Print what helps while one watches, unless `--quiet`."""
    context = click.get_current_context(silent=True)
    session = context.find_object(Session) if context else None
    if session is None or session.verbosity >= 0:
        warn(text)


def print_table(headings: Sequence[str | Right | Key], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings; columns that no row fills are left out."""
    filled = [tuple(map(visible, row)) for row in rows]
    kept = [at for at in range(len(headings)) if any(row[at] for row in filled)]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at in kept:
        heading = headings[at]
        if isinstance(heading, Right):
            table.add_column(heading.name, justify="right", no_wrap=True)
        else:
            widest = max(cell_len(row[at]) for row in filled)
            name, limit = (heading.name, 2 * SHORT) if isinstance(heading, Key) else (heading, SHORT)
            fixed = max(widest, cell_len(name)) if widest <= limit else None
            table.add_column(name, overflow="fold", width=fixed)
    for row in filled:
        table.add_row(*(Text(row[at]) for at in kept))
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    console = Console(file=sys.stdout, width=wide, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def visible(text: str) -> str:
    """Return one line in which nothing is a command to a terminal."""
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
