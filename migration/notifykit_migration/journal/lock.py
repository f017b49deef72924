"""One migration, retirement or rollback at a time in a project."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from notifykit.durable import make_folder, mend, write_new
from notifykit.durable.ordinary import read_ordinary
from notifykit.wording.translation import gettext
from notifykit_migration.errors import MigrationLockedError, PreflightError
from notifykit_migration.journal.account import account
from notifykit_migration.journal.folder import MigrationFolder


@contextmanager
def migration_lock(folder: MigrationFolder, what: str) -> Iterator[None]:
    """Hold the project's lock; `what` is the command that does. Makes the folder.

    The system's lock, which ends with the process that has it, however that ends: a file that is left is no lock.
    Raises MigrationLockedError where another process has it, and PreflightError where it cannot be made.
    """
    try:
        make_folder(folder.path)
        lock = FileLock(folder.lock, timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        raise MigrationLockedError(_refusal(folder)) from None
    except OSError as error:
        raise PreflightError(
            gettext("cannot be made {mend}; nothing was changed", mend=mend(error)), where=folder.lock
        ) from error
    try:
        _sign(folder, what)
        yield
    finally:
        # The name goes before the lock is released: after that the file may be the next holder's.
        with contextlib.suppress(OSError):
            holder(folder).unlink()
        lock.release()


def holder(folder: MigrationFolder) -> Path:
    """Return the file that says who has the lock. It may be left by one that was killed."""
    return folder.lock.with_name("lock.json")


def _sign(folder: MigrationFolder, what: str) -> None:
    """Say who has the lock. Only for people: where it fails, the lock is held all the same."""
    about = {"what": what, "pid": os.getpid(), "host": socket.gethostname(), "who": account(), "since": time.time()}
    path = holder(folder)
    fresh = path.with_suffix(".fresh")
    with contextlib.suppress(OSError):
        fresh.unlink(missing_ok=True)
        write_new(fresh, json.dumps(about).encode())
        fresh.replace(path)


def _refusal(folder: MigrationFolder) -> str:
    try:
        about = json.loads(read_ordinary(holder(folder), None))
        age = _duration(max(0.0, time.time() - about["since"]))
        who = gettext(
            "notifykit {what} (pid {pid} on {host}, user {user}, for {age})",
            what=about["what"],
            pid=about["pid"],
            host=about["host"],
            user=about["who"],
            age=age,
        )
    except (OSError, ValueError, LookupError, TypeError):
        who = gettext("another notifykit")  # it has just begun
    return gettext("{lock}: held by {who}; wait until it ends: the lock ends with it", lock=folder.lock, who=who)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return gettext("{hours} h {minutes} min", hours=hours, minutes=minutes)
    if minutes:
        return gettext("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return gettext("{seconds} s", seconds=rest)
