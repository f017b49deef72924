"""Folding Chinese text at a number of columns: a wide character takes two, and no closing mark begins a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

_OPENING, _CLOSING = "（「『“‘《【〈", "，。、；：？！）」』”’》】〉…—"
_NARROW = rf"[^\s\u2e80-\uffff{_OPENING}{_CLOSING}]+"
_PIECE = re.compile(rf"\s+|[{_OPENING}]*(?:{_NARROW}|\S)[{_CLOSING}\])]*")
"""A space, a word as other scripts have it, or one character; punctuation goes with what it belongs to."""


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Yield the lines of a paragraph. The first begins with `first`, others with `rest`; `width` is in columns.

    A word that is wider than a line sticks out.
    """
    line, taken, empty = first, cell_len(first), True
    for piece in _PIECE.findall(text.strip()):
        wide = cell_len(piece)
        if taken + wide > width and not empty and not piece.isspace():
            yield line.rstrip()
            line, taken, empty = rest, cell_len(rest), True
        if piece.isspace() and empty:
            continue
        line, taken, empty = line + piece, taken + wide, False
    yield line.rstrip()
