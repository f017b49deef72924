"""A folder on a small disk of its own, so that full is really full."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from system import SUPERUSER


@contextmanager
def small_disk(folder: Path, megabytes: int = 4) -> Iterator[Path]:
    """Mount a tmpfs there. Skips the test where that is not possible, but never in CI."""
    mount = shutil.which("mount")
    if sys.platform != "linux" or not SUPERUSER or mount is None:
        assert not os.environ.get("CI"), "mounting a small disk needs root on Linux"
        pytest.skip("mounting a small disk needs root on Linux")
    folder.mkdir(exist_ok=True)
    command = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        # Lazily: a test that failed may have left a process that holds the disk.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
