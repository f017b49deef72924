"""`notifykit demo --postgres` as a person runs it: a server, three workers, a kill, a crash, and the proof."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from postgres_server import require_programs
from told_demo import TIMEOUT, notifykit

pytestmark = pytest.mark.timeout(2 * TIMEOUT)


@pytest.mark.long
def test_everything_is_sent_once_though_a_worker_is_killed_and_the_server_crashes(tmp_path: Path) -> None:
    require_programs()
    done = notifykit("demo", "--postgres", str(tmp_path / "demo"), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "PROVED: 56 messages due, each accepted exactly once; every flag tells the truth." in done.stdout
    assert r"\n" not in done.stdout
    assert len(re.findall(r"^  \$ notifykit worker$", done.stdout, re.MULTILINE)) == 3
    assert "moved: write `store: postgresql://notifykit@/postgres?host=" in done.stdout
    assert done.stdout.count("worker: the engine is back") == 2
    assert "stopping; what is on the wire is finished first" in done.stdout
    assert re.search(r"^ +\d+  in_doubt  beijing", done.stdout, re.MULTILINE)
