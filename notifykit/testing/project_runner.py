"""A project in a folder of its own, and the command line run on it: what a plugin's users would do, as a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command came to."""

    code: int
    """The exit code."""
    out: str
    """What it printed for programs and people: its results."""
    err: str
    """What it said beside them."""

    @property
    def json(self) -> Any:
        """The results as data. Raises ValueError where they are none."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class ProjectRunner:
    """Write YAML and data, run commands, look at messages.

        def test_orders(project_runner):
            project_runner.write("notifykit.yaml", PROJECT)
            project_runner.write("campaigns/orders.yaml", CAMPAIGN)
            project_runner.write("orders.csv", "id\\nA-1\\n")
            assert project_runner.run("run", "--once").code == 0
            assert [task["status"] for task in project_runner.tasks()] == ["completed"]

    Commands run in processes of their own, with the plugins that are installed where the test runs.
    """

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    """Set for the commands, beside what the test's own process has."""

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the project, and the folders above it. Common indentation of a text is taken out."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return file

    def run(self, *arguments: str, given: str = "", timeout: float = 60.0) -> Ran:
        """Run `notifykit` with these arguments in the project's folder. `given` is its input.

        Raises subprocess.TimeoutExpired after so many seconds.
        """
        done = subprocess.run(
            [sys.executable, "-m", "notifykit", *arguments],
            input=given,
            capture_output=True,
            encoding="utf-8",
            cwd=self.folder,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "NOTIFYKIT_LANG": "en", **self.environ},
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def tasks(self, *options: str) -> list[dict[str, Any]]:
        """Return what `notifykit tasks --json` lists, with these options. Raises AssertionError where it fails."""
        ran = self.run("tasks", "--json", *options)
        assert ran.code == 0, ran.err
        found: list[dict[str, Any]] = ran.json["tasks"]
        return found


@pytest.fixture
def project_runner(tmp_path: Path) -> ProjectRunner:
    """A project without a file yet, in a folder of the test's own."""
    folder = tmp_path / "project"
    folder.mkdir()
    return ProjectRunner(folder)
