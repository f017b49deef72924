"""Tables for people. Apart from the other output, because rich is loaded for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifykit.terminal.console import visible

__all__ = ["Key", "Right", "print_table"]

PIPE_WIDTH = 240
"""Columns where stdout is no terminal: a row should be one line for `grep`."""

SHORT = 12
"""Cells up to this width are not folded to make room for others."""


@dataclass(frozen=True, slots=True)
class Right:
    """The heading of a column of numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """The heading of a column of business keys: the last to be folded."""

    name: str


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
