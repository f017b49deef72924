"""`notifykit preview`: what records would send, from the sources as they are, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_world import CAMPAIGN, CliWorld, contract


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    return CliWorld(tmp_path / "project", moods=[""] * 13)


def files(world: CliWorld) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file."""
    return {
        path.relative_to(world.folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in world.folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_first_records_of_each_campaign(world: CliWorld) -> None:
    before = files(world)
    shown = world.invoke("preview")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    key = contract(1)
    assert lines[0].startswith(f"beijing {key} group to 北京签约喜报群 by beijing-group (")
    assert lines[1] == f"    签约 {key} "
    assert lines[2].startswith(f"beijing {key} award to 测试管家1 by award-desk (")
    assert contract(10) in shown.stdout
    assert contract(11) not in shown.stdout
    assert files(world) == before
    assert not world.store.exists()


def test_one_record_also_where_it_was_sent(world: CliWorld) -> None:
    world.lived()
    before = files(world)
    (record,) = world.json("preview", contract(3))["records"]
    assert (record["campaign"], record["key"], record["held"]) == ("beijing", contract(3), None)
    assert [(one["message"], one["recipient"], one["channel"]) for one in record["messages"]] == [
        ("group", "北京签约喜报群", "beijing-group"),
        ("award", "测试管家3", "award-desk"),
    ]
    assert record["messages"][1]["text"] == f"奖励 {contract(3)}"
    assert files(world) == before


def test_how_many_of_which_campaigns(world: CliWorld) -> None:
    world.write_campaign("other", CAMPAIGN)
    assert [record["campaign"] for record in world.json("preview", "--limit", "1")["records"]] == ["beijing", "other"]
    (record,) = world.json("preview", "--limit", "1", "--campaign", "other")["records"]
    assert record["campaign"] == "other"
    assert "did you mean" in world.invoke("preview", "--campaign", "othr").stderr


def test_what_is_held_is_told_with_the_reason(world: CliWorld) -> None:
    first = [contract(1), "测试管家1", "0", "N", ""]
    world.write_rows(
        [first, [contract(1), "别人", "0", "N", ""], [contract(2), "", "1", "N", ""], ["", "谁", "0", "N", ""]]
    )
    shown = world.invoke("preview")
    assert shown.exit_code == 3
    assert "stands in 2 rows that differ in 管家(serviceHousekeeper)" in shown.stdout
    assert "message `award` has an empty recipient" in shown.stdout
    assert shown.stdout.count("held: beijing: ") == 3
    assert f"{contract(1)} group to" not in shown.stdout


def test_a_campaign_that_cannot_be_read_stops_only_itself(world: CliWorld) -> None:
    world.write_campaign("broken", CAMPAIGN.replace("data/bj.csv", "data/none.csv"))
    found = world.json("preview", "--limit", "1", code=1)
    assert [record["campaign"] for record in found["records"]] == ["beijing"]
    assert list(found["failures"]) == ["broken"]


def test_a_key_that_no_record_has(world: CliWorld) -> None:
    shown = world.invoke("preview", "7")
    assert shown.exit_code == 1
    assert 'no record has the key "7"' in shown.stderr


def test_a_record_that_needs_no_message(world: CliWorld) -> None:
    world.edit(
        "campaigns/beijing.yaml",
        "recipient: 北京签约喜报群",
        'when: record["备注"] == "x"\n    recipient: 北京签约喜报群',
    )
    assert f"beijing {contract(2)} (" in world.invoke("preview", contract(2)).stdout
    assert "needs no message" in world.invoke("preview", contract(2)).stdout


def test_no_record_yet(world: CliWorld) -> None:
    world.write_rows([])
    assert world.invoke("preview").stdout == "there is no record yet\n"
