"""A PostgreSQL server of the tests' own: made for the process that asks first, reached by a socket, gone at its end."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from system import SUPERUSER

SERVER = "NOTIFYKIT_TEST_POSTGRES"
"""The variable with the address of the server: of one that a person has, or of the one that was made."""

NOBODY = 65534
"""The account of the server where the tests run as root, which PostgreSQL refuses."""

QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""Tests pull no plug. Those that count on a disk say so."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server in a folder of its own."""

    folder: Path
    binaries: Path

    @property
    def address(self) -> str:
        """By which it is reached."""
        return f"postgresql://notifykit@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate`ly as by a crash, or `fast` as by a person."""
        self._control("stop", "-w", "-m", how)

    def restart(self, how: str = "immediate") -> None:
        """Stop it, and start it again."""
        self.stop(how)
        self.start()

    def _control(self, *what: str) -> None:
        self.run("pg_ctl", "-s", "-D", str(self.folder / "data"), *what)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs, as its account."""
        command = [str(self.binaries / program), *arguments]
        if SUPERUSER:
            command = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *command]
        done = subprocess.run(
            command, check=False, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def binaries() -> Path | None:
    """Return the folder with the server's programs; None where it is not installed."""
    if sys.platform == "win32":
        return None
    there = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("initdb")
    return next((path for path in there if (path / "initdb").exists()), Path(on_path).parent if on_path else None)


@contextmanager
def cluster(settings: Sequence[str] = QUICK) -> Iterator[Cluster]:
    """Make a server, and start it. Skips the test where PostgreSQL is not installed, but never in CI."""
    found = binaries()
    if found is None:
        assert not os.environ.get("CI"), "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed: `apt-get install postgresql`")
    folder = Path(tempfile.mkdtemp(prefix="nk-pg-", dir="/tmp"))  # a socket's path may have 107 bytes only
    made = Cluster(folder, found)
    try:
        if SUPERUSER:
            shutil.chown(folder, NOBODY, NOBODY)
        made.run(
            "initdb", "-D", str(folder / "data"), "-U", "notifykit", "-A", "trust", "-E", "UTF8", "--no-sync", "-N"
        )
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in (*settings, "max_connections=60", "shared_buffers=64MB"))
        made.start()
        try:
            yield made
        finally:
            with suppress(AssertionError):  # a test has stopped it
                made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """Have a server in this process and in those that it starts; returns its address."""
    if address := os.environ.get(SERVER):
        yield address
        return
    with cluster() as made:
        os.environ[SERVER] = made.address
        try:
            yield made.address
        finally:
            del os.environ[SERVER]


def schema_of(folder: Path) -> str:
    """Return the name of a schema for a test's folder: each has one of its own."""
    return f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"


def folder_of(address: str) -> Path:
    """Return the folder of the server's socket."""
    return Path(address.partition("host=")[2])
