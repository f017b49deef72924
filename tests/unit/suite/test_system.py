from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import system

ROOT = Path(__file__).parents[3]

SKIPS = """
import pytest


@pytest.mark.skip(reason="strace is not installed")
def test_that_needs_something():
    pass


@pytest.mark.skip(reason="nothing is forbidden here")
def test_for_an_ordinary_account():
    pass
"""


@pytest.mark.parametrize(
    ("reason", "may"),
    [
        ("nothing is forbidden here", True),
        ("promise not tested: what was sent is unknown; say make_unanswered_sender()", True),
        ("strace is not installed", False),
        ("huey: it is not installed", False),
    ],
)
def test_what_may_be_skipped_in_ci(reason: str, may: bool) -> None:
    assert system.may_be_skipped(reason) is may


@pytest.mark.parametrize(("ci", "told"), [("true", "1 skipped, 1 error"), ("", "2 skipped")])
def test_something_missing_fails_in_ci_only(tmp_path: Path, ci: str, told: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    (tmp_path / "tests" / "support").symlink_to(ROOT / "tests" / "support")
    (tmp_path / "tests" / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "tests" / "test_skips.py").write_text(SKIPS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_skips.py"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout
    assert ("strace is not installed; .ci/run installs what tests need" in done.stdout) is bool(ci)
