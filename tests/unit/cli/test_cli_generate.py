"""`notifykit generate`."""

from __future__ import annotations

import shutil

import pytest
from cli_world import CliWorld, contract

from notifykit.cli import report

MISSING = """
source: {type: nonsense_source, path: x}
strategy: {type: contract}
messages: [{name: group, recipient: x, sender: beijing-group, template: x}]
"""

NO_FILE = """
source: {type: contract_csv, path: data/none.csv, key: 合同ID(_id)}
strategy: {type: contract}
messages: [{name: group, recipient: x, sender: beijing-group, template: x}]
"""


def test_queued_messages_are_counted_and_nothing_is_sent(world: CliWorld) -> None:
    result = world.invoke("generate")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["beijing", "2", "3", "0", "0"]
    with world.outbox() as outbox:
        assert [figures.by_status for figures in outbox.figures()] == [{"queued": 3}]
    assert world.flags() == ["N", "N"]
    assert not (world.folder / "out").exists()


def test_again_everything_is_known(world: CliWorld) -> None:
    world.invoke("generate")
    (campaign,) = world.json("generate")["campaigns"]
    assert (campaign["queued"], campaign["known"]) == (0, 3)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_what_was_cancelled_is_no_longer_known(world: CliWorld, dry: tuple[str, ...]) -> None:
    world.invoke("generate")
    world.invoke("cancel", "1", "2", "--why", "x")
    (campaign,) = world.json("generate", *dry)["campaigns"]
    assert (campaign["queued"], campaign["known"], campaign["cancelled"]) == (0, 1, 2)
    names, numbers = world.invoke("generate", *dry).stdout.splitlines()
    assert names.split()[-3:] == ["known", "cancelled", "held"]
    assert numbers.split() == ["beijing", "2", "0", "1", "2", "0"]


def test_a_dry_run_tells_and_changes_nothing(world: CliWorld) -> None:
    told = world.json("generate", "--dry-run")
    assert (told["dry_run"], told["campaigns"][0]["queued"]) == (True, 3)
    assert "would queue" in world.invoke("generate", "--dry-run").stdout
    assert not world.store.parent.exists()
    world.invoke("generate")
    before = world.store.read_bytes()
    assert world.json("generate", "--dry-run")["campaigns"][0]["queued"] == 0
    assert world.store.read_bytes() == before


def test_a_dry_run_needs_no_secrets(world: CliWorld) -> None:
    sender = "award-desk: {type: webhook, url: {env: NO_SUCH_VARIABLE_HERE}}"
    world.edit("notifykit.yaml", "award-desk: {type: file, path: out/awards.jsonl}", sender)
    assert world.invoke("generate", "--dry-run").exit_code == 0
    result = world.invoke("generate")
    assert (result.exit_code, "NO_SUCH_VARIABLE_HERE" in result.stderr) == (4, True)


def test_held_rows_are_shown_with_place_and_mend(world: CliWorld) -> None:
    world.write_rows([[contract(1), "甲", "0", "N", ""], ["", "乙", "0", "N", ""]])
    result = world.invoke("generate")
    assert result.exit_code == 3
    assert f"held: beijing: {world.csv}:3: the key is empty; " in result.stdout
    told = world.json("generate", code=3)
    (held,) = told["campaigns"][0]["held"]
    assert held["place"] == f"{world.csv}:3"
    assert held["mend"]


def test_many_held_rows_are_cut_for_people_only(world: CliWorld) -> None:
    world.write_rows([["", "乙", "0", "N", str(number)] for number in range(report.SHOWN + 5)])
    out = world.invoke("generate").stdout
    assert out.count("the key is empty") == report.SHOWN
    assert "… and 5 more; --json lists all" in out
    assert len(world.json("generate", code=3)["campaigns"][0]["held"]) == report.SHOWN + 5


