"""Folding text at a number of columns, of which a wide character takes two."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

_OPENING, _CLOSING = "（「『“‘《【〈", "，。、；：？！）」』”’》】〉…—"
_NARROW = rf"[^\s\u2e80-\uffff{_OPENING}{_CLOSING}]+"
CHINESE = re.compile(rf"\s+|[{_OPENING}]*(?:{_NARROW}|\S)[{_CLOSING}\])]*")
"""A space, a word as other scripts have it, or one character; punctuation goes with what it belongs to."""

WORDS = re.compile(r"\s+|\S+")
"""A space, or what is between two."""


def wrapped(
    text: str, width: int, first: str = "", rest: str = "", *, pieces: re.Pattern[str] = CHINESE
) -> Iterator[str]:
    """Yield the lines of a paragraph. The first begins with `first`, others with `rest`; `width` is in columns.

    `pieces` are what stays whole. One that is wider than a line sticks out.
    """
    line, taken, empty = first, cell_len(first), True
    for piece in pieces.findall(text.strip()):
        wide = cell_len(piece)
        if taken + wide > width and not empty and not piece.isspace():
            yield line.rstrip()
            line, taken, empty = rest, cell_len(rest), True
        if piece.isspace() and empty:
            continue
        line, taken, empty = line + piece, taken + wide, False
    yield line.rstrip()
