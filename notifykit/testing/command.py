"""What a command of a plugin promises, as tests."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from notifykit.errors import NotifykitError
from notifykit.plugins import Plugins, load_plugins
from notifykit.plugins.commands import LazyCommand
from notifykit.session import Session
from notifykit.testing.project_runner import ProjectRunner
from notifykit.testing.promises import TellsPromises


class CommandContract(TellsPromises):
    """Subclass it as `TestMyCommand`, and say which command it is, and what it works on.

    class TestMyCommand(CommandContract):
        command = "acme-report"
        arguments = ("--since", "7d")

        def write_project(self, project):
            project.write("notifykit.yaml", "campaigns: []\\n")
    """

    command: str
    """Its name."""
    arguments: tuple[str, ...] = ()
    """With what it is called."""

    def write_project(self, project: ProjectRunner) -> None:
        """Write what it works on. As it stands, that is an empty project."""
        project.write("notifykit.yaml", "campaigns: []\n")

    def make_plugins(self) -> Plugins:
        """Return the plugins, of which one offers it: those that are installed here."""
        return load_plugins()

    def test_its_help_says_what_it_is_for(self, tmp_path: Path) -> None:
        """In one line, the same in the list of all commands; and so does each of its options."""
        offered, command = self._offered(self.make_plugins())
        line = (command.help or "").strip().partition("\n")[0]
        assert line, f"{self.command} has no help"
        if isinstance(offered, LazyCommand):
            assert offered.help == line, f"it is offered as {offered.help!r}, and its help begins with {line!r}"
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, f"{option.opts[0]} has no help"
        assert self._called(tmp_path, "--help").exit_code == 0

    def test_it_does_its_work(self, tmp_path: Path) -> None:
        """On the project that `write_project` makes, it ends without an error."""
        done = self._called(tmp_path, *self.arguments)
        assert done.exception is None, f"{done.exception!r}\n{done.output}"
        assert done.exit_code == 0, done.output

    def test_with_json_it_prints_data_alone(self, tmp_path: Path) -> None:
        """One document of JSON, and nothing beside it, where it has `--json`."""
        _, command = self._offered(self.make_plugins())
        if not any("--json" in parameter.opts for parameter in command.params):
            pytest.skip("it has no --json")
        done = self._called(tmp_path, *self.arguments, "--json")
        try:
            json.loads(done.stdout)
        except ValueError as error:
            raise AssertionError(f"no JSON: {done.stdout!r}") from error

    def test_an_option_that_it_lacks_is_refused(self, tmp_path: Path) -> None:
        """By exit code 2, as everywhere."""
        done = self._called(tmp_path, *self.arguments, "--no-such-option-anywhere")
        assert done.exit_code == 2, f"exit code {done.exit_code}\n{done.output}"

    def test_without_a_project_it_says_what_to_do(self, tmp_path: Path) -> None:
        """It works, or says in words what is missing: never a traceback."""
        done = self._invoked(tmp_path / "nowhere" / "notifykit.yaml", *self.arguments)
        error = done.exception
        assert error is None or isinstance(error, NotifykitError | SystemExit), f"{error!r}; raise a NotifykitError"

    def _called(self, folder: Path, *arguments: str) -> Result:
        project = ProjectRunner(folder)
        self.write_project(project)
        return self._invoked(folder / "notifykit.yaml", *arguments)

    def _invoked(self, file: Path, *arguments: str) -> Result:
        plugins = self.make_plugins()
        _, command = self._offered(plugins)
        return CliRunner().invoke(command, arguments, obj=Session(plugins=plugins, file=file))

    def _offered(self, plugins: Plugins) -> tuple[click.Command, click.Command]:
        """Return the command as it is offered, and itself."""
        group = click.Group("notifykit")
        plugins.add_commands(group)
        assert self.command in group.commands, (
            f"no plugin offers the command {self.command!r}: {[str(failed) for failed in plugins.failed]}"
        )
        offered = group.commands[self.command]
        return offered, offered.load() if isinstance(offered, LazyCommand) else offered