def test_drift_is_reported(world: CliWorld) -> None:
    world.lived()
    world.write_rows([[contract(1), "测试管家1", "1", "N", ""], [contract(2), "测试管家2", "0", "Y", ""]])
    result = world.invoke("generate")
    assert result.exit_code == 0
    assert f"drift: beijing: sent, but not flagged; the flags are owed again: {contract(1)}" in result.stdout
    story = world.invoke("trace", contract(1)).stdout
    assert "written back by settle\n" in story
    assert "write back owed by generate: the flag was found unset" in story
    world.write_rows([[contract(3), "测试管家3", "0", "N", ""]])
    world.invoke("generate")
    world.write_rows([[contract(3), "测试管家3", "0", "Y", ""]])
    result = world.invoke("generate")
    assert result.exit_code == 0
    assert f"drift: beijing: flagged as sent, but still waiting: {contract(3)}; what is queued goes" in result.stdout
    assert world.json("generate")["campaigns"][0]["flagged_but_waiting"] == [contract(3)]


def test_a_campaign_that_cannot_go_on_stops_no_other(world: CliWorld) -> None:
    world.write_campaign("aaa", NO_FILE)
    world.write_rows([["", "乙", "0", "N", ""], [contract(1), "测试管家1", "0", "N", ""]])
    result = world.invoke("generate")
    assert result.exit_code == 1  # counts more than what is held
    assert "error: campaign aaa: " in result.stderr
    assert "none.csv" in result.stderr
    assert result.stdout.splitlines()[1].split()[:3] == ["beijing", "1", "1"]
    told = world.json("generate", code=1)
    assert list(told["failures"]) == ["aaa"]


def test_a_campaign_that_lacks_a_plugin_fails_alone_and_says_what_to_install(world: CliWorld) -> None:
    world.write_campaign("aaa", MISSING)
    result = world.invoke("generate")
    assert result.exit_code == 1
    assert 'no plugin offers the source type "nonsense_source"; install' in result.stderr
    assert "beijing" in result.stdout
    assert world.invoke("generate", "beijing").exit_code == 0
    assert world.invoke("generate", "aaa").exit_code == 1


def test_only_the_named_campaigns(world: CliWorld) -> None:
    world.write_campaign("aaa", "extends: beijing.yaml\nshares_data_with: beijing\n")
    assert [item["campaign"] for item in world.json("generate", "beijing")["campaigns"]] == ["beijing"]
    assert [item["campaign"] for item in world.json("generate", "beijing", "aaa")["campaigns"]] == ["aaa", "beijing"]


@pytest.mark.parametrize("command", ["generate", "settle"])
def test_an_unknown_campaign_is_an_error_with_the_near_name(world: CliWorld, command: str) -> None:
    result = world.invoke(command, "beijng")
    assert result.exit_code == 1
    assert result.stderr == 'error: no campaign is called "beijng"; did you mean "beijing"?\n'
    assert not world.store.exists()


def test_a_project_without_campaign_files_says_so(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "campaigns: campaigns/*.yaml\n", "")
    for file in (world.folder / "campaigns").iterdir():
        file.unlink()
    folder = world.folder / "campaigns"
    said = f"{world.project}: no campaign was found: campaigns/*.yaml matches none under {world.folder}: {folder} has "
    for name in ("orders.yml", "_base.yaml"):
        (folder / name).write_text("a: b", encoding="utf-8")
    for command in ("generate", "generate --dry-run", "run --once", "run --once --dry-run", "check"):
        done = world.invoke(*command.split())
        assert done.exit_code == 4, command
        assert f"{said}_base.yaml, orders.yml (a file whose name starts with `_` is only a base)" in done.output
        assert "name a campaign's file NAME.yaml, or say in `campaigns:` where they are" in done.output
    shutil.rmtree(folder)
    assert f"{folder} is not there" in world.invoke("generate").stderr
    folder.touch()
    assert f"{folder} cannot be read" in world.invoke("generate").stderr
    assert not world.store.exists()


