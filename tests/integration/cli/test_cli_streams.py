"""Streams that are closed or full, and arguments that are no text: a clear answer, and a run that goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_world import CliWorld

from notifykit.cli import main
from notifykit.cli.app import build_cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell closes and fills the streams")

STATUS = f'"{sys.executable}" -m notifykit status'
PROJECT = "store: s.db\ncampaigns: []\n"


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    (folder / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_reason_to_fail(tmp_path: Path, closed: str) -> None:
    done = shell(tmp_path, f"{STATUS} {closed}")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.long
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("gone", [["stdout"], ["stderr"], ["stdout", "stderr"]])
@pytest.mark.parametrize(
    ("command", "code"),
    [("status", 0), ("status --json", 0), ("--help", 0), ("tasks --help", 0), ("docs states", 0), ("tasks --none", 2)],
)
def test_a_reader_that_has_gone_changes_nothing(
    tmp_path: Path, command: str, code: int, gone: list[str], buffered: bool
) -> None:
    (tmp_path / "notifykit.yaml").write_text(PROJECT, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {} if buffered else {"PYTHONUNBUFFERED": "1"}
    reading, pipe = os.pipe()
    os.close(reading)
    said = tmp_path / "said"
    with said.open("wb") as file:
        stdout, stderr = (pipe if name in gone else file for name in ("stdout", "stderr"))
        line = [sys.executable, "-m", "notifykit", *command.split()]
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, stdout=stdout, stderr=stderr, timeout=120, check=False
        )
    os.close(pipe)
    assert done.returncode == code
    assert "Traceback" not in said.read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_run_whose_stdout_is_full_goes_on(tmp_path: Path) -> None:
    run = f'"{sys.executable}" -m notifykit run --interval 0.2 > /dev/full 2> err'
    done = shell(
        tmp_path,
        f"{run} & pid=$!; for i in $(seq 300); do [ $(grep -c written err) -ge 3 ] && break; sleep 0.2; done; "
        "kill -TERM $pid; wait $pid; grep -c 'results cannot be written to stdout: No space left on device' err",
    )
    assert int(done.stdout) >= 3
    assert "Traceback" not in (tmp_path / "err").read_text(encoding="utf-8")


BAD = os.fsdecode(b"\xba\xff")


@pytest.mark.parametrize(
    "arguments", [["trace", BAD], ["tasks", "--key", BAD], ["tasks", f"--key={BAD}"], ["resume", BAD]]
)
def test_an_argument_that_is_no_text_here_is_wrong_usage(world: CliWorld, arguments: list[str]) -> None:
    result = world.invoke(*arguments)
    assert result.exit_code == 2
    assert r"\xba\xff is not written in utf-8; set the terminal, and LANG, to UTF-8" in result.stderr


@pytest.mark.parametrize("command", ["retry", "resolve"])
def test_an_id_that_no_store_can_hold_is_wrong_usage(world: CliWorld, command: str) -> None:
    result = world.invoke(command, str(2**63), "--why", "x")
    assert result.exit_code == 2
    assert "9223372036854775807" in result.stderr


def test_a_number_that_nothing_can_have_is_wrong_usage(world: CliWorld) -> None:
    for arguments in ("tasks --limit", "preview --limit", "receipt delivered"):
        result = world.invoke(*arguments.split(), "99999999999999999999")
        assert result.exit_code == 2
        assert "9223372036854775807" in result.stderr


def numbers_without_an_end(command: click.Command, name: str = "") -> Iterator[str]:
    """Name the options and arguments of a command, and of those below it, that take any whole number."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from numbers_without_an_end(found, f"{name} {below}")
    for one in command.params:
        kind = one.type
        if (
            isinstance(kind, type(click.INT))
            and not (isinstance(kind, click.IntRange) and kind.max is not None)
            and not getattr(one, "count", False)
        ):
            yield f"{name} {one.name}"


def test_no_command_takes_a_number_without_an_end() -> None:
    assert list(numbers_without_an_end(build_cli())) == []


@pytest.mark.parametrize(
    "arguments", ["--project {} status", "store backup {}", "demo {}", "new-plugin notifykit-acme --folder {}"]
)
def test_a_path_that_the_system_cannot_have_is_wrong_usage(world: CliWorld, arguments: str) -> None:
    result = world.lived().invoke(*arguments.format("x" * 300).split())
    assert result.exit_code == 2, result.output
    assert "it cannot be the path of a file" in result.stderr


DESK = """
import os, subprocess, sys
print("driver loaded")
os.system("echo started by a child process")
def send(to, text):
    print("typed to", to)
    os.write(1, b"written by C code\\n")
    subprocess.run([sys.executable, "-c", "print('printed by a child')"], check=True)
    return True
"""
NOISY = """
store: s.db
senders:
  desk: {type: python, call: "desk:send", search_path: .}
"""
CAMPAIGN = """
source: {type: csv, path: orders.csv, key: id}
strategy: {type: csv_flag, flag: f, unsent: "N", sent: "Y"}
messages:
  - {name: m, recipient: pat, template: 'hello {{ record.key }}', sender: desk}
"""


@pytest.mark.long
def test_stdout_holds_nothing_but_the_commands_own_result(tmp_path: Path) -> None:
    files = {"desk.py": DESK, "notifykit.yaml": NOISY, "orders.csv": "id,f\nA-1,N\n", "campaigns/c.yaml": CAMPAIGN}
    (tmp_path / "campaigns").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    noise = ""
    for command in ("check", "generate", "dispatch", "settle", "status", "tasks", "trace A-1", "run --once"):
        line = [sys.executable, "-m", "notifykit", *command.split(), "--json"]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        json.loads(done.stdout)
        noise += done.stderr
    for said in ("driver loaded", "started by a child", "typed to pat", "written by C code", "printed by a child"):
        assert said in noise


def test_help_is_a_result() -> None:
    line = [sys.executable, "-m", "notifykit", "check", "--help"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    assert "Usage:" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("arguments", ["status --json", "docs csv", "--version", "--help", "run --help"])
@pytest.mark.parametrize("buffered", ["-u PYTHONUNBUFFERED", "PYTHONUNBUFFERED=1"])
def test_a_result_that_cannot_be_written_is_an_error(tmp_path: Path, arguments: str, buffered: str) -> None:
    done = shell(tmp_path, f'env {buffered} "{sys.executable}" -m notifykit {arguments} > /dev/full')
    assert done.returncode == 1
    assert "error: results cannot be written to stdout: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_it_starts_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("notifykit.cli.app.main", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "interrupted\n")
