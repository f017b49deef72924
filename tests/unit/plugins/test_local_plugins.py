"""Plugins that a project brings itself, in a folder that notifykit.yaml names."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from notifykit.cli.app import build_cli
from notifykit.config.project import read_project
from notifykit.errors import ConfigError, PluginError
from notifykit.pipeline.project import open_project
from notifykit.plugins import Plugins, load_plugins

SENDER = """
from dataclasses import dataclass
from notifykit import hookimpl
from notifykit.model import Outcome


@dataclass
class Notes:
    def send(self, message, context):
        return Outcome.accepted()


@hookimpl
def register_senders(register):
    register("{type}", Notes)
"""
OBSERVER = """
from dataclasses import dataclass
from notifykit import hookimpl


@dataclass
class Ear:
    {method}: pass


@hookimpl
def register_observers(register):
    register("{type}", Ear)
"""
COMMAND = """
import click
from notifykit import hookimpl


@hookimpl
def register_commands(cli):
    @cli.command("{name}")
    def mine():
        '''Say hello.'''
        click.echo("hello")
"""


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def load(self, **options: Any) -> Plugins:
        """Load what lies in the project, beside what is installed here."""
        project = read_project(self.folder / "notifykit.yaml")
        return load_plugins(block=project.plugins.block, local=project.local_plugins, **options)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(build_cli(), ["--project", str(self.folder / "notifykit.yaml"), *arguments])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    path, modules = sys.path[:], set(sys.modules)
    made = Project(folder)
    made.write("notifykit.yaml", "plugins: {path: plugins/}\ncampaigns: []\n")
    (folder / "plugins").mkdir()
    yield made
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def mine(plugins: Plugins) -> dict[str, str]:
    return {plugin.name: plugin.distribution for plugin in plugins.loaded if plugin.local}


def test_modules_and_packages_of_a_folder_are_plugins(project: Project) -> None:
    project.write("plugins/local_one.py", "from _local_shared import TYPE\n" + SENDER.replace('"{type}"', "TYPE"))
    project.write("plugins/_local_shared.py", "TYPE = 'local_notes'\n")
    project.write(
        "plugins/local_two/__init__.py",
        SENDER.format(type="x").replace('("x", Notes)', '("local_two", "local_two.inner:Notes")'),
    )
    project.write("plugins/local_two/inner.py", SENDER.format(type="unused"))
    project.write("plugins/no_package/readme.txt", "")
    project.write("plugins/notes.txt", "")
    plugins = project.load(strict=True)
    assert mine(plugins) == {"local_one": "plugins/local_one.py", "local_two": "plugins/local_two"}
    assert {"local_notes", "local_two"} <= plugins.registry.senders.keys()
    plugins.import_offered()
    project.write(
        "notifykit.yaml",
        "plugins: {path: plugins/}\ncampaigns: []\nsenders: {a: {type: local_notes}, b: {type: local_two}}\n",
    )
    assert list(open_project(project.folder / "notifykit.yaml").configuration.channels) == ["a", "b"]


def test_there_may_be_several_folders(project: Project) -> None:
    project.write("notifykit.yaml", "plugins: {path: [plugins, more/of/them]}\n")
    project.write("plugins/local_a.py", SENDER.format(type="local_a"))
    project.write("more/of/them/local_b.py", SENDER.format(type="local_b"))
    project.write("more/of/them/local_a.py", SENDER.format(type="local_c"))
    plugins = project.load()
    assert mine(plugins) == {"local_a": "plugins/local_a.py", "local_b": "more/of/them/local_b.py"}
    (failed,) = plugins.failed
    assert str(failed) == (
        "plugin 'local_a' of more/of/them/local_a.py: PluginError: its name is taken by plugin 'local_a' of "
        "plugins/local_a.py; rename the entry point, or uninstall one of the two"
    )


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("local_torn", "def (", "SyntaxError: invalid syntax"),
        ("local_raising", "raise RuntimeError('no luck')", "RuntimeError: no luck; mend it, or leave it out"),
        ("acme-sms", SENDER.format(type="local_acme"), "PluginError: its name is none of a module; rename"),
        (
            "local_deaf",
            OBSERVER.format(type="local_deaf", method="def task_snt(self, task)"),
            "PluginError: the class Ear of type 'local_deaf' hears nothing; give it a method such as task_sent",
        ),
        (
            "local_late",
            OBSERVER.format(type="local_late", method="async def task_sent(self, task)"),
            "PluginError: task_sent is async, so it would never run",
        ),
        (
            "local_odd",
            OBSERVER.format(type="local_odd", method="@classmethod\n    def task_sent(cls, tsk)"),
            "PluginError: task_sent takes 'tsk'; write it as task_sent(task, outcome), or with fewer arguments",
        ),
        ("local_bare", "x = 1", "PluginError: it implements no hook"),
        ("local_thief", SENDER.format(type="console"), "PluginClash: "),
        ("json", SENDER.format(type="local_json"), "PluginError: the module json is "),
        ("tabnanny", SENDER.format(type="local_c"), "PluginError: the module tabnanny is "),
        (
            "notifykit_wecom",
            SENDER.format(type="local_w"),
            "PluginError: its name is taken by plugin 'notifykit_wecom'",
        ),
    ],
)
def test_a_broken_one_is_told_as_any_other(project: Project, name: str, code: str, said: str) -> None:
    project.write(f"plugins/{name}.py", code)
    project.write("plugins/local_fine.py", SENDER.format(type="local_fine"))
    plugins = project.load()
    assert mine(plugins) == {"local_fine": "plugins/local_fine.py"}
    (failed,) = plugins.failed
    assert str(failed).startswith(f"plugin '{name}' of plugins/{name}.py: {said}")
    with pytest.raises(PluginError, match=f"plugins/{name}.py"):
        project.load(strict=True)
    listed = project.run("plugins")
    assert f"broken: plugin '{name}' of plugins/{name}.py: " in listed.stdout
    assert project.run("--strict-plugins", "status").exit_code == 1


def test_one_is_blocked_by_its_name(project: Project) -> None:
    project.write("notifykit.yaml", "plugins: {path: plugins, block: [local_raising]}\n")
    project.write("plugins/local_raising.py", "raise RuntimeError")
    plugins = project.load(strict=True)
    assert [blocked.name for blocked in plugins.blocked] == ["local_raising"]


def test_the_command_of_one_runs_and_none_is_imported_for_help(project: Project) -> None:
    project.write("plugins/local_hello.py", COMMAND.format(name="hello"))
    mark = project.folder / "imported"
    project.write("plugins/local_mark.py", f"open({str(mark)!r}, 'a').close()\n" + SENDER.format(type="local_mark"))
    for arguments in (["--help"], ["status", "--help"], [], ["-h"]):
        said = project.run(*arguments)
        assert "hello" not in said.output
        assert not mark.exists(), arguments
    assert project.run("hello").output.endswith("hello\n")
    assert mark.exists()
    assert "Say hello." in project.run("hello", "--help").output


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("nowhere", "cannot be read (No such file or directory); name one that holds plugins"),
        ("notifykit.yaml", "cannot be read (Not a directory); name one that holds plugins"),
        ("../elsewhere", "is outside of the project's folder; set `outside: true` beside `path`"),
        ("linked", "is outside of the project's folder; set `outside: true` beside `path`"),
        ("~/plugins", '"~" is not expanded'),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there, and errors have other words")
def test_a_folder_that_will_not_do_is_told_with_its_line(project: Project, written: str, said: str) -> None:
    elsewhere = project.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (project.folder / "linked").symlink_to(elsewhere)
    project.write("notifykit.yaml", f"store: a.db\nplugins:\n  path: {written}\n")
    with pytest.raises(ConfigError, match=r"notifykit\.yaml:3: plugins\.path: ") as caught:
        read_project(project.folder / "notifykit.yaml")
    assert said in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_what_lies_elsewhere_is_run_only_where_that_is_said(project: Project) -> None:
    elsewhere = project.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "local_far.py").write_text(SENDER.format(type="local_far"))
    (project.folder / "plugins" / "local_link.py").symlink_to(elsewhere / "local_far.py")
    (failed,) = project.load().failed
    assert failed.what == "it is a link out of the project's folder"
    project.write("notifykit.yaml", "plugins: {path: [plugins, ../elsewhere], outside: true, block: [local_far]}\n")
    assert mine(project.load(strict=True)) == {"local_link": "plugins/local_link.py"}
    project.write("notifykit.yaml", "plugins: {path: ../elsewhere, outside: true}\n")
    assert mine(project.load(strict=True)) == {"local_far": str(elsewhere / "local_far.py")}
