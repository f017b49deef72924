"""Writes flags in place: for words of the same length in bytes.

Nothing but the bytes of the flags is written, so rows that another program appends meanwhile cannot be lost. A program
that truncates and rewrites the file could put another row where a flag is about to be written: where the system can, it
waits at the door until the flags are written. Everywhere the rows are read and compared just before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from notifykit.durable import kept_from_others, sync
from notifykit_contract.rows import row_at
from notifykit_contract.scan import Place

STRETCH = 16 * 1024
"""Bytes between the flags that are compared at once, at most, beside the margins."""

MARGIN = 512
"""Bytes that are compared before and after the rows of these flags: rows that moved are noticed sooner."""

WAIT = 0.1
"""Seconds to wait for programs that have the file open to close it. With those that do not, flags are compared and
written one by one."""


def patch(path: Path, data: bytes, places: Sequence[Place], word: bytes) -> None:
    """Write a word over each of the cells, as far as the file still is what was read.

    Whole rows are compared, for a flag tells nothing of whose it is. Stops where one is not as it was: the caller reads
    again and sees what was done. Raises OSError.
    """
    with path.open("r+b", buffering=0) as file:
        descriptor = file.fileno()
        with kept_from_others(descriptor, WAIT, readers_too=True) as others:
            written = 0
            for cells in _stretches(places, STRETCH if others.held else 0):
                start = max(written, cells[0][3] - MARGIN)
                end = min(len(data), row_at(data, cells[-1][3]).next + MARGIN)
                if read_at(descriptor, end - start, start) != data[start:end]:
                    break
                for cell in cells:
                    write_at(descriptor, word, cell[0])
                written = cells[-1][1]
        sync(descriptor)


def _stretches(places: Sequence[Place], longest: int) -> Iterator[list[Place]]:
    cells: list[Place] = []
    for place in places:
        if cells and place[1] - cells[0][0] > longest:
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
