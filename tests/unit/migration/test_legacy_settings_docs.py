"""docs/configuration.md has exactly the keys of `legacy:` that the plugins read, with their defaults."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import yaml
from cli_world import CliWorld
from notifykit_contract.legacy_options import ContractState
from notifykit_migration.legacy.settings import LegacySettings, Modules, others_of, settings_of
from notifykit_technician.legacy_options import TechnicianState

from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins

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
    nothing = LegacySettings()
    assert set(told) == {item.name for item in fields(LegacySettings)}
    assert told["others"][1] == f"`{nothing.others}`"
    assert told["on_unknown"][1] == f"`{nothing.on_unknown.value}`"
    assert told["interval"][1] == f"`{nothing.interval:g}`"


def test_its_example_is_taken_and_names_the_usual_modules(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", section("legacy"), re.MULTILINE | re.DOTALL)
    world = CliWorld(tmp_path)
    world.project.write_text(f"{world.project.read_text(encoding='utf-8').rstrip()}\n{text}", encoding="utf-8")
    configuration = open_project(world.project, secrets=False).configuration
    assert settings_of(configuration).modules == Modules()
    assert others_of(configuration) == {"send_wecom_message": "beijing-group"}


def test_the_campaign_section_has_the_keys_that_are_read() -> None:
    told = table("legacy of a campaign")
    contract, technician = ({item.name for item in fields(kind)} for kind in (ContractState, TechnicianState))
    assert list(told) == ["kind", "status_file", "sent_word", "number"]
    assert {key for key, cells in told.items() if cells[0] in ("both", "contract")} == contract
    assert {key for key, cells in told.items() if cells[0] in ("both", "technician")} == technician
    made = ContractState(status_file=Path("x.json"))
    assert told["sent_word"][2] == f"`{made.sent_word}`"
    assert told["number"][2] == f"`{made.number}`"


def test_the_example_of_a_campaign_is_taken() -> None:
    said = example("legacy of a campaign")["legacy"]
    assert said.pop("kind") in load_plugins().registry.legacy
    assert ContractState(status_file=Path(str(said.pop("status_file")))).state("beijing").campaign == "beijing"
    assert said == {}
