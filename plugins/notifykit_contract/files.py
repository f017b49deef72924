"""Reading a file whole, and saying in words why a file could not be read or written."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from notifykit.errors import CampaignError
from notifykit.wording import Reason, Sentence
from notifykit.wording.translation import gettext
from notifykit_contract import wording

TRIES = 5
"""How often a file that keeps changing while it is read or written is tried in one pass."""

PIECE = 1 << 18
"""Bytes that are compared at once: what was just read is then still near the processor."""

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

    A program that appends meanwhile does no harm; one that rewrites the file does, so every reading is compared with a
    second one. Size and time would not do: the clock of files may stand still between two writes, for 2 s on some
    disks. Raises OSError, and CampaignError where it is no ordinary file or changes at every attempt.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise CampaignError(gettext("it is a folder or a device"), mend=gettext("name a CSV file"), where=path)
    for _ in range(TRIES):
        data = path.read_bytes()
        with path.open("rb") as file:
            if goes_on(file, in_pieces(data)) and (data or not file.read(1)):
                return data
    raise CampaignError(
        gettext("it was rewritten {tries} times while it was read", tries=TRIES),
        mend=gettext("the next pass tries again"),
        where=path,
    )


def starts_with(path: Path, pieces: Iterable[bytes]) -> bool:
    """Whether a file holds these pieces, one after the other, perhaps with more after them. Raises OSError."""
    with path.open("rb") as file:
        return goes_on(file, pieces)


def goes_on(file: BinaryIO | FileIO, pieces: Iterable[bytes | memoryview]) -> bool:
    """Whether a file holds these pieces from where it stands. It then stands behind them. Raises OSError."""
    # Bytes and a view would be compared byte by byte.
    return all(file.read(len(piece)) == bytes(piece) for piece in pieces)


def in_pieces(data: bytes) -> Iterator[memoryview]:
    """Yield the content in pieces, without copying it."""
    view = memoryview(data)
    return (view[at : at + PIECE] for at in range(0, len(data), PIECE))
