"""The group of all commands: global options, plugins' commands, errors and exit codes."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from cli_world import CliWorld
from click.shell_completion import BashComplete
from click.testing import CliRunner

from notifykit import hookimpl, redaction
from notifykit.cli import app
from notifykit.cli.app import EXIT_CODES, build_cli
from notifykit.cli.sections import SECTIONS
from notifykit.errors import ExitCode, NotifykitError
from notifykit.plugins import Plugins, find, load_plugins
from notifykit.plugins.commands import LazyCommand
from notifykit.plugins.find import FoundPlugin
from notifykit.session import Session


@hookimpl
def register_commands(cli: click.Group) -> None:
    """Offer commands that end in all the ways there are."""

    @cli.command()
    @click.argument("how")
    @click.pass_obj
    def acme(session: Session, how: str) -> object:
        """End as told.

        With a second paragraph.
        """
        if how == "error":
            raise NotifykitError("acme.yaml:1: it is wrong; mend it")
        if how == "defect":
            raise RuntimeError("a defect")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "exit":
            click.get_current_context().exit(7)
        if how == "where":
            click.echo(str(session.open_project().configuration.settings.store))
            return None
        return {"code": ExitCode.HELD, "none": None, "text": "text"}[how]

    @cli.command(hidden=True)
    def secret() -> None:
        """Not for the list."""


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Install a plugin whose module is this one."""

    def loading(*, block: object = (), strict: bool = False, local: Iterable[FoundPlugin] = ()) -> Plugins:
        mine = EntryPoint("acme", __name__, "notifykit")
        broken = EntryPoint("broken", "no_such_module_anywhere", "notifykit")
        others, _ = find.find_entry_points()
        assert isinstance(block, list | tuple)
        return load_plugins(block=block, strict=strict, entry_points=[*others, mine, broken], local=local)

    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    return lambda: monkeypatch.setattr(app, "load_plugins", loading)


@pytest.mark.parametrize(
    ("how", "code"),
    [("error", 1), ("interrupt", 130), ("exit", 7), ("code", 3), ("none", 0), ("text", 0), ("where", 0)],
)
def test_every_end_of_a_command_has_its_exit_code(
    world: CliWorld, acme: Callable[[], None], how: str, code: int
) -> None:
    acme()
    assert world.invoke("acme", how).exit_code == code


def test_a_users_mistake_is_one_line_on_stderr(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    result = world.invoke("-q", "acme", "error")
    assert (result.stdout, result.stderr) == ("", "error: acme.yaml:1: it is wrong; mend it\n")


@pytest.mark.parametrize(
    "behind",
    [["-v"], ["-vv"], ["--verbose"], ["-qq"], ["--lang", "zh"], ["--lang=zh"], ["-v", "--lang", "zh", "--quiet"]],
)
def test_an_option_of_all_commands_may_stand_behind_one(world: CliWorld, behind: list[str]) -> None:
    before = world.invoke(*behind, "tasks", "--campaign", "beijing")
    for said in (["tasks", *behind, "--campaign", "beijing"], ["tasks", "--campaign", "beijing", *behind]):
        result = world.invoke(*said)
        assert (result.exit_code, result.output) == (before.exit_code, before.output)
    assert before.exit_code == 0


def test_the_project_may_be_named_behind_the_command(world: CliWorld, tmp_path: Path) -> None:
    result = world.invoke("status", "--project", str(tmp_path / "other.yaml"))
    assert result.exit_code == 4
    assert "other.yaml" in result.stderr


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        (["status", "--project"], "--project goes before the command: notifykit --project FILE status"),
        (["tasks", "-vx"], "-v goes before the command: notifykit -v tasks"),
        (["tasks", "--nonsense"], "No such option"),
    ],
)
def test_what_cannot_be_put_in_front_is_told_where_it_goes(world: CliWorld, said: list[str], mend: str) -> None:
    result = world.invoke(*said)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"Error: {mend}")


