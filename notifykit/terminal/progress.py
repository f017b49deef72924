"""A moving line on stderr while something takes long, where stderr is a terminal; nothing otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from notifykit.terminal.stdout import stdout
from notifykit.wording.translation import pgettext

__all__ = ["progress"]


@contextmanager
def progress(what: str, unit: str, total: Callable[[], int] | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far it has come. Yields what is told how many more are done, from any thread.

    `total` is asked only where something is shown.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
    if total is not None:
        columns.append(BarColumn())
    columns += [TextColumn(f"{{task.completed:,.0f}} {pgettext('progress', unit)}"), TimeElapsedColumn()]
    # What is printed meanwhile goes above the line, but never from a redirected stdout to the terminal.
    moving = Progress(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=stdout().isatty())
    with moving:
        line = moving.add_task(pgettext("progress", what), total=total() if total else None)
        yield lambda more: moving.advance(line, more)
