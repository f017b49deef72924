"""Processes that a test starts, and what it waits for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running(command: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process whose output can be read, and that ends with the block: after a failure nobody tells it to stop."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", **how) as process:
        try:
            yield process
        finally:
            process.kill()


def somebody_waits_for(file: Path) -> bool:
    """Return whether a program is kept waiting that opens this file, on which there is a lease. On Linux only."""
    number = file.stat().st_ino
    lines = map(str.split, Path("/proc/locks").read_text(encoding="ascii").splitlines())
    return any(line[1:3] == ["LEASE", "BREAKING"] and line[5].endswith(f":{number}") for line in lines)


def wait_until(true: Callable[[], bool], *, patience: float = 60.0, every: float = 0.1) -> None:
    """Ask every so many seconds until the answer is yes; after `patience` seconds the test has failed."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(every)
