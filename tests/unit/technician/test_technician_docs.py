"""docs/technician.md shows the campaign that ships, and names every option."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import yaml
from notifykit_technician.json_file import JsonFile
from notifykit_technician.json_http import JsonHttp
from notifykit_technician.legacy_status import LegacyStatus

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "technician.md").read_text(encoding="utf-8")


def options(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls)}


def documented(of: str) -> set[str]:
    return set(re.findall(rf"^\| `(\w+)` \| (?:{of}) \|", PAGE, re.MULTILINE))


def test_the_example_is_the_campaign_that_ships() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    shipped = (ROOT / "config" / "campaigns" / "technicians.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(example) == yaml.safe_load(shipped)


def test_every_option_of_the_sources_is_documented() -> None:
    assert documented("`json_file`|both") == options(JsonFile)
    assert documented("`json_http`|both") == options(JsonHttp)


def test_every_option_of_the_strategy_is_documented() -> None:
    table = PAGE[PAGE.index("| option of `legacy_status`") :].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == options(LegacyStatus)
