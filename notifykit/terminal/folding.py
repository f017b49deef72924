"""Tables that are wider than there is room: cells are folded, short ones and keys last."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifykit.terminal.stdout import stdout
from notifykit.terminal.tables import GAP, Heading, Key, Right, name_of

SHORT = 12
"""Cells up to this width are not folded to make room for others; keys up to twice as much."""


def folded(headings: Sequence[Heading], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of a table, at most so wide; None for the width of the terminal."""
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for at, heading in enumerate(headings):
        name = name_of(heading)
        if isinstance(heading, Right):
            table.add_column(name, justify="right", no_wrap=True)
        else:
            widest = max(cell_len(row[at]) for row in rows)
            limit = 2 * SHORT if isinstance(heading, Key) else SHORT
            fixed = max(widest, cell_len(name)) if widest <= limit else None
            table.add_column(name, overflow="fold", width=fixed)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(file=stdout(), width=width, markup=False, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]
