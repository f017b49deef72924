"""The files that go with the metrics."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from notifykit import hookimpl
from notifykit.alerts.conditions import KINDS, Kind
from notifykit.errors import NotifykitError, PluginClash
from notifykit.metrics.examples import SHIPPED, examples, write_examples
from notifykit.metrics.families import FAMILIES
from notifykit.plugins import load_plugins
from notifykit.plugins.find import find_entry_points

RULES = [
    rule
    for group in yaml.safe_load((SHIPPED / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]

EXPORTED = {
    *FAMILIES,
    *(f"{name}{end}" for name in FAMILIES if name.endswith("_seconds") for end in ("_bucket", "_count", "_sum")),
}

DASHBOARD = json.loads((SHIPPED / "dashboard.json").read_text(encoding="utf-8"))


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bnotifykit_\w+", expression))


@pytest.mark.parametrize("kind", list(Kind))
def test_each_condition_of_alerts_has_a_rule_that_says_the_same(kind: Kind) -> None:
    (rule,) = (one for one in RULES if one["labels"].get("condition") == kind)
    known, expression = KINDS[kind], " ".join(rule["expr"].split())
    match known.measures:
        case "share":
            assert f"< {known.threshold:g}" in expression
        case "nothing":
            assert expression.endswith(" == 1")
        case _:
            assert f"> {known.threshold:g}" in expression
    ranges = set(re.findall(r"\[(\w+)\]", expression))
    lasting = rule.get("for", "0s")
    window = f"{known.window / 86_400:g}d" if known.window >= 86_400 else f"{known.window / 3_600:g}h"
    if known.looks_back:
        assert (ranges, lasting) == ({window}, "0s")
    else:
        assert (ranges, lasting) == (set(), f"{known.window / 60:g}m" if known.window else "0s")
    least = re.findall(r">= (\d+)", expression)
    assert least == ([str(known.at_least)] if known.at_least > 1 else [])


def test_each_rule_is_a_condition() -> None:
    assert sorted(rule["labels"]["condition"] for rule in RULES) == sorted(kind.value for kind in Kind)


def test_each_rule_says_what_is_wrong_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_rules_and_dashboard_name_what_is_exported() -> None:
    used: set[str] = set()
    for expression in (*(rule["expr"] for rule in RULES), *expressions()):
        assert named(expression) <= EXPORTED, expression
        used |= named(expression)
    assert {name for name in FAMILIES if not any(one.startswith(name) for one in used)} == set()


def test_the_dashboard_asks_only_the_source_that_is_chosen() -> None:
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in DASHBOARD["panels"] if "targets" in panel)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert "http" not in json.dumps(DASHBOARD)


class Wells:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def metrics_files(self) -> Path:
        return self.folder


def with_wells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setitem(sys.modules, "wells", Wells(folder))
    return load_plugins(entry_points=[*find_entry_points()[0], EntryPoint("wells", "wells", "notifykit")])


def test_the_examples_are_written_with_those_of_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wells = tmp_path / "wells"
    wells.mkdir()
    (wells / "wells_rules.yml").write_text("groups: []\n", encoding="utf-8")
    made = write_examples(tmp_path / "a" / "b", with_wells(wells, monkeypatch))  # type: ignore[arg-type]
    names = {file.name for file in made}
    assert {"rules.yml", "rules_test.yml", "alertmanager.yml", "dashboard.json", "wells_rules.yml"} <= names
    assert {"notifykit-metrics.timer", "notifykit-metrics.service", "prometheus.yml"} <= names
    assert (tmp_path / "a" / "b" / "wells_rules.yml").read_text(encoding="utf-8") == "groups: []\n"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(NotifykitError, match=r"rules\.yml is there already, and nothing is overwritten"):
        write_examples(tmp_path, load_plugins())
    assert [path.name for path in tmp_path.iterdir()] == ["rules.yml"]


def test_a_plugin_may_not_take_the_place_of_an_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules.yml").write_text("mine", encoding="utf-8")
    with pytest.raises(PluginClash, match="has the name of another example"):
        examples(with_wells(tmp_path, monkeypatch))  # type: ignore[arg-type]
