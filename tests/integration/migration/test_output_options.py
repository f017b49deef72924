"""What a command is told to write: a new file, or the place of an earlier one of its sort; never what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from killed_worlds import replace
from legacy_code import write_legacy_code
from legacy_world import GROUP, SENT, LegacyWorld

from notifykit.cli.app import build_cli
from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.load import load_plugins
from notifykit.terminal.paths import OutputType, PathType

READ_OR_KEPT = {
    ("demo", "folder"),
    ("backup", "dest"),
    ("new-plugin", "folder"),
    ("inventory", "path"),
    ("inventory", "campaigns"),
    ("migrate", "plan_path"),
    ("migrate", "log_path"),
    ("verify", "log_path"),
    ("report", "log"),
    ("init", "data"),
    ("init", "program"),
    ("retire", "code"),
    ("metrics", "folder"),
    ("serve", "tls_cert"),
    ("serve", "tls_key"),
    ("serve", "token_file"),
    ("shim", "script"),
}
"""Paths that are read, or where nothing that is there is replaced."""


def writing(code: Path, target: str) -> dict[str, list[str]]:
    """Each option that names a file to write, in a command that would do all else as well."""
    return {
        "plan": ["migrate", "--dry-run", "--out", target],
        "migrate": ["migrate", "--dry-run", "--report", target],
        "verify": ["verify", "--report", target],
        "history": ["history", "--report", target],
        "patch": ["retire", "--yes", "--now", "--code", str(code), "--patch", target],
        "csv": ["inventory", str(code), "--format", "csv", "--out", target],
        "markdown": ["inventory", str(code), "--format", "markdown", "--out", target],
        "html": ["inventory", str(code), "--format", "html", "--out", target],
    }


OPTIONS = list(writing(Path(), ""))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[LegacyWorld, Path]:
    """A world of which one city was migrated and the other is to be, the old code in it, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("outputs")
    world = LegacyWorld(folder / "project", ("beijing", "shanghai"))
    for city in world.campaigns:
        world.contract("Y", SENT, [(GROUP, "completed")], campaign=city)
    shanghai = world.folder / "campaigns" / "shanghai.yaml"
    shanghai.rename(world.folder / "later")
    assert world.run("migrate", "--yes", "--soak", "7").exit_code == 0
    (world.folder / "later").rename(shanghai)
    write_legacy_code(world.folder / "code")
    (world.folder / "notes.txt").write_text("what somebody wrote\n")
    (world.folder / "notes.md").write_text("# Migration report, my notes\nWhere the old program uses send status\n")
    (world.folder / "cache.json").write_text('{"max_age": 5, "mine": 1}\n')
    replace(folder / "copy", world.folder)
    return world, folder / "copy"


@pytest.fixture
def world(made: tuple[LegacyWorld, Path]) -> LegacyWorld:
    world, copy = made
    replace(world.folder, copy)
    return world


@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_there_stays_and_nothing_else_is_done(
    world: LegacyWorld, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    before = world.tree()
    needed = {
        "tasks.db": "is there already",
        "notifykit.yaml": "is there already",
        "state/../campaigns/beijing.yaml": "is there already",
        "code/jobs.py": "is there already",
        str(world.csv()): "is there already",
        "notes.txt": "is there already",
        "notes.md": "is there already",
        "cache.json": "is there already",
        "state": "is a folder",
        "notifykit-migration/fresh": "where nothing but notifykit itself writes",
        "-": "leave the option out",
        "": "it is empty",
    }
    for target, why in needed.items():
        done = world.run(*writing(world.folder / "code", target)[option])
        assert done.exit_code == 2, (target, done.output)
        assert why in " ".join(done.stderr.split()), target
        assert world.tree() == before, target


@pytest.mark.parametrize("option", [name for name in OPTIONS if name not in ("csv", "markdown", "html")])
def test_a_file_of_the_project_need_not_be_there(
    world: LegacyWorld, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    world.status_file("shanghai").unlink()
    (world.folder / "notifykit-store.json").unlink()
    before = world.tree()
    for target in ("notifykit-store.json", "tasks.db-wal", "campaigns/new.yaml", str(world.status_file("shanghai"))):
        done = world.run(*writing(world.folder / "code", target)[option])
        assert done.exit_code == 2, (target, done.output)
        assert "or would be; name another file" in " ".join(done.stderr.split()), target
        assert world.tree() == before, target


@pytest.mark.parametrize("option", OPTIONS)
def test_an_earlier_one_of_its_sort_is_replaced(world: LegacyWorld, tmp_path: Path, option: str) -> None:
    target = tmp_path / "said"
    command = writing(world.folder / "code", str(target))[option]
    assert world.run(*command).exit_code == 0
    made = target.stat().st_ino
    done = world.run(*command)
    assert done.exit_code == 0, done.output
    assert target.stat().st_ino != made
    others = {name: whole for name, whole in writing(world.folder / "code", str(target)).items() if name != option}
    reports = {"migrate", "verify", "history"}
    inventories = {"csv", "markdown", "html"}
    for name, other in others.items():
        same = any({name, option} <= sort for sort in (reports, inventories))
        assert same or world.run(*other).exit_code == 2, name


@pytest.mark.long
@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_no_plain_file_is_written_to(world: LegacyWorld, option: str) -> None:
    done = world.command(*writing(world.folder / "code", "/dev/stdout")[option])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > len(world.command(*writing(world.folder / "code", "/dev/null")[option]).stdout)


def test_two_options_name_two_files(world: LegacyWorld, tmp_path: Path) -> None:
    target = str(tmp_path / "said")
    done = world.run("migrate", "--dry-run", "--out", target, "--report", f"{tmp_path}/./said")
    assert done.exit_code == 2
    assert "--out and --report name one file" in done.stderr


def test_each_option_that_names_a_file_to_write_is_of_this_kind() -> None:
    found = {(command.name, param.name) for command, param in parameters() if type(param.type) is PathType}
    assert found == READ_OR_KEPT
    assert sum(isinstance(param.type, OutputType) for _, param in parameters()) == 8


def parameters() -> Iterator[tuple[click.Command, click.Parameter]]:
    cli = build_cli()
    load_plugins().add_commands(cli)
    waiting: list[click.Command] = list(cli.commands.values())
    while waiting:
        command = waiting.pop()
        command = command.load() if isinstance(command, LazyCommand) else command
        waiting += command.commands.values() if isinstance(command, click.Group) else []
        yield from ((command, param) for param in command.params)
