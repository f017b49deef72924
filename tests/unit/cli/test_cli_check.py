"""`notifykit check`, and the function below it."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from cli_world import CliWorld, contract

from notifykit import hookimpl
from notifykit.errors import CampaignError, NotifykitError
from notifykit.operate import check as checking
from notifykit.pipeline.project import Project
from notifykit.plugins import load_plugins
from notifykit.plugins.find import find_entry_points


def findings(world: CliWorld, code: int) -> list[tuple[str, str, str]]:
    told: dict[str, Any] = world.json("check", code=code)
    assert told["ok"] is (code in (0, 3))
    return [(item["level"], item["about"], item["what"]) for item in told["findings"]]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file, but what Python and the check of the store leave beside them."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix != ".pyc"
    }


def test_nothing_is_wrong_and_nothing_is_changed(world: CliWorld) -> None:
    before = tree(world.folder)
    result = world.invoke("check")
    assert (result.exit_code, result.stdout) == (0, "1 campaign tried; nothing must be mended\n")
    assert tree(world.folder) == before
    world.lived()
    before = tree(world.folder)
    assert world.invoke("check").exit_code == 0
    assert tree(world.folder) == before


def test_everything_is_listed_at_once(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "award-desk: {", "award-desk: {nonsense: 1, ")
    world.edit("notifykit.yaml", "workers: 2", "workers: many")
    world.edit("campaigns/beijing.yaml", "sender: beijing-group", "sender: nobody")
    result = world.invoke("check")
    assert result.exit_code == 4
    errors = [line for line in result.stdout.splitlines() if line.startswith("error: configuration: ")]
    assert len(errors) >= 3
    assert all("yaml:" in line for line in errors)
    assert result.stdout.splitlines()[-1] == "0 campaigns tried; mend the errors"


def test_each_finding_has_its_parts(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "workers: 2", "workers: many")
    (found,) = world.json("check", code=4)["findings"]
    parts = found["error"]
    assert found["what"] == f"{parts['where']}: {parts['what']}"
    assert "notifykit.yaml:" in parts["where"]
    assert parts["mend"] is None


def test_the_mend_is_a_part_of_its_own(world: CliWorld) -> None:
    campaign = world.folder / "campaigns" / "beijing.yaml"
    campaign.write_bytes(campaign.read_bytes() + b"# \xff\n")
    (found,) = world.json("check", code=4)["findings"]
    parts = found["error"]
    assert (parts["what"], parts["mend"]) == ("is not UTF-8", "save the file as UTF-8")
    assert found["what"] == f"{parts['where']}: is not UTF-8; save the file as UTF-8"


def test_a_missing_secret_does_not_hide_the_rest(world: CliWorld) -> None:
    sender = "award-desk: {type: webhook, url: {env: NO_SUCH_VARIABLE_HERE}}"
    world.edit("notifykit.yaml", "award-desk: {type: file, path: out/awards.jsonl}", sender)
    world.csv.unlink()
    found = findings(world, 4)
    assert [about for _, about, _ in found] == ["configuration", "beijing"]
    assert "NO_SUCH_VARIABLE_HERE is not set" in found[0][2]
    assert "bj.csv" in found[1][2]


def test_a_missing_plugin(world: CliWorld) -> None:
    world.write_campaign("aaa", "extends: beijing.yaml\nstrategy: {type: nonsense}\n")
    ((level, about, what),) = findings(world, 4)
    assert (level, about) == ("error", "aaa")
    assert 'no plugin offers the strategy type "nonsense"; install' in what


def test_a_missing_plugin_is_told_with_what_is_wrong(world: CliWorld) -> None:
    world.write_campaign("aaa", "extends: beijing.yaml\nstrategy: {type: nonsense}\norder: no\n")
    told = [what for _, about, what in findings(world, 4) if about == "configuration"]
    assert len(told) == 2
    assert "aaa.yaml:3: order: is no" in told[0]
    assert (
        'aaa.yaml:2: campaign "aaa" cannot be used: no plugin offers the strategy type "nonsense"; install' in told[1]
    )


def test_a_block_that_blocks_nothing(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "store:", "plugins: {block: [nobody]}\nstore:")
    ((level, about, what),) = findings(world, 4)
    assert (level, about) == ("error", "plugins")
    assert "nobody" in what


@pytest.mark.parametrize("about", ["source", "flag", "strategy"])
def test_paths_and_columns(world: CliWorld, about: str) -> None:
    if about == "source":
        world.edit("campaigns/beijing.yaml", "data/bj.csv", "data/none.csv")
    elif about == "flag":
        world.edit("data/bj.csv", "是否发送通知", "发送通知")
    else:
        strategy = "{type: legacy_status, status_file: data/status.json}"
        world.edit("campaigns/beijing.yaml", "{type: contract}", strategy)
        (world.folder / "data" / "status.json").write_text('{"1": "发送', encoding="utf-8")
    ((level, campaign, what),) = findings(world, 4)
    assert (level, campaign) == ("error", "beijing")
    assert {"source": "none.csv", "flag": "是否发送通知", "strategy": "status.json"}[about] in what


def test_templates_are_rendered(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ record["备考"] }}')
    ((level, about, what),) = findings(world, 4)
    assert (level, about) == ("error", "beijing")
    assert what.startswith("message group: no record can have it: ")
    assert "备考" in what


def test_recipients_are_rendered(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", "recipient: 北京签约喜报群", "recipient: '{{ record[\"群\"] }}'")
    ((level, _, what),) = findings(world, 4)
    assert (level, "群" in what) == ("error", True)


@pytest.mark.parametrize(
    ("what", "before"),
    [("text", """'签约 {{ record["合同ID(_id)"] }} {{ record["备注"] }}'"""), ("recipient", "北京签约喜报群")],
)
def test_what_would_be_empty_is_found(world: CliWorld, what: str, before: str) -> None:
    world.edit("campaigns/beijing.yaml", f": {before}", """: '{{ record["备注"] }}'""")
    world.write_rows([[contract(1), "甲", "0", "N", "x"], [contract(2), "甲", "0", "N", " "]])
    (told,) = [item for item in findings(world, 3) if item[0] == "held"]
    assert told[1] == "beijing"
    assert told[2].startswith(f"{world.csv}:3: ")
    assert f"message `group` has an empty {what}; correct the template or the row" in told[2]


def test_a_template_that_fails_for_some_rows_holds_only_these(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SAMPLE", 1)  # the row is beyond it
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ record["备注"] | int / record["备注"] | int }}')
    world.write_rows([[contract(number), "甲", "1", "N", str(3 - number)] for number in (1, 2, 3)])
    ((level, about, what),) = findings(world, 3)
    assert (level, about) == ("held", "beijing")
    assert what.startswith(f"{world.csv}:4: ")
    assert "ZeroDivisionError" in what


def test_rows_of_one_key_that_differ_are_held_as_generate_does(world: CliWorld) -> None:
    world.write_rows([[contract(1), "甲", "1", "N", "一"], [contract(1), "甲", "1", "N", "二"]])
    ((level, _, what),) = findings(world, 3)
    assert (level, "stands in 2 rows that differ in 备注" in what) == ("held", True)


def test_only_what_needs_notifying_is_rendered(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ 1 / record["备注"] | int }}')
    world.write_rows([[contract(1), "甲", "1", "Y", "0"], [contract(2), "乙", "1", "N", "1"]])
    assert findings(world, 0) == []


def test_where_nothing_needs_notifying_the_others_are_rendered(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", '{{ record["备注"] }}', '{{ record["备考"] }}')
    world.write_rows([[contract(1), "甲", "0", "Y", ""]])
    assert findings(world, 4)[0][2].startswith("message group: no record can have it: ")


def test_a_text_that_is_too_long_for_its_channel(world: CliWorld) -> None:
    robot = "beijing-group: {type: wecom_robot, key: {file: key}} #"
    (world.folder / "key").write_text("00000000-0000-0000-0000-000000000000", encoding="utf-8")
    world.edit("notifykit.yaml", "beijing-group: ", robot)
    world.write_rows([[contract(1), "甲", "0", "N", "长" * 3000]])
    found = findings(world, 4)
    assert any("bytes, and channel beijing-group takes" in what and "`split: lines`" in what for _, _, what in found)
    world.edit("campaigns/beijing.yaml", "sender: beijing-group", "sender: beijing-group\n    split: lines")
    assert any("shorten its longest line" in what for _, _, what in findings(world, 4))
    world.write_rows([[contract(1), "甲", "0", "N", "\n".join(["长" * 500] * 6)]])
    assert not any("bytes" in what for _, _, what in findings(world, 0))


def test_what_could_not_be_tried_is_said(world: CliWorld) -> None:
    world.write_rows([])
    ((level, _, what),) = findings(world, 0)
    assert (level, what) == ("note", "no record yet, so its templates were compiled and not rendered")
    world.write_rows([[contract(1), "甲", "0", "N", ""]])
    ((level, _, what),) = findings(world, 0)
    assert what == "message award: none of the first records needs it, so its template was not rendered"


def test_held_rows_are_noted(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SAMPLE", 2)
    world.write_rows([["", "甲", "1", "N", str(number)] for number in range(3)] + [[contract(1), "甲", "1", "N", ""]])
    found = findings(world, 3)
    assert [what for _, _, what in found][-1] == "… and 1 more rows"
    assert {level for level, _, _ in found} == {"held"}
    assert len(found) == 3
    assert found[0][2].startswith(f"{world.csv}:2: ")


def test_messages_that_wait_for_a_channel_that_is_gone(world: CliWorld) -> None:
    assert world.invoke("generate").exit_code == 0
    world.edit("notifykit.yaml", "beijing-group:", "second:")
    world.edit("campaigns/beijing.yaml", "sender: beijing-group", "sender: second")
    done = world.invoke("check")
    assert done.exit_code == 3
    assert "`senders` has no beijing-group, for which messages wait (2); put it back, or drop them" in done.stdout
    world.edit("notifykit.yaml", "second:", "beijing-group: {type: no_such_plugin}\n  second:")
    done = world.invoke("check")
    assert "for which messages wait" not in done.stdout, "why it cannot be used is said already"
    assert 'channel "beijing-group" cannot be used' in done.stdout


def test_a_disabled_campaign_is_not_tried(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", "source:", "enabled: false\nsource:")
    world.csv.unlink()
    noted = "note: configuration: no campaign is enabled\n"
    assert world.invoke("check").stdout == f"{noted}0 campaigns tried; nothing must be mended\n"


@pytest.mark.parametrize("what", ["not a database", "a file in the way", "a folder"])
def test_a_store_that_cannot_be_used(world: CliWorld, what: str) -> None:
    if what == "not a database":
        world.store.parent.mkdir()
        world.store.write_text("x" * 5000, encoding="utf-8")
    elif what == "a folder":
        world.store.mkdir(parents=True)
    else:
        world.store.parent.write_text("", encoding="utf-8")
    ((level, about, text),) = findings(world, 4)
    assert (level, about) == ("error", "store")
    assert str(world.store.parent) in text


@pytest.mark.skipif(os.name != "posix", reason="modes of folders")
def test_a_folder_that_cannot_be_written(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = os.access

    def refuse(path: Path, mode: int) -> bool:
        return path != world.folder and ask(path, mode)  # the superuser may write everywhere

    monkeypatch.setattr(os, "access", refuse)
    ((_, about, text),) = findings(world, 4)
    assert about == "store"
    assert f"{world.folder} cannot be written" in text


class Picky:
    """A plugin whose commands refuse the project; without a `mend`, one that is broken."""

    def __init__(self, mend: str) -> None:
        self.mend = mend

    @hookimpl
    def refusals(self, project: Project) -> list[NotifykitError]:
        if not self.mend:
            raise ZeroDivisionError
        return [CampaignError("is no good", mend=self.mend, where=campaign.file) for campaign in project.described]


@pytest.mark.parametrize("mend", ["write it anew", ""])
def test_what_commands_of_plugins_refuse(world: CliWorld, monkeypatch: pytest.MonkeyPatch, mend: str) -> None:
    monkeypatch.setitem(sys.modules, "picky", Picky(mend))
    plugins = load_plugins(entry_points=[*find_entry_points()[0], EntryPoint("picky", "picky", "notifykit")])
    (found,) = checking.check(world.project, plugins).findings
    assert found.level is checking.Level.ERROR
    if mend:
        assert found.error is not None
        assert (found.about, found.error.mend) == ("configuration", mend)
        assert "campaigns/beijing.yaml: is no good" in found.what
    else:
        assert (found.about, "ZeroDivisionError" in found.what) == ("plugins", True)
