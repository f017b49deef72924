"""Where the rows and cells of a CSV file are, in bytes.

The grammar is that of `csv.reader(strict=True)` with commas and double quotes. It may be read off the bytes,
because no character of the encodings that `encoding` allows contains the bytes of a comma, a quote, CR or LF: UTF-8
uses 0x80 and above only, and the second to fourth bytes of GB18030 are 0x30-0x39, 0x40-0x7E or 0x80-0xFE.

A row that breaks the grammar, or spreads over several lines and has the wrong number of cells, is taken to end
with its first line: one quote that was never closed must not swallow the rows below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from notifykit.wording.translation import gettext_noop

Span = tuple[int, int]
"""Where a cell's content starts and ends; the quotes around it are outside."""

_QUOTED, _BARE = rb'[^"]*+(?:""[^"]*+)*+', rb'(?!")[^,\r\n]*+'
CELL = b'(?:"%b"|%b)' % (_QUOTED, _BARE)
LINE_END = rb"\r*+\n|\r|\Z"

_cell_at = re.compile(b'(?:"(%b)"|(%b))(,|%b)?' % (_QUOTED, _BARE, LINE_END)).match
_find_line_end = re.compile(LINE_END).search
_QUOTE = ord('"')


class Fault(Enum):
    """What is wrong with the shape of a row."""

    OPEN_QUOTE = gettext_noop("a quoted cell is never closed")
    TEXT_AFTER_QUOTE = gettext_noop("there is text between a closing quote and the next comma")
    CELLS = gettext_noop("wrong number of cells")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Offsets are bytes from the start of the file."""

    start: int
    end: int
    """Of its content; the line end is not counted."""
    next: int
    """Where the next row starts."""
    cells: list[Span]
    """Empty for a blank line; those before the fault for a row that breaks the grammar."""
    fault: Fault | None


def row_at(data: bytes, start: int, width: int | None = None) -> Row:
    """Return the row that starts at an offset; `width` is the number of cells it should have, where known."""
    cells: list[Span] = []
    at = end = start
    fault: Fault | None = None
    while True:
        cell = _cell_at(data, at)
        if cell is None:
            fault = Fault.OPEN_QUOTE
            break
        cells.append(cell.span(1) if cell.start(1) >= 0 else cell.span(2))
        at, end, separator = cell.end(), cell.start(3), cell[3]
        if separator is None:
            fault = Fault.TEXT_AFTER_QUOTE
        if separator != b",":
            break
    if start == end and not fault:
        return Row(start, end, at, [], None)
    if fault is None and width is not None and len(cells) != width:
        fault = Fault.CELLS
    if fault:
        line_end = _line_end(data, start)
        return Row(start, line_end[0], line_end[1], cells, fault)
    return Row(start, end, at, cells, None)


def cell_bytes(data: bytes, span: Span) -> bytes:
    """Return a cell's value as csv sees it, not decoded."""
    start, end = span
    raw = data[start:end]
    return raw.replace(b'""', b'"') if start and data[start - 1] == _QUOTE else raw


def skip_lines(data: bytes, start: int, count: int) -> int:
    """Return the offset of the line that comes `count` LFs after an offset."""
    for _ in range(count):
        start = data.find(b"\n", start) + 1 or len(data)
    return start


def _line_end(data: bytes, start: int) -> Span:
    found = _find_line_end(data, start)
    assert found is not None  # noqa: S101 - the pattern matches at the end of any data
    return found.span()
