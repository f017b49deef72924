"""Processes that a test starts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(command: Sequence[str], **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process whose output can be read, and that ends with the block: after a failure nobody tells it to stop."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", **how) as process:
        try:
            yield process
        finally:
            process.kill()
