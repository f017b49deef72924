"""What the figures were measured on, without names of hosts, people or folders."""

from __future__ import annotations

import os
import platform
import sqlite3
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def facts(folder: Path) -> dict[str, str | int | float | None]:
    """Describe the interpreter, SQLite, the cores, the libraries, and what one commit at FULL costs here."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "commit_full_us": round(_commit_seconds(folder) * 1e6, 1),
        "notifykit": _version("notifykit-outbox"),
        "huey": _version("huey"),
        "litequeue": _version("litequeue"),
        "persist-queue": _version("persist-queue"),
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _commit_seconds(folder: Path, count: int = 300) -> float:
    """Seconds for one small commit in WAL at FULL: the floor under everything durable that is measured."""
    with tempfile.TemporaryDirectory(dir=folder) as room:
        connection = sqlite3.connect(Path(room) / "commit.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
        start = time.perf_counter()
        for _ in range(count):
            connection.execute("INSERT INTO t (text) VALUES ('x')")
        seconds = (time.perf_counter() - start) / count
        connection.close()
    return seconds
