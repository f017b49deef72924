"""Tells the demonstration: headings of acts and chapters, paragraphs that fit the terminal, single lines."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable

Say = Callable[[str], None]

_WIDE = 112
"""Columns, at most: longer lines are hard to read."""
_INDENT = "  "


def columns() -> int:
    """Return how wide the terminal is; somewhat more than usual where there is none."""
    return shutil.get_terminal_size((_WIDE + 12, 40)).columns


class Narrator:
    """Says each line by `say`, which prints it."""

    def __init__(self, say: Say) -> None:
        self.say = say

    def act(self, title: str, chinese: str) -> None:
        """Begin an act."""
        self.say("")
        self.say(f"==== {title} · {chinese}")

    def chapter(self, title: str, chinese: str) -> None:
        """Begin a chapter."""
        self.say("")
        self.say(f"== {title} · {chinese}")

    def tell(self, text: str) -> None:
        """Say a paragraph."""
        width = max(60, min(_WIDE, columns() - 2))
        for line in textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT):
            self.say(line)

    def line(self, text: str) -> None:
        """Say one line as it is, such as one of a table."""
        self.say(f"{_INDENT}  {text}")
