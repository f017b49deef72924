"""A server outlives the process that it was for only until the next one is made."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import require_programs
from processes import running

from notifykit.demo.server import QUICK, server

OWNER = """
import pathlib, sys, time
from notifykit.demo.server import QUICK, server
with server(QUICK, place=pathlib.Path(sys.argv[1])) as made:
    print(made.folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def programs() -> None:
    require_programs()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name of the test's own: whoever makes a server elsewhere clears away what is left there."""
    with tempfile.TemporaryDirectory(prefix="nk-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def lives(folder: Path) -> bool:
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return f"-D {folder / 'data'}" in shown


@pytest.mark.long
def test_what_a_killed_process_left_is_cleared_away_and_what_is_used_stays(place: Path) -> None:
    owner = [sys.executable, "-c", OWNER, str(place)]
    with running(owner) as killed, running(owner) as other:
        assert killed.stdout is not None
        assert other.stdout is not None
        left, used = Path(killed.stdout.readline().strip()), Path(other.stdout.readline().strip())
        killed.kill()
        killed.wait()
        assert lives(left)
        with server(QUICK, place=place) as made:
            assert not lives(left)
            assert not left.exists()
            assert lives(used)
            assert lives(made.folder)
        assert not made.folder.exists()
    with server(QUICK, place=place):
        assert not used.exists(), "its process was killed meanwhile"
