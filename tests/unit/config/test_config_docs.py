"""docs/configuration.md says what the models say, and its examples load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from notifykit.campaign.template_filters import FILTERS
from notifykit.campaign.template_times import time_filters
from notifykit.campaign.times import PassTime
from notifykit.config import batch_section, column_section, sections
from notifykit.config.defects import InvalidConfigurationError
from notifykit.config.explain import TolerantJsonSchema
from notifykit.config.project import read_project
from notifykit.config.resolve import resolve
from notifykit.config.section import Section
from notifykit.model import OnUnknown
from notifykit.plugins import load_plugins
from notifykit.plugins.registry import Registry

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
MODELS: Mapping[str, type[BaseModel]] = {
    name: model
    for name, model in (vars(sections) | vars(column_section) | vars(batch_section)).items()
    if isinstance(model, type) and issubclass(model, Section | sections.TypedSection)
}
WITH_TABLES = sorted(MODELS.keys() - {"Section", "TypedSection", "SendingSection"})
KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list", "object": "mapping"}


def kind(schema: Mapping[str, Any]) -> str:
    """Return what a value is, in words."""
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "$ref" in schema:
        return " or ".join(f"`{word}`" for word in OnUnknown) if schema["$ref"].endswith("OnUnknown") else "mapping"
    members = [kind(member) for member in schema.get("anyOf", ()) if member.get("type") != "null"]
    if members == ["number", "text"]:
        return "duration"
    return " or ".join(members) or KINDS.get(schema["type"], schema["type"])


def default(field: FieldInfo) -> str:
    """Return what counts where a key is not written."""
    if field.is_required():
        return "**required**"
    match field.get_default(call_default_factory=True, validated_data={}):
        case None | BaseModel():
            return ""
        case Enum(value=value):
            return f"`{value}`"
        case bool(value):
            return f"`{str(value).lower()}`"
        case float(value):
            return f"`{value:g}`"
        case list(value):
            return f"`[{', '.join(value)}]`"
        case value:
            return f"`{value}`"


def table(model: type[BaseModel]) -> str:
    """Return the keys of a section as the page has them."""
    shared = sections.SendingSection.model_fields if model is not sections.SendingSection else {}
    properties = model.model_json_schema(schema_generator=TolerantJsonSchema)["properties"]
    rows = [
        f"| `{name}` | {kind(properties[name])} | {default(field)} | {field.description} |"
        for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] in shared)
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


@pytest.mark.parametrize("name", WITH_TABLES)
def test_the_page_has_exactly_the_keys_of_the_model(name: str) -> None:
    found = re.search(rf"<!-- keys of {name} -->\n(.*?)\n\n", PAGE, re.DOTALL)
    assert found, f"docs/configuration.md has no table after <!-- keys of {name} -->"
    assert found[1] == table(MODELS[name])


def test_the_page_has_no_table_of_anything_else() -> None:
    assert sorted(re.findall(r"<!-- keys of (\w+) -->", PAGE)) == WITH_TABLES
    assert PAGE.count("| key | value |") == len(WITH_TABLES)


@pytest.mark.parametrize("name", [*FILTERS, *time_filters(PassTime())])
def test_the_page_tells_of_every_filter(name: str) -> None:
    assert re.search(rf"^\| [^|]*`{name}`", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def installed() -> Registry:
    return load_plugins().registry


def examples() -> dict[str, str]:
    """Return the page's files by the names that they have in their first line."""
    blocks = re.findall(r"^```yaml\n# (\S+\.yaml)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return {name: f"# {name}\n{text}" for name, text in blocks}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEIJING_ROBOT_KEY", "invented-key")
    Path("campaigns").mkdir()
    for name, text in examples().items():
        Path(name).write_text(text, encoding="utf-8")
    return Path("notifykit.yaml")


def test_the_examples_load(written: Path, installed: Registry) -> None:
    configuration = resolve(read_project(written), installed)
    assert configuration.unavailable == ()
    assert [campaign.name for campaign in configuration.campaigns] == ["beijing-aug", "beijing-sep"]
    assert [message.name for message in configuration.campaigns[1].messages] == ["group", "award"]


def test_the_errors_are_the_ones_that_are_shown(written: Path, installed: Registry) -> None:
    shown = re.search(r"```text\n(notifykit|campaigns)(.*?)```", PAGE, re.DOTALL)
    assert shown
    campaign = Path("campaigns/beijing-aug.yaml")
    wrong = campaign.read_text(encoding="utf-8").replace("unsent: N", "unsnt: N")
    campaign.write_text(wrong.replace("sender: beijing-group", "sender: beijng-group", 1), encoding="utf-8")
    project = written.read_text(encoding="utf-8").replace("{env: BEIJING_ROBOT_KEY}", "11112222-3333")
    written.write_text(project, encoding="utf-8")
    with pytest.raises(InvalidConfigurationError) as caught:
        resolve(read_project(written), installed)
    assert str(caught.value) + "\n" == shown[1] + shown[2]
