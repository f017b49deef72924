"""Finds the flag cells of wanted rows in the bytes of a CSV file."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from io import BytesIO

from notifykit_contract.head import Head
from notifykit_contract.rows import CELL, LINE_END, Row, cell_bytes, row_at

Place = tuple[int, int, int, int]
"""Of a flag cell: where its content starts and ends, its row's line number, and where its row starts."""


@dataclass(slots=True)
class Places:
    """Where the flag cells of keys are, in order. Nearly all keys have one row, so that is kept without a list."""

    first: dict[bytes, Place] = field(default_factory=dict)
    """Of each key that was found."""
    several: dict[bytes, list[Place]] = field(default_factory=dict)
    """All of a key with more than one row."""

    def add(self, key: bytes, place: Place) -> None:
        """Add what comes behind all others."""
        if (first := self.first.setdefault(key, place)) is not place:
            self.several.setdefault(key, [first]).append(place)

    def of(self, key: bytes) -> list[Place]:
        """Return all of a key that was found."""
        return self.several.get(key) or [self.first[key]]


def find_flags(data: bytes, head: Head, flag_at: int, wanted: Container[bytes]) -> Places:
    """Return the flag cells of all rows with a wanted key.

    Rows are the same as those that the source yields. A line without a quote is a row, and is cut up by bytes
    methods alone. What a lone CR does to such a line is left out of account: a key may then be missing, and
    `find_flags_slowly` finds it.
    """
    found = Places()
    key_at, width = head.key_at, len(head.names)
    key_is_last, commas, after_flag = key_at == width - 1, width - 1, width - flag_at
    whole_row = _whole_row(width, key_at, flag_at)
    at, number = head.body, head.line
    quote = _find_quote(data, at)
    lines = BytesIO(data)
    lines.seek(at)
    for line in lines:
        following = at + len(line)
        if quote < following:
            if row := whole_row(data, at):
                key, following = _unquoted(row["key"]), row.end()
                if key in wanted:
                    quoted = row["flag"].startswith(b'"')
                    found.add(key, (row.start("flag") + quoted, row.end("flag") - quoted, number, at))
            else:
                following = row_at(data, at, width).next
            number += data.count(b"\n", at, following) or 1
            at = following
            quote = _find_quote(data, at)
            lines.seek(at)
            continue
        cells = line.split(b",", key_at + 1)
        if len(cells) > key_at:
            key = cells[key_at].rstrip(b"\r\n") if key_is_last else cells[key_at]
            if key in wanted and line.count(b",") == commas:
                start = len(line.rsplit(b",", after_flag)[0]) + 1 if flag_at else 0
                end = line.find(b",", start)
                if end < 0:
                    end = len(line.rstrip(b"\r\n"))
                found.add(key, (at + start, at + end, number, at))
        at = following
        number += 1
    return found


def find_flags_slowly(data: bytes, head: Head, flag_at: int, wanted: Container[bytes]) -> Places:
    """Return what `find_flags` does, for any file at all."""
    found = Places()
    at, number = head.body, head.line
    while at < len(data):
        row = row_at(data, at, len(head.names))
        if not row.fault and row.cells and (key := _as_encoded(data, head, row)) in wanted:
            found.add(key, (*row.cells[flag_at], number, at))
        number += data.count(b"\n", at, row.next) or 1
        at = row.next
    return found


def _as_encoded(data: bytes, head: Head, row: Row) -> bytes:
    """Return a row's key in the bytes that encoding it gives: some codecs have several for one character."""
    key = cell_bytes(data, row.cells[head.key_at])
    return key if key.isascii() else key.decode(head.codec, "replace").encode(head.codec, "backslashreplace")


def _whole_row(width: int, key_at: int, flag_at: int) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Return what matches a row of the right shape; `row_at` finds out about all others."""
    cells = [CELL] * width
    cells[key_at] = b"(?P<key>%b)" % CELL
    cells[flag_at] = b"(?P<flag>%b)" % CELL
    return re.compile(b"%b(?:%b)" % (b",".join(cells), LINE_END)).match


def _unquoted(cell: bytes) -> bytes:
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


def _find_quote(data: bytes, at: int) -> int:
    quote = data.find(b'"', at)
    return quote if quote >= 0 else len(data)
