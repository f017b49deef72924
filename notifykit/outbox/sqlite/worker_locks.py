"""Proof that a worker's process has ended: an OS lock that died with it.

Each worker holds a lock on a file of its own in a folder beside the store. The system releases it when the process
ends, however it ends; a stopped or suspended process keeps it. Worker names are never used twice, so a file whose lock
can be taken proves that its worker is gone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

_LONGEST = 200
"""Letters of a file's name: no file system takes many more, and another program may have written any worker."""

_TRIES = 5
_PATIENCE = 1.0
"""Seconds to wait for another worker, which holds a file that nobody seems to have for the moment of removing it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerLocks:
    """The locks of all workers of one store."""

    folder: Path

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return those of the store in this file."""
        return cls(store.with_name(f"{store.name}-workers"))

    @contextmanager
    def held(self, worker: str, busy: Callable[[], Collection[str]]) -> Iterator[None]:
        """Hold a worker's lock. The file of a worker stays for as long as `busy` names it: as having claims.

        Where the system has no locks, or the folder cannot be written, nothing is held and nothing can be proven.
        """
        file = self._file(worker)
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._tidy({self._file(name) for name in busy()})
            lock = _locked(file)
        except (OSError, NotImplementedError) as error:
            log.info("%s cannot be locked (%s): a kill is noticed by the heartbeat alone", file, error)
            yield
            return
        if lock is None:
            _remove(file)
            yield
            return
        try:
            yield
        finally:
            lock.release()
            if worker not in busy():
                _remove(file)
            with suppress(OSError):
                self.folder.rmdir()

    def died(self, worker: str) -> bool:
        """Whether the worker's file is there and nobody holds its lock."""
        file = self._file(worker)
        return file.exists() and not _is_held(file)

    def _tidy(self, busy: Collection[Path]) -> None:
        for file in self.folder.iterdir():
            if file not in busy and not _is_held(file):
                _remove(file)

    def _file(self, worker: str) -> Path:
        return self.folder / re.sub(r"[^A-Za-z0-9._-]", "_", worker)[-_LONGEST:]


def _locked(file: Path) -> FileLock | None:
    """Lock a new worker's file; None where the file system lets everybody have the lock, which would prove the death
    of the living. Another worker may remove the file before it is locked: then it is made again."""
    for _ in range(_TRIES):
        lock = FileLock(file, mode=0o600, thread_local=False, preserve_lock_file=True)
        lock.acquire(timeout=_PATIENCE)
        if _is_held(file):
            return lock
        lock.release()
    return None


def _is_held(file: Path) -> bool:
    """Whether somebody holds the lock; True also where that cannot be told."""
    lock = FileLock(file, mode=0o600, thread_local=False, preserve_lock_file=True)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError, NotImplementedError):
        return True
    lock.release()
    return False


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()
