"""What `notifykit new-plugin` writes, as its author's tools see it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notifykit.plugins.scaffold import create_plugin

ROOT = Path(__file__).parents[3]


@pytest.mark.long
def test_what_is_written_is_tidy(tmp_path: Path) -> None:
    create_plugin("acme-sms", tmp_path)
    home = tmp_path / "notifykit-acme-sms"
    ruff = Path(sys.executable).with_name("ruff")
    checks = [
        [ruff, "format", "--check", "--config", "line-length = 110", home],
        [ruff, "check", "--config", "line-length = 110", "--config", 'lint.select = ["E", "F", "I", "B", "UP"]', home],
        [sys.executable, "-m", "mypy", "--strict", home / "src", home / "tests"],
    ]
    for check in checks:
        done = subprocess.run(
            list(map(str, check)),
            capture_output=True,
            text=True,
            cwd=home,
            env={**os.environ, "MYPYPATH": f"{ROOT}{os.pathsep}{home / 'src'}"},
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_written_tests_pass(tmp_path: Path) -> None:
    create_plugin("acme-sms", tmp_path)
    home = tmp_path / "notifykit-acme-sms"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not where_it_is_installed"],
        capture_output=True,
        text=True,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home / "src"), "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout
