"""The examples of the commands that need an old program's project, run one after the other as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from legacy_world import GROUP, SENT, LegacyWorld
from program_world import PROGRAM

from notifykit.cli.app import build_cli
from notifykit.errors import ExitCode
from notifykit.plugins import load_plugins

BEFORE: dict[str, tuple[str, ...]] = {
    "migrate": (),
    "verify": ("migrate", "--yes"),
    "retire": ("migrate", "--yes", "--until", "verify"),
    "rollback": ("migrate", "--yes"),
    "history": ("migrate", "--yes"),
    "shim": ("migrate", "--yes", "--stopped", "idle"),
}
"""What was done when the first example is typed."""

_EXAMPLES = re.compile(r"Examples:\n((?: +notifykit .*\n?)+)")


def examples(command: str) -> list[str]:
    cli = build_cli()
    load_plugins().add_commands(cli)
    context = click.Context(cli.commands[command], info_name=command, terminal_width=1000)
    found = _EXAMPLES.search(cli.commands[command].get_help(context))
    assert found is not None
    return [line.strip() for line in found[1].splitlines()]


@pytest.mark.long
@pytest.mark.parametrize("command", BEFORE)
@pytest.mark.skipif(os.name != "posix", reason="examples are written for a POSIX shell")
def test_the_examples_run(tmp_path: Path, command: str) -> None:
    world = LegacyWorld(tmp_path / "project")
    with world.together():
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract("N", SENT, [(GROUP, "completed")])
    if BEFORE[command]:
        assert world.run(*BEFORE[command]).exit_code == 0
    shutil.copytree(PROGRAM, tmp_path / "old-program")
    (world.folder / "main.py").write_text("print('the old program')\n", encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for line in examples(command):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=world.folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        if done.returncode == ExitCode.USAGE:
            assert "--yes" in done.stderr  # it would ask, and there is no terminal
        else:
            assert done.returncode == ExitCode.DONE, f"{line}: {done.stderr}"
