from __future__ import annotations

from collections.abc import Callable

import pytest

from notifykit.config.explain import keys_at, shown
from notifykit.config.sections import ProjectSection
from notifykit.config.tree import Written

Complaints = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "empty"),
        ("text", '"text"'),
        ("x" * 61, '"' + "x" * 60 + '…"'),
        (Written("no", False), "no"),
        ({}, "a mapping"),
        ([], "a list"),
        (5.5, "5.5"),
        ("https://a.example/webhook/send?key=1", "what stands there"),
    ],
)
def test_values_in_messages(value: object, text: str) -> None:
    assert shown(value) == text


def test_the_keys_at_a_path() -> None:
    schema = ProjectSection.model_json_schema()
    assert keys_at(schema, ("dispatch",)) == ["workers", "lease", "timeout"]
    assert keys_at(schema, ("senders", "any", "limits", 3)) == ["count", "seconds"]
    assert keys_at(schema, ("senders", "any", "limits", "list[LimitSection]", 3)) == ["count", "seconds"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ("rules: [{colum: x}]", "senders.odd.rules[0].column: is missing"),
        ("rules: [{column: x, equal: 1}]", 'senders.odd.rules[0].equal: there is no such key; did you mean "equals"?'),
        ("rules: [[x]]", "senders.odd.rules[0]: must be a mapping or text, not a list"),
        ("hoo: 1", 'senders.odd.hoo: there is no such key; did you mean "hook"?'),
        ("share: .nan", "senders.odd.share: must be a number, not .nan"),
        ("share: inf", 'senders.odd.share: must be a number, not "inf"'),
        ("hook: 1", "senders.odd.hook: must be callable, not 1"),
    ],
)
def test_options_of_several_kinds(complaints: Complaints, options: str, what: str) -> None:
    lines = complaints({"notifykit.yaml": f"senders:\n  note: {{type: quiet}}\n  odd: {{type: odd, {options}}}\n"})
    assert f"notifykit.yaml:3: {what}" in lines
