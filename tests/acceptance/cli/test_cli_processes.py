"""The console script as people and programs use it: whole stories, pipes, terminals, odd places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import DOUBTFUL, FINE, NOTIFYKIT, CliWorld, contract
from processes import running
from system import needs_refusals


def test_the_whole_story(world: CliWorld) -> None:
    for command, code in (
        ("check", 0),
        ("generate", 0),
        ("dispatch", 0),
        ("settle", 0),
        ("status", 0),
        ("tasks", 0),
        (f"trace {contract(1)}", 0),
        ("plugins", 0),
        ("schema", 0),
        ("run --once", 0),
    ):
        done = world.run(*command.split())
        assert (done.returncode, done.stderr) == (code, ""), command
        assert done.stdout
    assert world.flags() == ["Y", "Y"]


@pytest.mark.long
@pytest.mark.parametrize(
    "command",
    [
        "check",
        "generate",
        "generate --dry-run",
        "dispatch",
        "dispatch --dry-run",
        "settle",
        "run --once",
        "run --dry-run",
        "status",
        "tasks",
        f"trace {contract(1)}",
        "plugins",
    ],
)
def test_json_is_all_there_is_on_stdout(world: CliWorld, command: str) -> None:
    world.lived()
    done = world.run(*command.split(), "--json")
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stderr == ""


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    world = CliWorld(tmp_path / "many", [FINE] * 400)
    world.invoke("generate")
    with running([*world.command, "tasks", "--json"], stderr=subprocess.PIPE, env=world.in_process) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gb18030"])
def test_any_encoding_of_the_terminal(world: CliWorld, encoding: str) -> None:
    world.environment["PYTHONIOENCODING"] = encoding
    world.invoke("generate")
    for command in (["tasks"], ["status"], ["trace", contract(1)], ["--help"]):
        done = subprocess.run([*world.command, *command], capture_output=True, env=world.in_process, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run([*world.command, "tasks", "--json"], capture_output=True, env=world.in_process, check=True)
    text = done.stdout.decode("utf-8" if encoding == "ascii" else encoding)
    assert json.loads(text)["tasks"][0]["recipient"] == "北京签约喜报群"


def test_on_a_terminal_the_moving_line_is_on_stderr_and_results_are_not(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("a pseudo-terminal")
    import pty

    world = CliWorld(tmp_path / "terminal", [FINE, DOUBTFUL])
    for command, code, shown in (
        (["generate"], 0, b"generating"),
        (["dispatch"], 3, b"sending"),
        (["settle"], 0, b"writing"),
    ):
        screen, side = pty.openpty()
        try:
            done = subprocess.run(
                [*world.command, *command],
                stdout=subprocess.PIPE,
                stderr=side,
                env={**world.in_process, "TERM": "xterm"},
                check=False,
            )
            os.close(side)
            side = -1
            seen = read_all(screen)
        finally:
            os.close(screen)
            if side >= 0:
                os.close(side)
        assert done.returncode == code
        assert shown in seen
        assert done.stdout
        assert b"\x1b" not in done.stdout


def read_all(terminal: int) -> bytes:
    seen = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            return seen
        if not chunk:
            return seen
        seen += chunk


def test_from_another_folder(world: CliWorld, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    relative = os.path.relpath(world.project, other)
    for command in (["generate"], ["dispatch"], ["settle"]):
        done = subprocess.run([NOTIFYKIT, "--project", relative, *command], cwd=other, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert world.flags() == ["Y", "Y"]
    assert list(other.iterdir()) == []


def test_as_a_module(world: CliWorld) -> None:
    command = [sys.executable, "-m", "notifykit", "--project", str(world.project), "generate"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=world.folder, check=False)
    assert done.returncode == 0
    assert subprocess.run([*command[:3], "--help"], capture_output=True, text=True, check=True).stdout.startswith(
        "Usage: notifykit "
    )


@needs_refusals
def test_a_project_that_may_not_be_read(world: CliWorld) -> None:
    world.project.chmod(0)
    done = world.run("status")
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)
    assert "Permission denied" in done.stderr
