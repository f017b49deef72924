"""Tables for people. rich is loaded for those that are wider than the terminal, and for Chinese."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from notifykit.redaction import redact
from notifykit.terminal.console import visible
from notifykit.terminal.stdout import columns, emit, stdout
from notifykit.wording.translation import pgettext

__all__ = ["Key", "Right", "print_table"]

PIPE_WIDTH = 240
"""Columns where stdout is no terminal: a row should be one line for `grep`."""

GAP = 2
"""Columns between two columns of a table."""


class Right(NamedTuple):
    """The heading of a column of numbers."""

    name: str


class Key(NamedTuple):
    """The heading of a column of business keys: the last to be folded."""

    name: str


Heading = str | Right | Key


def print_table(headings: Sequence[Heading], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings; columns that no row fills are left out. What is too wide is folded."""
    filled = [tuple(visible(redact(cell)) for cell in row) for row in rows]
    kept = [at for at in range(len(headings)) if any(row[at] for row in filled)]
    shown = [headings[at] for at in kept]
    cells = [tuple(row[at] for at in kept) for row in filled]
    to_fit = stdout().isatty() or "COLUMNS" in os.environ
    width = columns() if to_fit else PIPE_WIDTH
    lines = _lines(shown, cells, width)
    if lines is None:
        from notifykit.terminal.folding import folded

        lines = folded(shown, cells, None if to_fit else PIPE_WIDTH)
    emit("\n".join(lines))


def name_of(heading: Heading) -> str:
    """Return the text of a heading, in the language that is spoken."""
    return pgettext("heading", heading if isinstance(heading, str) else heading.name)


def _lines(headings: Sequence[Heading], rows: Sequence[Sequence[str]], width: int) -> list[str] | None:
    """Lay out a table in which no cell has to be folded; None for any other."""
    names = list(map(name_of, headings))
    if not names or any(cell != cell.strip() for row in rows for cell in row):
        return None
    columns = [[_width(cell) for cell in column] for column in zip(names, *rows, strict=True)]
    widths = list(map(max, columns))
    if sum(widths) + GAP * (len(widths) - 1) > width:
        return None
    lines = [
        (" " * GAP)
        .join(
            " " * (room - taken[at]) + cell if isinstance(heading, Right) else cell + " " * (room - taken[at])
            for cell, heading, room, taken in zip(row, headings, widths, columns, strict=True)
        )
        .rstrip()
        for at, row in enumerate((names, *rows))
    ]
    plain = os.environ.get("TERM", "") in ("", "dumb", "unknown") or not stdout().isatty()
    return [lines[0] if plain else click.style(lines[0], bold=True), *lines[1:]]


def _width(text: str) -> int:
    """Return how many columns a text takes."""
    if all(char < "\u0300" or "\u2010" <= char <= "\u2027" for char in text):  # Latin, dashes, quotes: one each
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
