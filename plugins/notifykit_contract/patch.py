"""Writes flags in place: for words of the same length in bytes.

Nothing but the bytes of the flags is written, so rows that another program appends meanwhile cannot be lost. No
lock keeps a program away that truncates and rewrites the file, so every stretch of the file is read and compared
just before its flags are written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from notifykit.durable import sync
from notifykit_contract.scan import Place

STRETCH = 16 * 1024
"""Bytes that are compared at once, at most, beside the margins."""

MARGIN = 512
"""Bytes around the flags that are compared with them: a single letter would be found in any file."""


def patch(path: Path, data: bytes, places: Sequence[Place], word: bytes) -> None:
    """Write a word over each of the cells, as far as the file still is what was read.

    Stops where it is not: the caller reads again and sees what was done. Raises OSError.
    """
    with path.open("r+b", buffering=0) as file:
        descriptor = file.fileno()
        written = 0
        for cells in _stretches(places):
            start = max(written, cells[0][0] - MARGIN)
            end = min(len(data), cells[-1][1] + MARGIN)
            if read_at(descriptor, end - start, start) != data[start:end]:
                break
            for at, *_ in cells:
                write_at(descriptor, word, at)
            written = cells[-1][1]
        sync(descriptor)


def _stretches(places: Sequence[Place]) -> Iterator[list[Place]]:
    cells: list[Place] = []
    for place in places:
        if cells and place[1] - cells[0][0] > STRETCH:
            yield cells
            cells = []
        cells.append(place)
    yield cells


def seek_and_read(descriptor: int, size: int, at: int) -> bytes:
    """Read where there is no `os.pread` (Windows)."""
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, size)


def seek_and_write(descriptor: int, data: bytes, at: int) -> int:
    """Write where there is no `os.pwrite` (Windows)."""
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.write(descriptor, data)


read_at = getattr(os, "pread", seek_and_read)
write_at = getattr(os, "pwrite", seek_and_write)
