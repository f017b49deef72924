"""docs/configuration.md has exactly the keys of `legacy:` that the plugins read, with their defaults."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import notifykit_contract.legacy_options as contract_options
import notifykit_technician
import pytest
import yaml
from notifykit_compat.settings import MODULES, LegacySettings, read_settings
from notifykit_migration.store import fence

from notifykit.errors import ConfigError

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return re.split(r"^##", PAGE.partition(f"### {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def table(heading: str) -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section(heading), re.MULTILINE)
    return {key: [cell.strip() for cell in cells.split("|")] for key, cells in rows}


def example(heading: str) -> dict[str, dict[str, object]]:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", section(heading), re.MULTILINE | re.DOTALL)
    found: dict[str, dict[str, object]] = yaml.safe_load(text)
    return found


def test_the_project_section_has_the_keys_that_are_read() -> None:
    told = table("legacy")
    assert set(told) == {"others", *(field.name for field in fields(LegacySettings))}
    nothing = read_settings("notifykit.yaml", {}, {})
    assert told["on_unknown"][1] == f"`{nothing.on_unknown.value}`"
    assert told["interval"][1] == f"`{nothing.interval:g}`"


def test_its_example_is_taken_and_names_the_usual_modules() -> None:
    legacy = example("legacy")["legacy"]
    settings = read_settings("notifykit.yaml", legacy, {"beijing-group": object()})
    assert settings.modules == MODULES
    configuration = SimpleNamespace(
        settings=SimpleNamespace(file="notifykit.yaml"),
        legacy=legacy,
        campaigns=(),
        disabled=(),
        channels={"beijing-group": object()},
    )
    assert fence.others_of(configuration) == {"send_wecom_message": "beijing-group"}  # type: ignore[arg-type]


def test_the_campaign_section_has_the_keys_that_are_read() -> None:
    told = table("legacy of a campaign")
    assert list(told) == ["kind", "status_file", "sent_word", "number"]
    assert told["sent_word"][2] == f"`{contract_options.SENT_WORD}`"
    assert told["number"][2] == f"`{contract_options.NUMBER}`"
    contract = example("legacy of a campaign")["legacy"]
    state = contract_options.state_of("beijing", contract)
    assert state is not None
    assert (state.sent_word, state.number) == (contract_options.SENT_WORD, contract_options.NUMBER)
    technician = notifykit_technician.legacy_state("technicians", {**contract, "kind": "technician"})
    assert technician is not None


@pytest.mark.parametrize("key", ["status_file", "sent_word", "number"])
def test_each_key_is_read(key: str) -> None:
    contract = {**example("legacy of a campaign")["legacy"], key: 7}
    with pytest.raises(ConfigError, match=rf"legacy\.{key}"):
        contract_options.state_of("beijing", contract)
