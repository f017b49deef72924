"""Reading a file whole, and saying in words why a file could not be read or written."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from notifykit.errors import CampaignError
from notifykit.wording import Reason, Sentence
from notifykit_contract import wording

TRIES = 5
"""How often a file that keeps changing while it is read or written is tried in one pass."""

TICK = 100_000_000
"""Nanoseconds: twice what the coarsest clocks of machines stand still."""

_SENTENCES: Mapping[int, Sentence] = {
    errno.EACCES: wording.DENIED,
    errno.EPERM: wording.DENIED,
    errno.ENOENT: wording.FILE_MISSING,
    errno.ENOTDIR: wording.NOT_A_FOLDER,
    errno.EISDIR: wording.IS_A_FOLDER,
    errno.ELOOP: wording.LINK_LOOP,
    errno.EROFS: wording.READ_ONLY,
    errno.ENOSPC: wording.DISK_FULL,
    errno.EFBIG: wording.TOO_LARGE,
}


def explain(path: Path, error: OSError) -> Reason:
    """Say of a file what is wrong with it, and the mend."""
    if (sentence := _SENTENCES.get(error.errno or 0)) is not None:
        return sentence(file=str(path))
    return wording.FAULT(file=str(path), error=str(error.strerror or error))


def read_whole(path: Path) -> bytes:
    """Return the bytes of a file as they stood at one moment.

    A program that appends meanwhile does no harm; one that rewrites the file does, so the file is then read
    again. Raises OSError, and CampaignError where it is no ordinary file or changes at every attempt.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise CampaignError("it is a folder or a device", mend="name a CSV file", where=path)
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
    raise CampaignError(
        f"it was rewritten {TRIES} times while it was read", mend="the next pass tries again", where=path
    )


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
