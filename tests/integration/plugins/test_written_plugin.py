"""What `notifykit new-plugin` writes, as its author's tools see it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from notifykit.plugins.scaffold import KINDS, create_plugin

ROOT = Path(__file__).parents[3]


@pytest.mark.long
def test_what_is_written_is_tidy(tmp_path: Path) -> None:
    for kind in KINDS:
        create_plugin(f"acme-{kind}", tmp_path, kind=kind)
    ruff = Path(sys.executable).with_name("ruff")
    for home in tmp_path.iterdir():
        check_tidy(home, [ruff, "format", "--check", home], [ruff, "check", home])
    types = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        *sorted(tmp_path.glob("*/src")),
        *sorted(tmp_path.glob("*/tests")),
    ]
    check_tidy(tmp_path, types)


def check_tidy(home: Path, *checks: Sequence[object]) -> None:
    for check in checks:
        done = subprocess.run(
            list(map(str, check)),
            capture_output=True,
            text=True,
            cwd=home,
            env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, [ROOT, *home.glob("*/src")]))},
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "kind", [kind if kind == "sender" else pytest.param(kind, marks=pytest.mark.long) for kind in KINDS]
)
def test_the_written_tests_pass(tmp_path: Path, kind: str) -> None:
    create_plugin("acme-sms", tmp_path, kind=kind)
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
