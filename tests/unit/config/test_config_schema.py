from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from notifykit.config.docstrings import field_docstrings
from notifykit.config.schema import Kind, json_schema
from notifykit.config.sections import CampaignSection, MessageSection, ProjectSection
from notifykit.plugins.registry import Registry

TEXT = ["string", "number", "boolean"]


def variants(section: Any, named: str = "type") -> dict[str, Any]:
    return {variant["properties"][named]["const"]: variant for variant in section["oneOf"] if "properties" in variant}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_it_is_json_and_every_reference_leads_somewhere(registry: Registry, kind: Kind) -> None:
    schema = json_schema(registry, kind)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == f"notifykit: a {kind} file"
    text = json.dumps(schema)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert references
    assert references <= schema["$defs"].keys()
    assert schema["additionalProperties"] is False


def test_a_campaign_has_the_keys_of_its_model(registry: Registry) -> None:
    schema = json_schema(registry)
    assert list(schema["properties"]) == list(CampaignSection.model_fields)
    assert list(schema["$defs"]["MessageSection"]["properties"]) == list(MessageSection.model_fields)
    assert json_schema(registry, "base")["properties"] == schema["properties"]


def test_the_options_of_every_type_are_in_it(registry: Registry) -> None:
    schema = json_schema(registry)
    rows = variants(schema["properties"]["source"])["rows"]
    assert list(rows["properties"]) == [
        "type",
        "path",
        "unsent",
        "sent",
        "every",
        "log",
        "rules",
        "free",
        "first",
        "token",
    ]
    assert rows["additionalProperties"] is False
    assert rows["description"] == "Rows of a file."
    assert rows["properties"]["type"]["description"] == "Offered by notifykit-fake 1.0."
    assert rows["properties"]["path"]["description"] == "The file with the rows."
    assert rows["properties"]["unsent"]["type"] == TEXT
    assert rows["properties"]["sent"]["enum"] == ["Y", "1", "yes"]
    assert rows["properties"]["rules"]["items"] == {"$ref": "#/$defs/source.rows.Rule"}
    assert schema["$defs"]["source.rows.Rule"]["properties"]["column"]["type"] == TEXT
    assert list(variants(schema["properties"]["strategy"])) == ["flag"]


def test_only_a_campaign_that_extends_nothing_needs_everything(registry: Registry) -> None:
    schema = json_schema(registry)
    assert "required" not in schema
    assert schema["$defs"]["MessageSection"]["required"] == ["name"]
    assert schema["if"] == {"not": {"required": ["extends"]}}
    assert schema["then"]["required"] == ["source", "strategy", "messages"]
    complete = schema["then"]["properties"]
    assert complete["messages"]["items"]["required"] == ["name", "recipient", "sender"]
    assert complete["source"]["required"] == ["type"]
    assert complete["source"]["allOf"][1]["then"] == {"required": ["path"]}
    assert variants(schema["properties"]["source"])["rows"]["required"] == ["type"]
    assert {"not": {"required": ["type"]}}.items() <= schema["properties"]["source"]["oneOf"][-1].items()
    assert "then" not in json_schema(registry, "base")


def test_the_project_has_a_section_for_each_sender(registry: Registry) -> None:
    schema = json_schema(registry, "project")
    assert list(schema["properties"]) == [*ProjectSection.model_fields, "desk"]
    senders = variants(schema["properties"]["senders"]["additionalProperties"])
    assert list(senders) == ["broken", "greedy", "odd", "plain", "quiet", "robot", "sloppy", "strange"]
    robot = senders["robot"]
    assert robot["required"] == ["type", "key"]
    assert list(robot["properties"]) == ["type", "key", "mentions", "revealed", "limits", "key_limits", "concurrency"]
    assert robot["properties"]["limits"]["anyOf"][0]["items"] == {"$ref": "#/$defs/LimitSection"}
    assert [list(way["properties"]) for way in robot["properties"]["key"]["oneOf"]] == [["env"], ["file"]]
    assert schema["properties"]["campaigns"]["anyOf"][0]["type"] == TEXT


def test_of_a_type_that_cannot_be_used_anything_goes(registry: Registry) -> None:
    senders = variants(json_schema(registry, "project")["properties"]["senders"]["additionalProperties"])
    assert list(senders["plain"]["properties"]) == ["type", "limits", "key_limits", "concurrency"]
    assert "additionalProperties" not in senders["plain"]
    assert senders["odd"]["properties"]["hook"] == {"title": "Hook"}


def test_without_any_plugin(registry: Registry) -> None:
    empty = Registry()
    assert json_schema(empty, "project")["properties"]["senders"]["additionalProperties"] == {"type": "object"}
    assert len(json_schema(empty)["properties"]["source"]["oneOf"]) == 1


@dataclass
class Parent:
    """Not a field."""

    a: int
    """One."""
    b: int
    c: int = 3
    """Three,
    in two lines."""
    """Not this."""


@dataclass
class Child(Parent):
    b: int = 2
    """Two."""


def test_what_stands_under_fields() -> None:
    assert field_docstrings(Child) == {"a": "One.", "b": "Two.", "c": "Three,\nin two lines."}


def test_a_class_without_source() -> None:
    assert field_docstrings(type("Made", (), {"__module__": "builtins"})) == {}


def test_each_kind_of_old_state_has_its_options(registry: Registry) -> None:
    schema = json_schema(registry)
    kinds = variants(schema["properties"]["legacy"], "kind")
    assert list(kinds) == ["answering", "bare", "job", "raising"]
    assert list(kinds["job"]["properties"]) == ["kind", "status_file", "keep", "word"]
    assert kinds["job"]["additionalProperties"] is False
    assert kinds["job"]["required"] == ["kind"]
    (needed,) = [
        rule["then"]["required"]
        for rule in schema["then"]["properties"]["legacy"]["allOf"]
        if rule and rule["if"]["properties"]["kind"]["const"] == "job"
    ]
    assert needed == ["status_file"]


def test_a_section_of_a_plugin_has_its_keys(registry: Registry) -> None:
    desk = json_schema(registry, "project")["properties"]["desk"]
    assert list(desk["properties"]) == ["channels", "share", "urls"]
    assert desk["additionalProperties"] is False
    assert desk["properties"]["channels"]["description"] == "Who sends what."
    assert desk["required"] == []
