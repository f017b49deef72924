"""`notifykit plugins`, `new-plugin` and `schema`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cli_world import CliWorld
from click.testing import CliRunner

from notifykit.cli import app
from notifykit.cli.app import build_cli
from notifykit.config.schema import json_schema
from notifykit.plugins import Plugins, find, load_plugins
from notifykit.plugins.find import FoundPlugin
from notifykit.plugins.scaffold import KINDS, next_steps


def test_plugins_are_listed_with_version_place_and_what_they_offer(world: CliWorld) -> None:
    world.environment["COLUMNS"] = "200"
    out = world.invoke("plugins").stdout
    assert "notifykit_contract" in out
    assert "sources contract_csv, csv, directory; strategies contract, csv_flag" in " ".join(out.split())
    assert "notifykit_contract/__init__.py" in out
    told = world.json("plugins")
    assert set(told) == {"plugins", "blocked", "failed", "warnings"}
    by_name = {plugin["name"]: plugin for plugin in told["plugins"]}
    assert by_name["notifykit_wecom"]["types"]["senders"] == ["wecom_robot", "wecom_app"]


def test_without_a_project_all_are_listed(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_cli(), ["--project", str(tmp_path / "none.yaml"), "plugins", "--json"])
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)["plugins"]) >= 5


def test_blocked_and_broken_ones_are_listed_with_the_reason(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def loading(*, block: list[str], strict: bool, local: Iterable[FoundPlugin]) -> Plugins:
        found, _ = find.find_entry_points()
        broken = EntryPoint("broken", "no_such_module_anywhere", "notifykit")
        return load_plugins(block=block, strict=strict, entry_points=[*found, broken], local=local)

    monkeypatch.setattr(app, "load_plugins", loading)
    world.edit("notifykit.yaml", "store:", "plugins: {block: [notifykit_wecom, nobody]}\nstore:")
    result = world.invoke("plugins")
    assert result.exit_code == 0
    assert "blocked: plugin 'notifykit_wecom' of notifykit-outbox" in result.stdout
    assert "broken: plugin 'broken' of (no distribution): ModuleNotFoundError: " in result.stdout
    assert "block list: nothing is called 'nobody'" in result.stdout
    told = world.json("plugins")
    assert [plugin["name"] for plugin in told["blocked"]] == ["notifykit_wecom"]
    assert told["failed"][0]["traceback"]


def test_new_plugin(tmp_path: Path) -> None:
    runner = CliRunner()
    result = runner.invoke(build_cli(), ["new-plugin", "acme-sms", "--folder", str(tmp_path)])
    assert result.exit_code == 0
    files = [Path(line) for line in result.stdout.splitlines()]
    assert files
    assert all(file.is_file() and file.is_relative_to(tmp_path) for file in files)
    steps = next_steps(tmp_path / "notifykit-acme-sms")
    asked = "before you publish it: its name is free here; no package index was asked"
    assert result.stderr == "\n".join(["to set it up and try it:", *(f"  {step}" for step in steps), asked, ""])
    result = runner.invoke(build_cli(), ["new-plugin", "acme-sms", "--folder", str(tmp_path)])
    assert (result.exit_code, result.stderr.startswith("error: ")) == (1, True)
    result = runner.invoke(build_cli(), ["new-plugin", "acme-mail", "--folder", str(tmp_path), "--json"])
    told = json.loads(result.stdout)
    assert all(Path(file).is_file() for file in told["files"])
    assert told["next"] == next_steps(tmp_path / "notifykit-acme-mail")


TAKEN = {"sender": "console", "source": "csv", "strategy": "once", "command": "status"}


@pytest.mark.parametrize("kind", KINDS)
def test_new_plugin_makes_each_kind_unless_its_name_is_taken(tmp_path: Path, kind: str) -> None:
    made = ["--kind", kind, "--folder", str(tmp_path)]
    result = CliRunner().invoke(build_cli(), ["new-plugin", "acme", *made])
    assert result.exit_code == 0
    readme = tmp_path / "notifykit-acme" / "README.md"
    assert f"A {kind} for acme" in readme.read_text(encoding="utf-8")
    if name := TAKEN.get(kind):
        result = CliRunner().invoke(build_cli(), ["new-plugin", name, *made])
        assert result.exit_code == 1
        assert f"{name!r} already; choose another name" in result.stderr
        assert not (tmp_path / f"notifykit-{name}").exists()


def test_new_plugin_refuses_a_name_that_cannot_be_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_cli(), ["new-plugin", "a b", "--folder", str(tmp_path)])
    assert result.exit_code == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["campaign", "base", "project"])
def test_schema(kind: str, tmp_path: Path) -> None:
    runner = CliRunner()
    result = runner.invoke(build_cli(), ["--project", str(tmp_path / "none.yaml"), "schema", kind])
    assert result.exit_code == 0
    found, _ = find.find_entry_points()
    registry = load_plugins(entry_points=found).registry
    expected = {name: json_schema(registry, name) for name in ("campaign", "base", "project")}
    assert json.loads(result.stdout) == expected[kind]


def test_schema_is_that_of_campaigns_unless_told_otherwise(world: CliWorld) -> None:
    assert world.invoke("schema").stdout == world.invoke("schema", "campaign").stdout
    assert world.invoke("schema", "nonsense").exit_code == 2
