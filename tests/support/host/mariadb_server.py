"""A MariaDB server of the tests' own: made in a folder, reached by a socket in it, gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

PATIENCE = 60.0
"""Seconds in which a server begins to answer: machines are busy."""

SMALL = (
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-use-native-aio=0",
    "--performance-schema=OFF",
    "--skip-networking",
)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")


@contextmanager
def mariadb() -> Iterator[str]:
    """Make a server, and start it. Returns the address of a database in it, as SQLAlchemy takes it."""
    install, run = _program("mariadb-install-db"), _program("mariadbd")
    if install is None or run is None:
        assert not os.environ.get("CI"), "MariaDB is not installed"
        pytest.skip("MariaDB is not installed: `apt-get install mariadb-server-core`")
    with tempfile.TemporaryDirectory(prefix="nk-my-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        user = ["--user=root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        own = ["--no-defaults", f"--datadir={folder / 'data'}", *user]
        made = subprocess.run(
            [install, *own, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=False, capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        socket = folder / "s"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([run, *own, *SMALL, f"--socket={socket}"], stdout=log, stderr=log)
        try:
            _wait(socket, server, folder / "log")
            yield f"mysql://root@/shop?unix_socket={socket}&charset=utf8mb4"
        finally:
            server.kill()
            server.wait()


def _wait(socket: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        while not socket.exists() and server.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        try:
            with pymysql.connect(unix_socket=str(socket), user="root") as db, db.cursor() as cursor:
                cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
                return
        except pymysql.OperationalError:
            assert server.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)
