"""Files that a person names: ordinary ones, not what is waited for or never ends."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from notifykit.wording.translation import gettext

__all__ = ["CODE", "SMALL", "Stamp", "instead_of_file", "is_there", "noting", "read_ordinary", "refuse_others", "stamp"]

Stamp = tuple[int, ...] | None
"""What `stamp` returns."""

SMALL = 4 * 1024**2
"""Bytes: more than any configuration, template or secret needs."""

CODE = 20_000_000
"""Bytes: more than any file of code that is written by hand."""


_noted: ContextVar[dict[Path, Stamp] | None] = ContextVar("noted", default=None)


def stamp(file: Path) -> Stamp:
    """Return what tells one state of a file from another; None where it cannot be looked at."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@contextmanager
def noting() -> Iterator[dict[Path, Stamp]]:
    """Note which files are read within the block, each as it was just before it was read the first time."""
    noted: dict[Path, Stamp] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def is_there(path: Path) -> bool:
    """Whether something is at a path, or may be: where this account may not look, whoever opens it says so."""
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def instead_of_file(path: Path) -> str | None:
    """Say what is there in the place of an ordinary file, such as `a folder`; None where one is there, or nothing."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None  # whoever opens it says what is wrong
    if stat.S_ISREG(mode):
        return None
    return gettext("a folder") if stat.S_ISDIR(mode) else gettext("a pipe or a device")


def refuse_others(file: Path) -> None:
    """Raise OSError where something else than an ordinary file is at a path; nothing where there is one, or nothing."""
    if (found := instead_of_file(file)) is not None:
        raise OSError(errno.EINVAL, gettext("it is {found}", found=found), str(file))


def read_ordinary(file: Path, most: int | None = SMALL) -> bytes:
    """Return what a file holds; `most`: the bytes that it may have, None without a bound.

    Raises OSError with its reason as `strerror`, also where it is no ordinary file, or holds more.
    """
    if (noted := _noted.get()) is not None:
        noted.setdefault(file.absolute(), stamp(file))
    refuse_others(file)
    with file.open("rb") as opened:
        data = opened.read(-1 if most is None else most + 1)
    if most is not None and len(data) > most:
        raise OSError(errno.EFBIG, gettext("it has more than {most:,} bytes", most=most), str(file))
    return data
