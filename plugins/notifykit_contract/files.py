"""Reading a file whole, and saying in words why a file could not be read or written."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from notifykit.errors import CampaignError

TRIES = 5
"""How often a file that keeps changing while it is read or written is tried in one pass."""

TICK = 100_000_000
"""Nanoseconds: twice what the coarsest clocks of machines stand still."""

_WORDS = {
    errno.ENOENT: "there is no such file; put it back, or correct the path",
    errno.ENOTDIR: "a part of the path is not a folder; correct the path",
    errno.EISDIR: "it is a folder; name the CSV file",
    errno.ELOOP: "its symbolic links lead nowhere but to themselves; correct the link",
    errno.EROFS: "its file system is read-only; mount it writable",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EFBIG: "it may not grow to the size needed; lift the file size limit",
}
_DENIED = (
    "permission denied; close the program that holds it open (a spreadsheet?), or let the account that "
    "notifykit runs under read and write the file and its folder"
)
_DENIALS = (errno.EACCES, errno.EPERM)


def explain(path: Path, error: OSError) -> str:
    """Return `file: what is wrong; the mend`."""
    if error.errno in _DENIALS:
        return f"{path}: {_DENIED}"
    words = _WORDS.get(error.errno or 0)
    return f"{path}: {words or f'{error.strerror or error}; mend that and run again'}"


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file as they stood at one moment.

    A program that appends meanwhile does no harm; one that rewrites the file does, so the file is then read
    again. Raises OSError, and CampaignError where it is no ordinary file or changes at every attempt.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise CampaignError(f"{path}: it is a folder or a device; name a CSV file")
    earlier: bytes | None = None
    for _ in range(TRIES):
        with path.open("rb") as file:
            before = _stamp(file.fileno())
            data = file.read()
            after = _stamp(file.fileno())
        if before == after and not _is_young(after):
            return data
        if earlier == data or (earlier and data.startswith(earlier)):
            return earlier
        earlier = data
    raise CampaignError(f"{path}: it was rewritten {TRIES} times while it was read; the next pass tries again")


def starts_with(path: Path, pieces: Iterable[bytes]) -> bool:
    """Whether a file holds these pieces, one after the other, perhaps with more after them. Raises OSError."""
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in pieces)


def _is_young(stamp: tuple[int, int]) -> bool:
    """Whether the clock of files may not have ticked since the last write: then another one would not show."""
    return abs(time.time_ns() - stamp[1]) < TICK


def _stamp(descriptor: int) -> tuple[int, int]:
    facts = os.fstat(descriptor)
    return facts.st_size, facts.st_mtime_ns
