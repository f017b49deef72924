"""Tells the demonstration: headings of acts and chapters, paragraphs that fit the terminal, single lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from rich.cells import cell_len

from notifykit.terminal import wrapping
from notifykit.wording.translation import CHINESE, spoken

Say = Callable[[str], None]

_WIDE = 112
"""Columns, at most: longer lines are hard to read."""
_INDENT = "  "


def columns() -> int:
    """Return how wide the terminal is; somewhat more than usual where there is none."""
    return shutil.get_terminal_size((_WIDE + 12, 40)).columns


def folded(text: str, width: int, *, further: str = "") -> list[str]:
    """Return the lines of a text of one line, folded at word ends; `further`: what all but the first begin with.

    The first one keeps its indent.
    """
    if cell_len(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip())]
    pieces = wrapping.CHINESE if spoken() == CHINESE else wrapping.WORDS
    return list(wrapping.wrapped(text, width, indent, further, pieces=pieces))


def columned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return a line of a table: the first cell to the left of its column, the others to the right."""
    gaps = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return cells[0] + gaps[0] + "".join(gap + cell for gap, cell in zip(gaps[1:], cells[1:], strict=True))


def room() -> int:
    """Return how wide a paragraph may be."""
    return max(60, min(_WIDE, columns() - 2))


class Narrator:
    """Says each line by `say`, which prints it."""

    def __init__(self, say: Say, pause: Callable[[], None] = lambda: None) -> None:
        """`pause` is called before each act and chapter but the first, and not between an act and its first chapter."""
        self.say = say
        self._pause = pause
        self._begun = False

    def act(self, title: str, chinese: str) -> None:
        """Begin an act. Its heading, as a chapter's, is in both languages; in Chinese alone where that is spoken."""
        self._go_on()
        self._begun = False
        self._head("====", title, chinese)

    def chapter(self, title: str, chinese: str) -> None:
        """Begin a chapter."""
        self._go_on()
        self._begun = True
        self._head("==", title, chinese)

    def _head(self, mark: str, title: str, chinese: str) -> None:
        self.say("")
        self.say(f"{mark} {chinese}" if spoken() == CHINESE else f"{mark} {title} · {chinese}")

    def _go_on(self) -> None:
        if self._begun:
            self._pause()

    def tell(self, text: str) -> None:
        """Say a paragraph."""
        for line in folded(text, room() - len(_INDENT)):
            self.say(f"{_INDENT}{line}")

    def line(self, text: str) -> None:
        """Say one line as it is, such as one of a table."""
        self.say(f"{_INDENT}  {text}")
