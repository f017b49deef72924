"""Writes flags into a copy that takes the file's place: for words of different length in bytes.

The copy is complete and on disk before it gets the name, and gets it only if the original is what was read, or that
and more. A program that opened the original before, and appends to it after, appends to a file without a name: so the
original stays open here until nobody can write to it any more, and what came is taken along.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import BinaryIO

from notifykit.durable import OPEN_FILES_CAN_BE_REPLACED, keep_owner_and_mode, replace, sync
from notifykit.wording import Reason
from notifykit_contract import wording

if sys.platform == "linux":
    import fcntl

PAUSE = 0.01
WAIT_BEFORE = 0.5
"""Seconds to wait for a program that has the file open for writing, before it is replaced."""
WAIT_AFTER = 10.0
"""The same for one that opened it just then. What it writes later than that is lost."""


class CannotReplaceError(Exception):
    """A copy would not be the same file to others. The reason says why, and the mend."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.text)
        self.reason = reason


def swap(path: Path, data: bytes, content: bytes) -> None:
    """Replace the file by one with other content, and with what was appended to it since it was read.

    Does nothing where it was changed otherwise: the caller reads again. Raises OSError and CannotReplaceError; the
    file is then as it was.
    """
    copy = path.with_name(f".{path.name}.notifykit.tmp")
    with path.open("rb") as original:
        facts = _replaceable(path, original)
        copy.unlink(missing_ok=True)  # left by a process that was killed: only the holder of the lock comes here
        try:
            with copy.open("xb") as file:
                file.write(content)
                file.flush()
                _keep_owner(copy, path, facts)
                shutil.copystat(path, copy)
                os.utime(file.fileno() if os.utime in os.supports_fd else copy)
                sync(file)
                if original.read(len(data)) != data or not os.path.samestat(path.stat(), facts):
                    return
                _take_along(original, file)
            if not OPEN_FILES_CAN_BE_REPLACED:
                original.close()
            replace(copy, path)
        finally:
            copy.unlink(missing_ok=True)
        if not original.closed:
            _rests(original, WAIT_AFTER)
            with path.open("ab") as file:
                _take_along(original, file)


def _replaceable(path: Path, original: BinaryIO) -> os.stat_result:
    facts = os.fstat(original.fileno())
    if facts.st_nlink > 1:
        raise CannotReplaceError(wording.HARD_LINKS(file=str(path), names=facts.st_nlink))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if not _rests(original, WAIT_BEFORE):
        raise CannotReplaceError(wording.OPEN_FOR_WRITING(file=str(path)))
    return facts


def _take_along(original: BinaryIO, file: BinaryIO) -> None:
    """Append to a file what the original has beyond what was read of it."""
    while late := original.read():
        file.write(late)
        sync(file)


def _keep_owner(copy: Path, path: Path, facts: os.stat_result) -> None:
    try:
        keep_owner_and_mode(copy, facts)
    except PermissionError as error:
        raise CannotReplaceError(wording.OTHER_OWNER(file=str(path), user=facts.st_uid, group=facts.st_gid)) from error


def _rests(file: BinaryIO, seconds: float) -> bool:
    """Wait until no process has the file open for writing. False where one keeps it open."""
    for _ in range(int(seconds / PAUSE)):
        if not has_writer(file.fileno()):
            return True
        time.sleep(PAUSE)
    return False


def has_writer(descriptor: int) -> bool:
    """Return whether a process has the file open for writing. False also where the system cannot tell.

    Linux grants a read lease only where nobody has: fcntl(2), F_SETLEASE. Should one come while we hold the
    lease, the kernel has it wait and tells us by SIGIO, which would end the process: hence SIGURG, which does
    nothing.
    """
    if sys.platform == "linux":
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