def test_a_defect_keeps_its_traceback(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    with pytest.raises(RuntimeError, match="a defect"):
        world.invoke("acme", "defect")


def test_a_plugins_command_gets_the_project(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    assert world.invoke("acme", "where").stdout == f"{world.store}\n"


def test_help_lists_a_plugins_commands_beside_ours(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    help_text = world.invoke("--help").stdout
    theirs = help_text.partition("From plugins:\n")[2].partition("\n\n")[0].splitlines()
    assert ["acme", "End as told."] in [line.split(maxsplit=1) for line in theirs]
    assert "secret" not in help_text
    for title, commands in SECTIONS.items():
        assert f"\n{title}:\n  {commands[0].name}" in help_text


def test_help_needs_no_project(tmp_path: Path, acme: Callable[[], None]) -> None:
    acme()
    result = CliRunner().invoke(build_cli(), ["--project", str(tmp_path / "none.yaml"), "acme", "--help"])
    assert result.exit_code == 0
    assert "With a second paragraph." in result.stdout


def test_help_lists_every_exit_code(world: CliWorld) -> None:
    help_text = world.invoke("--help").stdout
    assert set(EXIT_CODES) == set(ExitCode)
    for code, meaning in EXIT_CODES.items():
        assert f"  {code:<4} {meaning}\n" in help_text


def test_a_broken_plugin_is_one_line_and_disturbs_nobody(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    result = world.invoke("acme", "none")
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: plugin 'broken' of ")
    assert "no_such_module_anywhere" in line
    assert world.invoke("--quiet", "acme", "none").stderr == ""


def test_strict_plugins_make_it_fatal(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    for arguments in (["--strict-plugins", "status"], ["--strict-plugins", "plugins"]):
        result = world.invoke(*arguments)
        assert result.exit_code == ExitCode.ERROR
        assert "no_such_module_anywhere" in result.stderr
    world.edit("notifykit.yaml", "store:", "plugins: {strict: true}\nstore:")
    assert world.invoke("status").exit_code == ExitCode.ERROR


def test_the_projects_block_list_counts(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    world.edit("notifykit.yaml", "store:", "plugins: {block: [acme, broken, nobody]}\nstore:")
    result = world.invoke("acme", "none")
    assert result.exit_code == ExitCode.USAGE
    assert "No such command 'acme'" in result.stderr
    assert "warning: nothing is called 'nobody', so nothing was blocked by it" in result.stderr
    assert "no_such_module" not in result.stderr


def test_a_project_that_cannot_be_read_blocks_nothing(world: CliWorld, acme: Callable[[], None]) -> None:
    acme()
    world.project.write_text("plugins: [", encoding="utf-8")
    assert world.invoke("acme", "none").exit_code == 0
    result = world.invoke("acme", "where")
    assert result.exit_code == ExitCode.PREFLIGHT_FAILED
    assert f"{world.project}:1" in result.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["status", "--nonsense"], ["trace"], []])
def test_wrong_usage_is_2(world: CliWorld, arguments: list[str]) -> None:
    assert world.invoke(*arguments).exit_code == ExitCode.USAGE


def test_wrong_usage_wins_over_a_missing_project(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_cli(), ["--project", str(tmp_path), "generate", "--nonsense"])
    assert result.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("what", ["missing", "folder", "not_utf8", "not_yaml", "list", "empty"])
def test_a_project_file_that_is_none(world: CliWorld, what: str) -> None:
    world.project.unlink()
    if what == "folder":
        world.project.mkdir()
    elif what != "missing":
        texts = {"not_utf8": b"\xff\xfe", "not_yaml": b"a: b: c", "list": b"[]", "empty": b""}
        world.project.write_bytes(texts[what])
    for command in ("check", "generate", "dispatch", "settle", "run", "status", "tasks"):
        result = world.invoke(command)
        assert result.exit_code == ExitCode.PREFLIGHT_FAILED, (command, result.output)
        assert str(world.project) in result.output
    assert not world.store.exists()


def test_the_environment_names_the_project(world: CliWorld) -> None:
    result = CliRunner(env={"NOTIFYKIT_PROJECT": str(world.project)}).invoke(build_cli(), ["generate", "--dry-run"])
    assert result.exit_code == 0


def test_the_project_is_looked_for_here(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.folder)
    monkeypatch.delenv("NOTIFYKIT_PROJECT", raising=False)
    assert CliRunner().invoke(build_cli(), ["generate", "--dry-run"]).exit_code == 0


def test_version(world: CliWorld) -> None:
    assert world.invoke("--version").stdout.startswith("notifykit, version ")


def test_verbose_shows_what_goes_on(world: CliWorld) -> None:
    assert "DEBUG" not in world.invoke("-v", "plugins").stderr
    broken = "plugins: {block: []}\nstore:"
    world.edit("notifykit.yaml", "store:", broken)
    assert world.invoke("-vv", "plugins").exit_code == 0


def test_an_error_shows_no_secret(world: CliWorld, acme: Callable[[], None]) -> None:
    redaction.register("acme.yaml:1")
    acme()
    assert world.invoke("-q", "acme", "error").stderr == "error: ***: it is wrong; mend it\n"


def test_what_the_terminal_cannot_show_is_no_reason_to_fail(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.lived()
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1", write_through=True))
    with pytest.raises(SystemExit) as ended:
        build_cli().main(["--project", str(world.project), "tasks"], "notifykit")
    sys.stdout.flush()
    assert ended.value.code == 0
    assert b"\\u5317" in raw.getvalue()


def test_completion_offers_commands_of_plugins_and_says_nothing_else(
    world: CliWorld, acme: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    acme()
    monkeypatch.setenv("NOTIFYKIT_PROJECT", str(world.project))
    found = BashComplete(build_cli(), {}, "notifykit", "_NOTIFYKIT_COMPLETE").get_completions([], "ac")
    assert [item.value for item in found] == ["acme"]
    assert capsys.readouterr() == ("", "")


def test_completion_of_commands_imports_none_of_them() -> None:
    code = (
        "import sys\n"
        "from click.shell_completion import BashComplete\n"
        "from notifykit.cli.app import build_cli\n"
        "complete = BashComplete(build_cli(), {}, 'notifykit', '_NOTIFYKIT_COMPLETE')\n"
        "print(*(item.value for item in complete.get_completions([], '')))\n"
        "print(*(item.value for item in complete.get_completions([], '--v')))\n"
        "print(*(name for name in sys.modules if name.endswith(('.cli.status', '.commands.migrate'))))\n"
        "print(*(item.value for item in complete.get_completions(['status'], '--j')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    commands, options, imported, of_status = done.stdout.splitlines()
    of_plugins = click.Group()
    load_plugins().add_commands(of_plugins)
    assert set(commands.split()) == {*build_cli().commands, *of_plugins.commands}
    assert (options, imported, of_status) == ("--verbose --version", "", "--json")


def test_what_help_says_of_a_command_is_what_the_command_says(world: CliWorld) -> None:
    cli = build_cli()
    load_plugins().add_commands(cli)
    ours = {command.name for commands in SECTIONS.values() for command in commands}
    assert len(ours) >= 17
    for name, command in cli.commands.items():
        assert isinstance(command, LazyCommand), name
        real = command.load()
        assert real.name == name
        assert not real.hidden
        for limit in (20, 45, 80, 1000):
            assert command.get_short_help_str(limit) == real.get_short_help_str(limit), name


@pytest.mark.parametrize("code", ["def", "import no_such_module_anywhere", "x = 1", "raise SystemExit(0)"])
def test_a_command_that_cannot_be_imported_is_an_error_that_names_its_plugin(
    world: CliWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    (tmp_path / "torn_report.py").write_text(code, encoding="utf-8")
    (tmp_path / "torn_plugin.py").write_text(
        "import notifykit\n@notifykit.hookimpl\ndef register_lazy_commands(register):\n"
        "    register('acme', 'torn_report:acme', 'Report.')\n",
        encoding="utf-8",
    )
    (tmp_path / "torn-1.2.dist-info").mkdir()
    (tmp_path / "torn-1.2.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: torn\nVersion: 1.2\n")
    (tmp_path / "torn-1.2.dist-info/entry_points.txt").write_text("[notifykit]\ntorn = torn_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("torn_plugin", "torn_report"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = world.invoke("acme")
    assert (result.exit_code, result.stdout) == (ExitCode.ERROR, "")
    assert result.stderr.startswith("error: plugin 'torn' of torn 1.2: "), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert world.invoke("status").exit_code == 0
    said = result.stderr.removeprefix("error: ").strip()
    assert f"broken: {said}" in world.invoke("plugins").stdout
    assert said in world.invoke("check").stdout
    strict = world.invoke("--strict-plugins", "status")
    assert (strict.exit_code, said in strict.stderr) == (ExitCode.ERROR, True), strict.stderr


def test_the_entry_point_is_this_group(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["notifykit", "--version"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("notifykit, version")
