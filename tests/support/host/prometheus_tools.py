"""promtool and amtool, of Prometheus and its Alertmanager."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
"""Debian's packages."""


def tool(name: str) -> str:
    """Return a tool; where it is missing, that is a failure in CI, and the test is skipped elsewhere."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"{name} is not installed"
        pytest.skip(f"{name} is not installed: apt-get install --no-install-recommends {PACKAGES[name]}")
    return found


def passes(*command: str, folder: Path | None = None, given: str | None = None) -> str:
    """Run a tool, which must find nothing wrong; returns what it says."""
    name, *arguments = command
    done = subprocess.run(
        [tool(name), *arguments], cwd=folder, input=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
