"""Files and folders that are on disk, under their name and whole, before anybody relies on them.

What differs between systems is in here, and nowhere else: docs/architecture.md, 'Platforms', has the table.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

__all__ = [
    "OPEN_FILES_CAN_BE_REPLACED",
    "copy_new",
    "keep_owner_and_mode",
    "make_folder",
    "mend",
    "patiently",
    "replace",
    "sync",
    "sync_file",
    "sync_folder",
    "write_all",
    "write_new",
]

OPEN_FILES_CAN_BE_REPLACED = sys.platform != "win32"
"""Whether a file may take the place of one that this process, or another, has open."""

CHUNK = 1 << 20

PATIENCE = 2.5
"""Seconds for which a file that another program holds open is tried again: only Windows refuses, and virus scanners
let go within that time."""
_PAUSE = 0.1

_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)


def sync_folder(folder: Path) -> None:
    """Bring names in a folder to disk. Windows does so by itself, and cannot be asked."""
    if sys.platform != "win32":
        _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Bring a file's content, mode and times to disk."""
    _sync(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)


def sync(file: int | IO[bytes]) -> None:
    """Bring to disk what was written to an open file: a descriptor, or a file that was opened for bytes."""
    if isinstance(file, int):
        os.fsync(file)
    else:
        file.flush()
        os.fsync(file.fileno())


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it where the descriptor stands, and bring it to disk. Raises OSError; a part may be written then."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def replace(fresh: Path, target: Path) -> None:
    """Let a file that is on disk take the name of another in its folder, for good. Raises OSError: both are as before.

    Windows refuses that while another program holds the other open: it is tried for `PATIENCE` seconds.
    """
    patiently(lambda: fresh.replace(target))
    sync_folder(target.parent)


def keep_owner_and_mode(path: Path, like: os.stat_result) -> None:
    """Give a file the owner, the group and the mode of another. On Windows its mode is all that it has.

    Raises PermissionError where this account may not give files away.
    """
    if sys.platform != "win32":
        mine = path.stat()
        if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
            os.chown(path, like.st_uid, like.st_gid)
    path.chmod(stat.S_IMODE(like.st_mode))


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, where it is missing. Those above it must be there."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read. The folder is not synced. Raises FileExistsError."""
    with os.fdopen(_opened(path), "wb") as file:
        file.write(data)
        sync(file)


def copy_new(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file to one that only its owner may read. Returns sha256 and size of what was written.

    The folder is not synced. Raises OSError; the target is then of no use.
    """
    import hashlib  # OpenSSL is loaded with it, and most commands copy nothing

    digest = hashlib.sha256()
    size = 0
    with source.open("rb") as reading, os.fdopen(_opened(target), "wb", buffering=0) as writing:
        while chunk := reading.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[writing.write(rest) :]
        os.fsync(writing.fileno())
    return digest.hexdigest(), size


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)


def patiently(call: Callable[[], object]) -> None:
    """Do something that Windows refuses while another program holds the file. Raises its last OSError."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            call()
        except PermissionError as error:
            if getattr(error, "winerror", None) is None or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return


def mend(error: OSError) -> str:
    """Return why a file could not be written, and what to do about it."""
    why = error.strerror or str(error)
    if error.errno in _ROOM:
        return f"({why}): make room"
    if getattr(error, "winerror", None) is not None and isinstance(error, PermissionError):
        return f"({why}): close it in the program that has it open, a spreadsheet perhaps"
    if error.errno in _RIGHTS:
        return f"({why}): check owner and mode of it and of its folder"
    return f"({why}): see the system's log"
