"""What the examples say to an editor, and that the demonstration lives through the very same ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

import notifykit.demo
from notifykit.config.schema import Kind, json_schema
from notifykit.plugins import load_plugins

EXAMPLES = Path(__file__).parents[3] / "config"
WORLD = Path(notifykit.demo.__file__).parent / "project"

YAML = [*EXAMPLES.rglob("*.yaml"), *WORLD.rglob("*.yaml")]


@pytest.mark.parametrize("file", YAML, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_first_line_leads_an_editor_to_the_schema_of_that_kind_of_file(file: Path) -> None:
    first = file.read_text("utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found is not None
    kind = "project" if file.name == "notifykit.yaml" else "base" if file.name.startswith("_") else "campaign"
    root = WORLD if file.is_relative_to(WORLD) else EXAMPLES
    assert (file.parent / found[1]).resolve() == root / "schema" / f"{kind}.json"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_the_schemas_are_those_that_the_command_prints(kind: Kind) -> None:
    kept = json.loads((EXAMPLES / "schema" / f"{kind}.json").read_text("utf-8"))
    mend = f"run `notifykit schema {kind} > config/schema/{kind}.json`"
    assert kept == json_schema(load_plugins().registry, kind), mend


def test_the_demonstration_has_the_examples_as_they_are() -> None:
    shipped = sorted((WORLD / "examples").glob("*.yaml"))
    assert [file.name for file in shipped] == ["_contracts.yaml", "beijing.yaml", "shanghai.yaml", "technicians.yaml"]
    for file in shipped:
        assert file.read_bytes() == (EXAMPLES / "campaigns" / file.name).read_bytes(), (
            f"copy config/campaigns/{file.name}"
        )
    for file in (EXAMPLES / "templates").glob("*"):
        assert (WORLD / "templates" / file.name).read_bytes() == file.read_bytes(), f"copy config/templates/{file.name}"


def test_next_month_is_three_lines() -> None:
    lines = (EXAMPLES / "campaigns" / "beijing-2025-09.yaml").read_text("utf-8").splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == 3


def test_contract_files_have_the_29_columns_the_mark_and_the_line_ends_of_the_legacy_job() -> None:
    files = sorted((EXAMPLES / "data").glob("Performance*.csv"))
    assert len(files) == 3
    for file in files:
        data = file.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        assert len(data.splitlines()[0].decode("utf-8-sig").split(",")) == 29
        assert data.count(b"\r\n") == data.count(b"\n")
    assert b"\r" not in (EXAMPLES / "data" / "orders.csv").read_bytes()
