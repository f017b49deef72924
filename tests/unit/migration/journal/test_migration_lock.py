"""One at a time, told who; and nobody is kept out by one who is dead."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from notifykit_migration.errors import MigrationLockedError, PreflightError
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.lock import holder, migration_lock
from processes import running

from notifykit.errors import ExitCode

SCRIPT = """
import sys
from pathlib import Path
from notifykit_migration.journal.folder import MigrationFolder
from notifykit_migration.journal.lock import migration_lock
with migration_lock(MigrationFolder.of(Path(sys.argv[1])), "rollback"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(project: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SCRIPT, str(project)]
    with running(command, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_another_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = MigrationFolder.of(tmp_path)
    with another_process(tmp_path) as process:
        since = time.time()
        monkeypatch.setattr(time, "time", lambda: since + 3725)
        with pytest.raises(MigrationLockedError) as caught, migration_lock(folder, "migrate"):
            pass
    said = str(caught.value)
    assert f"held by notifykit rollback (pid {process.pid} on {socket.gethostname()}, user " in said
    assert "for 1 h 2 min" in said
    assert "wait until it ends" in said
    assert caught.value.exit_code is ExitCode.LOCKED


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    folder = MigrationFolder.of(tmp_path)
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert holder(folder).exists()
        with migration_lock(folder, "migrate"):
            assert str(os.getpid()) in holder(folder).read_text()
    assert not holder(folder).exists()


def test_one_process_does_not_get_it_twice(tmp_path: Path) -> None:
    folder = MigrationFolder.of(tmp_path)
    with migration_lock(folder, "migrate"):
        with pytest.raises(MigrationLockedError, match=r"notifykit migrate \(pid"), migration_lock(folder, "retire"):
            pass
        with pytest.raises(MigrationLockedError), migration_lock(folder, "retire"):
            pass
    with migration_lock(folder, "retire"):
        pass


def test_it_ends_with_an_error(tmp_path: Path) -> None:
    folder = MigrationFolder.of(tmp_path)
    with pytest.raises(ZeroDivisionError), migration_lock(folder, "migrate"):
        raise ZeroDivisionError
    with migration_lock(folder, "migrate"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"what": 1}', "\udcff"])
def test_a_torn_name_is_no_obstacle(tmp_path: Path, text: str) -> None:
    folder = MigrationFolder.of(tmp_path)
    with migration_lock(folder, "migrate"):
        holder(folder).write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(MigrationLockedError, match="held by another notifykit"), migration_lock(folder, "retire"):
            pass


@pytest.mark.parametrize(("seconds", "text"), [(3, "for 3 s"), (125, "for 2 min 5 s"), (-50, "for 0 s")])
def test_how_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, text: str) -> None:
    folder = MigrationFolder.of(tmp_path)
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    with migration_lock(folder, "migrate"):
        monkeypatch.setattr(time, "time", lambda: 1000.0 + seconds)
        with pytest.raises(MigrationLockedError, match=text), migration_lock(folder, "retire"):
            pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_may_look(tmp_path: Path) -> None:
    folder = MigrationFolder.of(tmp_path)
    with migration_lock(folder, "migrate"):
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.lock.stat().st_mode) == 0o600


def test_a_project_that_is_not_there(tmp_path: Path) -> None:
    folder = MigrationFolder.of(tmp_path / "missing")
    with pytest.raises(PreflightError, match="nothing was changed"), migration_lock(folder, "migrate"):
        pass
