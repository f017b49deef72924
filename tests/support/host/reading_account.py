"""Running a command as an account that may read everything, and write nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

NOBODY = "65534"


def run_as_reader(command: Sequence[str], folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run it where this account may not write to the folder and what is in it.

    root becomes another user, with the right to read alone; any other user takes its own rights away meanwhile.
    """
    if sys.platform == "win32":
        pytest.skip("one permission for all")
    run = {"capture_output": True, "text": True, "timeout": 60, "check": False, **options}
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed")
        right = "+dac_read_search"  # the interpreter may be where others cannot look
        for above in folder.parents:  # SQLite asks access(), which counts no such right
            if above.stat().st_mode & 0o077 == 0:
                above.chmod(0o711)
        become = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]
        become += ["--inh-caps", right, "--ambient-caps", right]
        return subprocess.run([*become, *command], **run)
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    try:
        for path in paths:
            path.chmod(modes[path] & 0o7555)
        return subprocess.run(command, **run)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
