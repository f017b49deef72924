"""Where libcst is not installed: `retire --code` says what to install and moves nothing; everything else works."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from legacy_code import write_legacy_code
from legacy_world import AWARD, GROUP, SENT, LegacyWorld

INSTALL = 'pip install "notifykit-outbox[patch]"'
MISSING = "raise ModuleNotFoundError(\"No module named 'libcst'\", name='libcst')\n"


@pytest.fixture
def world(tmp_path: Path) -> LegacyWorld:
    """A project whose commands run in processes that cannot import libcst."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "libcst.py").write_text(MISSING, encoding="utf-8")
    world = LegacyWorld(tmp_path / "project", environment={"PYTHONPATH": str(blocked)})
    with world.together():
        world.technician(status="completed")
        world.contract("N", SENT, [(GROUP, "completed")])
        world.contract("Y", SENT, [(GROUP, "completed"), (AWARD, "pending")], award=True)
    return world


def told(world: LegacyWorld, line: str, *, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = world.command(*shlex.split(line))
    assert done.returncode == code, (line, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def test_libcst_is_missing_there(world: LegacyWorld) -> None:
    environment = {**os.environ, **world.environment}
    done = subprocess.run([sys.executable, "-c", "import libcst"], env=environment, capture_output=True, check=False)
    assert done.returncode == 1


@pytest.mark.long
@pytest.mark.parametrize("more", ["", " --patch cleanup.patch"])
def test_asking_about_the_code_says_what_to_install_and_moves_nothing(world: LegacyWorld, more: str) -> None:
    code = write_legacy_code(world.folder / "old-program")
    told(world, "migrate --yes --stopped idle --soak 7")
    before = world.tree()
    done = told(world, f"retire --yes --now --code {shlex.quote(str(code))}{more}", code=4)
    assert done.stdout == ""
    assert done.stderr.rstrip().endswith(f"install it: {INSTALL}")
    assert world.tree() == before
    assert "retired: state/send_status_bj_aug.json" in told(world, "retire --yes --now").stdout


@pytest.mark.long
def test_everything_else_works(world: LegacyWorld) -> None:
    code = shlex.quote(str(write_legacy_code(world.folder / "old-program")))
    plugins = json.loads(told(world, "plugins --json").stdout)
    assert plugins["failed"] == []
    assert "notifykit_inventory" in {plugin["name"] for plugin in plugins["plugins"]}
    assert "6 contract, 4 technician" in told(world, f"inventory {code}").stdout
    told(world, "migrate --dry-run")
    told(world, "migrate --yes --stopped idle --soak 7")
    told(world, "verify")
    told(world, "run --once")
    told(world, "retire --yes --now")
    told(world, "history")
    told(world, f"shim --explain -- {code}/jobs.py")
    told(world, "rollback --dry-run")
