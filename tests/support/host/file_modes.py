"""Who could read the files that a command made, from the very moment at which each was made: strace tells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

needs_strace = pytest.mark.skipif(
    sys.platform != "linux" or (shutil.which("strace") is None and "CI" not in os.environ),
    reason="strace is not installed",
)

OTHERS = 0o077
"""The bits by which group and others may do anything."""

_CALLS = "trace=openat,open,creat,chmod,fchmod,fchmodat,unlink,unlinkat"
_made = re.compile(r"\b(?:openat|open|creat)\(.*\bO_CREAT\b(.*), 0([0-7]+)\) = \d+<(.*)>$")
_changed = re.compile(r"\b(?:chmod|fchmod|fchmodat)\((.*), 0([0-7]+)(?:, \w+)?\)")
_gone = re.compile(r'\bunlink(?:at)?\(.*"([^"]+)"')


def too_open(
    folder: Path, command: Sequence[str], log: Path, *, umask: int, wanted: int, codes: Sequence[int]
) -> list[str]:
    """Run a command in a folder; return the moments at which a file there was open to more accounts than it may be.

    What takes the place of a file, or stands beside a database, may have its mode, `wanted`; anything else is its
    owner's. Lock files hold nothing.
    """
    there = {str(path) for path in folder.rglob("*")}
    strace = ["strace", "-f", "-qq", "-y", "-z", "-s", "4096", "-o", str(log), "-e", _CALLS, *command]
    done = subprocess.run(strace, cwd=folder, umask=umask, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode in codes, done.stdout + done.stderr
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if (made := _made.search(line)) and Path(made[3]).is_relative_to(folder):
            path = made[3].removesuffix(" (deleted)")
            is_new = "O_EXCL" in made[1] or path not in there
            there.add(path)
            allowed = wanted if path.endswith(("-wal", "-shm", "-journal")) else OTHERS if path.endswith(".lock") else 0
            if is_new and int(made[2], 8) & ~umask & OTHERS & ~allowed:
                found.append(f"made with {int(made[2], 8) & ~umask:04o}: {path}")
        elif gone := _gone.search(line):
            there.discard(str(folder / gone[1]))
        elif (
            (changed := _changed.search(line))
            and (str(folder) in changed[1] or '"/' not in changed[1])
            and int(changed[2], 8) & OTHERS & ~wanted
        ):
            found.append(f"changed to {changed[2]}: {changed[1]}")
    return found
