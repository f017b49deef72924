"""Files and folders that are on disk, under their name and whole, before anybody relies on them.

What differs between systems is in here, and nowhere else: docs/architecture.md, 'Platforms', has the table.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from notifykit.durable.ordinary import refuse_others
from notifykit.wording.translation import gettext

if sys.platform == "linux":
    import fcntl

__all__ = [
    "OPEN_FILES_CAN_BE_REPLACED",
    "Hold",
    "copy_alike",
    "copy_new",
    "exchange",
    "has_writer",
    "keep_owner_and_mode",
    "kept_from_others",
    "make_folder",
    "mend",
    "new_file",
    "patiently",
    "replace",
    "replace_if",
    "sync",
    "sync_file",
    "sync_folder",
    "write_all",
    "write_for_owner",
    "write_new",
]

OPEN_FILES_CAN_BE_REPLACED = sys.platform != "win32"
"""Whether a file may take the place of one that this process, or another, has open."""

CHUNK = 1 << 20

PATIENCE = 2.5
"""Seconds for which a file that another program holds open is tried again: only Windows refuses, and virus scanners
let go within that time."""
_PAUSE = 0.1
_LOOK = 0.001
"""Seconds between two looks whether another program has let go of a file."""

_EXCHANGE = 2
"""RENAME_EXCHANGE: renameat2(2)."""
_AT_FDCWD = -100
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)

_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)


def sync_folder(folder: Path) -> None:
    """Bring names in a folder to disk. Windows does so by itself, and cannot be asked."""
    if sys.platform != "win32":
        _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Bring a file's content, mode and times to disk."""
    _sync(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)


def sync(file: int | IO[bytes] | FileIO) -> None:
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


def exchange(one: Path, other: Path) -> bool:
    """Let two files have each other's names, at one moment. The folder is not synced. Raises OSError.

    False where the system or the file system cannot do it: both are as before. Linux can, on its own file systems.
    """
    if sys.platform != "linux":
        return False
    import ctypes  # takes longer to load than all of this module, and few need it

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    if (number := ctypes.get_errno()) in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def replace_if(fresh: Path, target: Path, is_known: Callable[[Path], bool]) -> bool:
    """Let a file that is on disk take the name of another, for good, if that one still is what is known of it.

    `is_known` looks at the file of a name. Where names can be exchanged, it is asked again of the very file that lost
    its name, so nothing that another program saves under it is lost: that gets the name back. After True the file that
    was replaced has the name `fresh` there, and is gone elsewhere. After False the target is what others made it.
    Raises OSError.
    """
    if not is_known(target):
        return False
    placed = fresh.stat()
    if not exchange(fresh, target):
        replace(fresh, target)
        return True
    known = is_known(fresh)
    if not known:
        _put_back(fresh, target, placed)
    sync_folder(target.parent)
    return known


def _put_back(fresh: Path, target: Path, placed: os.stat_result) -> None:
    """Give its name back to a file that another program saved just then; what was `placed` there is in its way.

    The program may save once more before that is done: the newest file has to stay.
    """
    while True:
        out = fresh.stat()
        try:
            exchange(fresh, target)
        except FileNotFoundError:  # the other program took away what was placed
            with contextlib.suppress(FileExistsError):
                target.hardlink_to(fresh)
                fresh.unlink()
                return
            continue
        if os.path.samestat(fresh.stat(), placed):
            return
        placed = out


def has_writer(descriptor: int) -> bool:
    """Return whether a process has the file open for writing. False also where the system cannot tell.

    Linux grants a read lease only where nobody has: fcntl(2), F_SETLEASE. Who is about to open the file counts, too.
    """
    if sys.platform == "linux":
        try:
            _lease(descriptor, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        _lease(descriptor, fcntl.F_UNLCK)
    return False


class Hold(NamedTuple):
    """Whether other programs wait that open a file."""

    descriptor: int
    held: bool

    def wanted(self) -> bool:
        """Return whether one waits already."""
        if sys.platform == "linux":
            return self.held and fcntl.fcntl(self.descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK
        return False


@contextlib.contextmanager
def kept_from_others(descriptor: int, seconds: float, *, readers_too: bool) -> Iterator[Hold]:
    """Have every other program that opens this file for writing wait until the block ends: keep it short.

    Yields whether that could be brought about: not where a program has it open for writing for longer than `seconds`,
    nor where the system has no leases, as Linux has, for this file and account. With `readers_too` it is all the same
    for reading; the file is then open for reading and writing here, else for reading only. The kernel ends a lease that
    others have waited for, after 45 s as a rule: a process that is stopped in the block can lose it.
    """
    held = False
    until = time.monotonic() + seconds
    if sys.platform == "linux":
        while not held:
            try:
                _lease(descriptor, fcntl.F_WRLCK if readers_too else fcntl.F_RDLCK)
                held = True
            except OSError as error:
                if error.errno != errno.EAGAIN or time.monotonic() > until:
                    break
                time.sleep(_LOOK)
    try:
        yield Hold(descriptor, held)
    finally:
        if sys.platform == "linux":
            if held:
                _lease(descriptor, fcntl.F_UNLCK)


def _lease(descriptor: int, kind: int) -> None:
    """Take or give back a lease.

    The kernel tells of those who wait by SIGIO, which would end the process: hence SIGURG, which does nothing.
    """
    if sys.platform == "linux":
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, kind)


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


def new_file(path: Path) -> BinaryIO:
    """Create a file that only its owner may read, whatever the umask, and open it. Raises FileExistsError.

    What is to have the owner and mode of another gets them by `keep_owner_and_mode` when it is written: so it is never
    readable by more accounts than that one.
    """
    return os.fdopen(_opened(path), "wb")


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read. The folder is not synced. Raises FileExistsError."""
    with new_file(path) as file:
        file.write(data)
        sync(file)


def write_for_owner(path: Path, data: bytes) -> None:
    """Write a file under a name that a person chose. Only its owner may read it, whoever might read the one before.

    Nothing is left of a failure, which raises OSError. What is no plain file, such as /dev/stdout, is written to.
    """
    if path.exists() and not path.is_file():  # asked before it is resolved: /dev/stdout may lead to no name
        path.write_bytes(data)
        return
    real = Path(os.path.realpath(path))
    fresh = real.with_name(f".{real.name}.notifykit.new")
    fresh.unlink(missing_ok=True)
    try:
        write_new(fresh, data)
        replace(fresh, real)
    finally:
        fresh.unlink(missing_ok=True)


def copy_alike(source: Path, target: Path) -> None:
    """Copy a file to one with the same owner and mode, never readable by more accounts than it.

    The folder is not synced. Raises OSError; the target is then of no use.
    """
    facts = source.stat()
    copy_new(source, target)
    keep_owner_and_mode(target, facts)


def copy_new(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file to one that only its owner may read. Returns sha256 and size of what was written.

    The folder is not synced. Raises OSError, also where the source is no ordinary file; the target is then of no use.
    """
    import hashlib  # OpenSSL is loaded with it, and most commands copy nothing

    refuse_others(source)
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
        return gettext("({why}): make room", why=why)
    if getattr(error, "winerror", None) is not None and isinstance(error, PermissionError):
        return gettext("({why}): close it in the program that has it open, a spreadsheet perhaps", why=why)
    if error.errno in _RIGHTS:
        return gettext("({why}): check owner and mode of it and of its folder", why=why)
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno == errno.EINVAL:
        return gettext("({why}): check its path", why=why)
    return gettext("({why}): see the system's log", why=why)