def test_a_machine_that_only_sends_needs_no_campaigns(world: CliWorld) -> None:
    world.invoke("generate")
    shutil.rmtree(world.folder / "campaigns")
    world.edit("notifykit.yaml", "campaigns: campaigns/*.yaml", "campaigns: []")
    assert world.invoke("dispatch").exit_code == 0
    assert world.invoke("status").exit_code == 0
    checked = world.invoke("check")
    assert checked.exit_code == 0
    assert "note: configuration: " in checked.stdout
    assert "`campaigns: []` says that this project has no campaign" in checked.stdout
    for command in ("generate", "run --once"):
        done = world.invoke(*command.split())
        assert done.exit_code in (0, 3), command  # the flags of what was sent are another machine's to write
        assert "`campaigns: []` says that this project has no campaign" in done.stdout


def test_what_looks_like_a_campaign_and_is_none_is_noted(world: CliWorld) -> None:
    for name in ("beijing.yml", "Shanghai.YAML", "tianjin.yaml.txt", "README.md", "_base.yml"):
        (world.folder / "campaigns" / name).write_text("a: b", encoding="utf-8")
    out = world.invoke("check").stdout
    for name in ("beijing.yml", "Shanghai.YAML", "tianjin.yaml.txt"):
        assert f"{name} is no campaign: no pattern of `campaigns` finds it; rename or remove it" in out
    assert out.count("is no campaign") == 3


def test_a_disabled_campaign_generates_nothing(world: CliWorld) -> None:
    world.edit("campaigns/beijing.yaml", "source:", "enabled: false\nsource:")
    assert world.json("generate")["campaigns"] == []
    assert world.invoke("generate").stdout == "no campaign is enabled\n"
    result = world.invoke("generate", "beijing")
    assert (result.exit_code, "`enabled: false`" in result.stderr) == (1, True)


def test_a_store_that_is_no_database_is_an_error_with_the_mend(world: CliWorld) -> None:
    world.store.parent.mkdir()
    world.store.write_text("not a database, but a text that is long enough to be one" * 10, encoding="utf-8")
    before = world.store.read_bytes()
    for command in (["generate"], ["generate", "--dry-run"], ["dispatch"], ["settle"], ["status"], ["tasks"], ["run"]):
        result = world.invoke(*command)
        assert (result.exit_code, "not an SQLite database" in result.stderr) == (1, True), command
    assert world.store.read_bytes() == before


def test_flags_that_are_neither_word_are_counted_and_listed(world: CliWorld) -> None:
    words = ("n", "Y ", "", "是", "N", "Y")
    world.write_rows([contract(number), "乙", "0", word, ""] for number, word in enumerate(words, 1))
    world.environment["COLUMNS"] = "400"
    out = world.invoke("generate", "--dry-run").stdout
    assert "skipped: beijing: records marked neither as sent nor as not sent: 4\n" in out
    checked = world.invoke("check").stdout
    for line, word in enumerate(words[:4], 2):
        assert f"bj.csv:{line}: 是否发送通知 is {word!r}, which says neither sent nor not sent" in out
        assert f"bj.csv:{line}: 是否发送通知 is {word!r}" in checked
    told = world.json("generate")["campaigns"][0]
    assert [item["key"] for item in told["neither"]] == [contract(number) for number in (1, 2, 3, 4)]
    assert (told["queued"], told["held"]) == (1, [])


def test_many_flags_that_are_neither_word_are_counted(world: CliWorld) -> None:
    world.write_rows([contract(number), "乙", "0", "?", ""] for number in range(1, 151))
    out = world.invoke("generate").stdout
    assert "marked neither as sent nor as not sent: 150\n" in out
    assert "skipped: beijing: … and 130 more; --json lists all" in out
    checked = world.invoke("check")
    assert checked.exit_code == 0
    assert "marked neither as sent nor as not sent: 150\n" in checked.stdout
    assert "skipped: … and 50 more" in checked.stdout
