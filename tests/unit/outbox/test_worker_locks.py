"""A worker's lock tells that it has ended, and never that of one that lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import FileLock
from processes import running

from notifykit.outbox.sqlite import worker_locks
from notifykit.outbox.sqlite.worker_locks import WorkerLocks

HOLDING = """
import sys
from pathlib import Path
from notifykit.outbox.sqlite.worker_locks import WorkerLocks
with WorkerLocks(Path(sys.argv[1])).held(sys.argv[2], set):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def locks(tmp_path: Path) -> WorkerLocks:
    return WorkerLocks.beside(tmp_path / "outbox.db")


@contextmanager
def worker(locks: WorkerLocks, name: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDING, str(locks.folder), name]
    with running(command, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_name_that_no_worker_has_proves_nothing(locks: WorkerLocks) -> None:
    assert not any(locks.died(name) for name in ("", ".", "x" * 5000, "\x00"))


def test_a_killed_worker_has_ended_and_a_stopped_one_has_not(locks: WorkerLocks) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows stops no process")
    with worker(locks, "host:1:ab") as process:
        assert locks.died("host:1:ab") is False
        os.kill(process.pid, signal.SIGSTOP)
        assert locks.died("host:1:ab") is False
        process.kill()
        process.wait()
        assert locks.died("host:1:ab") is True
        assert locks.died("host:1:ab") is True, "it stays proven"


def test_a_worker_that_left_nothing_behind_leaves_no_file(locks: WorkerLocks) -> None:
    with locks.held("me", set):
        assert locks.died("me") is False
    assert not locks.folder.exists()
    assert locks.died("me") is False, "there is no proof, and nothing to prove"


def test_a_worker_that_left_claims_behind_leaves_its_proof(locks: WorkerLocks) -> None:
    with locks.held("me", lambda: {"me"}):
        pass
    assert locks.died("me") is True
    with locks.held("you", lambda: {"me"}):
        assert locks.died("me") is True
    with locks.held("you", set):
        assert locks.died("me") is False, "its claims are settled, so the next one takes the file away"


def test_a_worker_that_begins_while_another_tidies_up_is_locked(locks: WorkerLocks) -> None:
    """The other sees a file that nobody has locked yet, and takes it for one that a dead worker left."""
    locks.folder.mkdir()
    file = locks.folder / "me"
    tidying = FileLock(file, thread_local=False, preserve_lock_file=True)
    tidying.acquire()

    def remove() -> None:
        with suppress(PermissionError):  # Windows keeps what is open
            file.unlink()
        tidying.release()

    timer = threading.Timer(0.05, remove)
    timer.start()
    with locks.held("me", lambda: {"me"}):
        timer.join()
        assert file.exists()
        assert locks.died("me") is False
    assert locks.died("me") is True


def test_where_locks_do_not_hold_nothing_is_proven(locks: WorkerLocks, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network file system that lets everybody have the lock."""
    monkeypatch.setattr(worker_locks, "_is_held", lambda _file: False)
    with locks.held("me", lambda: {"me"}):
        assert list(locks.folder.iterdir()) == []
    assert locks.died("me") is False


def test_where_the_folder_cannot_be_made_the_worker_goes_on(tmp_path: Path) -> None:
    (tmp_path / "outbox.db-workers").write_text("in the way")
    locks = WorkerLocks.beside(tmp_path / "outbox.db")
    with locks.held("me", set):
        assert locks.died("me") is False


def test_a_link_under_its_name_is_not_followed(locks: WorkerLocks, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep")
    locks.folder.mkdir()
    (locks.folder / "me").symlink_to(precious)
    with locks.held("me", set):
        pass
    assert precious.read_text() == "keep"
