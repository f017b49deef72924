"""One run of `notifykit demo` for all tests that look at what it told and left, in whichever process they run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

PAGE = Path(__file__).parents[3] / "docs" / "demo.md"

TIMEOUT = 560
"""Seconds. It takes about forty; a machine that has far more to do than it can has needed 280."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDemo:
    """A demonstration that is over."""

    folder: Path
    returncode: int
    stdout: str
    stderr: str

    @property
    def acts(self) -> list[str]:
        """What was told of each act, its heading first; the last lines belong to the last act."""
        return acts_of(self.stdout)


def told_demo(shared: Path) -> ToldDemo:
    """Run it in a folder that is shared with other processes, or return what it told when one of them ran it."""
    kept = shared / "demo.json"
    with FileLock(shared / "demo.lock"):
        if not kept.exists():
            done = notifykit("demo", cwd=shared)
            kept.write_text(json.dumps([done.returncode, done.stdout, done.stderr]), encoding="utf-8")
    returncode, stdout, stderr = json.loads(kept.read_text(encoding="utf-8"))
    return ToldDemo(folder=shared / "notifykit-demo", returncode=returncode, stdout=stdout, stderr=stderr)


def notifykit(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # A narrow terminal folds what is told; that the tests run in one says nothing.
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "notifykit", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env=environment | {"PYTHONIOENCODING": "utf-8"},
        timeout=TIMEOUT,
        check=False,
    )


def acts_of(shown: str) -> list[str]:
    return re.split(r"^(?===== )", shown, flags=re.MULTILINE)[1:]


def shown_acts() -> list[str]:
    """The acts as docs/demo.md shows them."""
    return acts_of(PAGE.read_text("utf-8"))


def outline(shown: str) -> list[str]:
    """The chapters and the commands, without the numbers that differ from run to run."""
    lines = re.findall(r"^==+ .+|^  \$ (?:notifykit|python) .+|^PROVED.+", shown, re.MULTILINE)
    return [re.sub(r"resolve [\d ]+", "resolve … ", line) for line in lines]
