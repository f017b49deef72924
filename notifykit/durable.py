"""Files and folders that are on disk, under their name and whole, before anybody relies on them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["copy_new", "make_folder", "mend", "patiently", "sync_file", "sync_folder", "write_new"]

CHUNK = 1 << 20

PATIENCE = 2.5
"""Seconds for which a file that another program holds open is tried again: only Windows refuses, and virus scanners
let go within that time."""
_PAUSE = 0.1

_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)


def sync_folder(folder: Path) -> None:
    """Bring names in a folder to disk. Windows does so by itself, and cannot be asked."""
    if os.name != "nt":
        _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Bring a file's content, mode and times to disk."""
    _sync(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


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
        file.flush()
        os.fsync(file.fileno())


def copy_new(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file to one that only its owner may read. Returns sha256 and size of what was written.

    The folder is not synced. Raises OSError; the target is then of no use.
    """
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
