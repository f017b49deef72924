"""`notifykit metrics`, and `--metrics` of `run`."""

from __future__ import annotations

import builtins
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from cli_world import CliWorld


def test_the_metrics_are_printed(world: CliWorld) -> None:
    world.lived()
    result = world.invoke("metrics")
    assert result.exit_code == 0
    assert (
        'notifykit_attempts_total{campaign="beijing",channel="beijing-group",verdict="accepted"} 2.0' in result.stdout
    )
    assert not [line for line in result.stdout.splitlines() if not line.startswith(("notifykit_", "# "))]
    assert result.stderr == ""


def test_a_file_for_node_exporter(world: CliWorld, tmp_path: Path) -> None:
    world.lived()
    file = tmp_path / "notifykit.prom"
    result = world.invoke("metrics", "--textfile", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"written: {file}" in result.stderr
    assert file.read_text(encoding="utf-8") == world.invoke("metrics").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--textfile", "x.txt"), 1, "x.txt: is no name that node_exporter reads; let it end in .prom"),
        (("--textfile", "gone/x.prom"), 1, "gone/x.prom: cannot be written"),
        (("--example", "notifykit.yaml/new"), 1, "notifykit.yaml/new: cannot be written"),
        (("--textfile", "notifykit.yaml"), 2, "notifykit.yaml is there already, and is none that this option writes"),
        (("--textfile", "a.prom", "--example", "b"), 2, "`--textfile` and `--example` do not go together"),
    ],
)
def test_what_cannot_be_written_is_told(
    world: CliWorld, arguments: tuple[str, ...], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    result = world.invoke("metrics", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_the_examples_need_no_project(tmp_path: Path, world: CliWorld) -> None:
    world.project.unlink()
    folder = tmp_path / "monitoring"
    result = world.invoke("metrics", "--example", str(folder))
    assert result.exit_code == 0
    assert set(result.stdout.split()) == {str(file) for file in folder.iterdir()}
    again = world.invoke("metrics", "--example", str(folder))
    assert again.exit_code == 4
    assert "are there already, and nothing is overwritten" in again.stderr


@pytest.mark.parametrize("command", [("metrics",), ("run", "--metrics", "9464")])
def test_without_the_library_it_is_told_what_to_install(
    world: CliWorld, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name == "prometheus_client" else found(name, package)

    monkeypatch.setattr("notifykit.metrics.exposition.find_spec", without)
    result = world.invoke(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        result.stderr
        == 'error: metrics need prometheus_client, which is not installed; pip install "notifykit-outbox[metrics]"\n'
    )


def test_nothing_but_metrics_imports_the_library(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = builtins.__import__

    def refusing(name: str, *arguments: Any, **options: Any) -> Any:
        assert not name.startswith("prometheus_client")
        return whole(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refusing)
    for command in (("run", "--once"), ("status",), ("health",), ("dispatch",)):
        assert world.invoke(*command).exit_code == 0


@pytest.mark.parametrize("option", ["--once", "--dry-run"])
def test_one_pass_answers_no_scrapes(world: CliWorld, option: str) -> None:
    result = world.invoke("run", option, "--metrics", "9464")
    assert result.exit_code == 2
    assert "`--metrics` is for a run that goes on" in result.stderr


def test_an_address_that_is_none_ends_the_run_before_it_begins(world: CliWorld) -> None:
    result = world.invoke("run", "--metrics", "everywhere")
    assert result.exit_code == 1
    assert "'everywhere' is no address to listen at; write 127.0.0.1:9464, or the port alone" in result.stderr
    assert not world.store.exists()
