"""Real processes at work on one CSV file."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FLAGGER = """
import sys
from pathlib import Path
from notifykit_contract.flags import FlagColumn, write_flags
path, sent, keys = Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
flagged = write_flags(path, FlagColumn(key="id", flag="flag", unsent="N", sent=sent), keys)
print(len(flagged.done))
print(*sorted(set(flagged.refused.values())), sep="\\n")
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@pytest.fixture
def flagger() -> Callable[..., list[str]]:
    """Returns the command of a process that flags keys: `flagger(path, sent, keys, before="...")`."""

    def command(path: Path, sent: str, keys: list[str], *, before: str = "") -> list[str]:
        return [
            sys.executable,
            "-c",
            FLAGGER.replace("path, sent", f"{before}\npath, sent", 1),
            str(path),
            sent,
            ",".join(keys),
        ]

    return command


@pytest.fixture
def run() -> Callable[[list[str]], list[str]]:
    """Runs a command to its end and returns the lines that it printed."""

    def run_(command: list[str]) -> list[str]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run_
