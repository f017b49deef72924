"""docs/metrics.md lists what is exported, and the alerts, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from notifykit.metrics.examples import SHIPPED
from notifykit.metrics.families import FAMILIES

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("metrics.md", "metrics.zh-CN.md")}


def rows(page: str, first: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGES[page].splitlines()
        if line.startswith(f"| `{first}")
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_is_on_the_page_with_its_labels(page: str) -> None:
    assert [(name, kind, labels) for name, kind, labels, _ in rows(page, "notifykit_")] == [
        (f"`{name}`", kind.value, ", ".join(f"`{label}`" for label in labels) or "–")
        for name, (kind, labels, _) in FAMILIES.items()
    ]


def test_the_page_says_what_the_metrics_say_of_themselves() -> None:
    told = {name.strip("`"): meaning for name, _, _, meaning in rows("metrics.md", "notifykit_")}
    assert told == {name: help_.rstrip(".") for name, (_, _, help_) in FAMILIES.items()}


@pytest.mark.parametrize("page", PAGES)
def test_every_alert_is_on_the_page_with_its_condition(page: str) -> None:
    groups = yaml.safe_load((SHIPPED / "rules.yml").read_text(encoding="utf-8"))["groups"]
    assert [(name, condition, severity) for name, condition, severity, _ in rows(page, "Notifykit")] == [
        (
            f"`{rule['alert']}`",
            f"`{rule['labels']['condition']}`" if "condition" in rule["labels"] else "–",
            rule["labels"]["severity"],
        )
        for group in groups
        for rule in group["rules"]
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_on_the_page(page: str) -> None:
    listed = re.findall(r"^\| `([\w.-]+\.(?:yml|json|service|timer))` \|", PAGES[page], re.MULTILINE)
    assert sorted(listed) == sorted(file.name for file in SHIPPED.iterdir())
