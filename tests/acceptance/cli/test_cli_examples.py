"""The example at the end of every command's help, run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.cli.app import build_cli
from notifykit.errors import ExitCode
from notifykit.plugins import load_plugins

_EXAMPLES = re.compile(r"\n  Examples?:\n((?:    \S.*\n)+)\Z")
_FINE = {ExitCode.DONE, ExitCode.HELD}


def helps() -> Iterator[tuple[str, str]]:
    """Yield each command, those of plugins and groups included, with its help."""
    cli = build_cli()
    load_plugins().add_commands(cli)
    pending: list[tuple[str, click.Command, click.Context | None]] = [("notifykit", cli, None)]
    while pending:
        path, command, parent = pending.pop()
        settings = {**command.context_settings, "terminal_width": 1000}
        context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent, **settings)
        yield path, command.get_help(context) + "\n"
        if isinstance(command, click.Group):
            pending += [(f"{path} {name}", sub, context) for name, sub in command.commands.items() if not sub.hidden]


HELPS = dict(helps())


def examples(command: str) -> list[str]:
    found = _EXAMPLES.search(HELPS[command])
    return [line.strip() for line in found[1].splitlines()] if found else []


OLD_PROGRAM = ("demo", "migrate", "verify", "retire", "rollback", "history", "shim")
SERVER = ("worker", "machines", "source", "source move", "source list")
ELSEWHERE = {f"notifykit {name}" for name in (*OLD_PROGRAM, *SERVER, "serve")}
"""They need an old program's project (tests/acceptance/migration/test_migration_examples.py), take half a minute and
have a test of their own (tests/acceptance/demo), need a server (tests/integration/engine), or go on until they are
stopped (tests/integration/web)."""

FOLDERS = re.compile("/tmp/|/var/lib/node_exporter/")

OLD_CODE = """
def job():
    words = load_send_status("a.json")
    for record in get_all_records_from_csv("a.csv"):
        if words.get(record["id"]) != "发送成功":
            create_task("send_wecom_message", record["who"], record["id"])
            update_send_status("a.json", record["id"], "发送成功")


job()
"""

DECISIONS = {f"notifykit {name}" for name in ("retry", "resolve", "cancel", "resend")}

LINES = [(command, line) for command in HELPS if command not in ELSEWHERE for line in examples(command)]


@pytest.mark.parametrize("command", HELPS)
def test_every_commands_help_ends_with_an_example_of_it(command: str) -> None:
    lines = examples(command)
    assert lines
    assert all(line.startswith("notifykit ") for line in lines)
    if command != "notifykit":
        assert all(line.startswith(f"{command} ") or line == command for line in lines)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> CliWorld:
    """A world in which there is something to decide: group messages 3 in doubt, 4 failed, one put back and paused."""
    world = CliWorld(tmp_path_factory.mktemp("lived") / "world", [FINE, DOUBTFUL, REFUSED, BROKEN])
    for command in (["generate"], ["dispatch"], ["settle"]):
        assert world.invoke(*command).exit_code in _FINE
    assert "1  completed" in world.invoke("tasks", "--key", "1010000000000000001").stdout
    return world


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("command", "line"), LINES, ids=[line for _, line in LINES])
@pytest.mark.skipif(os.name != "posix", reason="examples are written for a POSIX shell")
def test_the_example_runs(lived: CliWorld, tmp_path: Path, command: str, line: str) -> None:
    folder = tmp_path / "world"
    shutil.copytree(lived.folder, folder)
    if "campaign rename" in line:
        (folder / "campaigns" / "beijing.yaml").rename(folder / "campaigns" / "beijing-2025.yaml")
    if command == "notifykit undo":
        assert lived.at(folder).run("cancel", "4", "--why", "x").returncode == 0
    if command == "notifykit init":
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "members.csv").write_text("number,mail,told\n7,ann@club.example,no\n", encoding="utf-8")
    if "--vendor-id" in line:  # robots give none
        with closing(sqlite3.connect(lived.at(folder).store)) as connection, connection:
            connection.execute("UPDATE attempts SET vendor_id = 'msg-4711' WHERE task_id = 1")
    if "../old-program" in line:
        (tmp_path / "old-program").mkdir()
        (tmp_path / "old-program" / "jobs.py").write_text(OLD_CODE, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**lived.in_process, "PATH": path, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-c", FOLDERS.sub(f"{tmp_path}/", line)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    assert done.returncode in _FINE, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout or ">" in line or "--out" in line or "--html" in line or "--textfile" in line
    if command in DECISIONS and "--dry-run" not in line:
        assert re.match(r"\d+ messages? changed:", done.stdout)
    if command == "notifykit resume":
        assert "goes on" in done.stdout
