"""`--campaign` and `--channel` of `generate`, `dispatch`, `settle` and `run`."""

from __future__ import annotations

import pytest
from cli_world import CAMPAIGN, CliWorld

from notifykit.model import Status
from notifykit.outbox.values import ChannelBounds, Filter


@pytest.fixture
def two(world: CliWorld) -> CliWorld:
    """Campaign `shanghai` beside `beijing`, over a file of its own, with recipients of its own."""
    (world.folder / "data" / "sh.csv").write_bytes(world.csv.read_bytes())
    shanghai = CAMPAIGN.replace("data/bj.csv", "data/sh.csv").replace("北京签约喜报群", "上海签约喜报群")
    world.write_campaign("shanghai", shanghai.replace("'{{ record[\"管家", "'上海 {{ record[\"管家"))
    return world


def stand(world: CliWorld) -> dict[tuple[str, str], set[str]]:
    """The statuses of messages, by campaign and channel."""
    found: dict[tuple[str, str], set[str]] = {}
    with world.outbox() as outbox:
        for task in outbox.tasks(Filter()):
            found.setdefault((task.campaign, task.channel), set()).add(task.status.value)
    return found


def test_dispatch_of_one_campaign_leaves_the_other_alone(two: CliWorld) -> None:
    two.invoke("generate")
    result = two.invoke("dispatch", "--campaign", "shanghai")
    assert (result.exit_code, result.stdout) == (0, "3 sent\n")
    assert result.stderr.splitlines()[0] == "dispatch: only campaign shanghai"
    assert stand(two) == {
        ("beijing", "beijing-group"): {"queued"},
        ("beijing", "award-desk"): {"queued"},
        ("shanghai", "beijing-group"): {"sent"},
        ("shanghai", "award-desk"): {"sent"},
    }


def test_dispatch_of_one_channel_leaves_the_other_alone(two: CliWorld) -> None:
    two.invoke("generate")
    result = two.invoke("dispatch", "--channel", "award-desk", "--campaign", "beijing")
    assert result.stderr.splitlines()[0] == "dispatch: only campaign beijing; only channel award-desk"
    assert {place for place, found in stand(two).items() if found == {"sent"}} == {("beijing", "award-desk")}


def test_a_message_of_another_campaign_that_stands_first_is_not_overtaken(two: CliWorld) -> None:
    two.edit("campaigns/shanghai.yaml", "上海签约喜报群", "北京签约喜报群")
    two.invoke("generate")
    two.invoke("dispatch", "--campaign", "shanghai", "--channel", "beijing-group")
    assert stand(two)["shanghai", "beijing-group"] == {"queued"}


def test_a_claim_of_another_channel_is_not_given_up(two: CliWorld) -> None:
    two.invoke("generate")
    with two.outbox() as outbox:
        outbox.exchange([], "gone", 1, {"award-desk": ChannelBounds()}, 0.1)
        with outbox.enlist("gone"):
            pass  # its lock is free, so its process has ended
    two.invoke("dispatch", "--channel", "beijing-group")
    with two.outbox() as outbox:
        assert len(list(outbox.tasks(Filter(statuses=(Status.SENDING,))))) == 1
    two.invoke("dispatch", "--channel", "award-desk")
    with two.outbox() as outbox:
        assert list(outbox.tasks(Filter(statuses=(Status.SENDING,)))) == []


def test_a_dry_run_lists_what_is_named(two: CliWorld) -> None:
    two.invoke("generate")
    told = two.json("dispatch", "--dry-run", "--campaign", "shanghai", "--channel", "award-desk")
    assert [(item["task"]["campaign"], item["task"]["channel"]) for item in told["waiting"]] == [
        ("shanghai", "award-desk")
    ]


def test_settle_of_one_campaign(two: CliWorld) -> None:
    two.invoke("generate")
    two.invoke("dispatch")
    result = two.invoke("settle", "--campaign", "shanghai")
    assert result.stderr.splitlines()[0] == "settle: only campaign shanghai"
    assert two.flags() == ["N", "N"]
    assert "Y" in (two.folder / "data" / "sh.csv").read_text(encoding="utf-8-sig")
    assert two.json("settle", "beijing", "--campaign", "beijing")["campaigns"][0]["campaign"] == "beijing"


def test_generate_of_one_campaign(two: CliWorld) -> None:
    assert [item["campaign"] for item in two.json("generate", "--campaign", "shanghai")["campaigns"]] == ["shanghai"]


def test_run_keeps_to_what_is_named(two: CliWorld) -> None:
    result = two.invoke("run", "--once", "--campaign", "shanghai", "--channel", "award-desk")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == "run: only campaign shanghai; only channel award-desk"
    assert stand(two) == {("shanghai", "beijing-group"): {"queued"}, ("shanghai", "award-desk"): {"sent"}}
    rehearsed = two.json("run", "--dry-run", "--campaign", "beijing")
    assert ([item["campaign"] for item in rehearsed["generated"]], rehearsed["waiting"]) == (["beijing"], [])


def test_run_writes_back_only_what_is_named(two: CliWorld) -> None:
    two.invoke("generate")
    two.invoke("dispatch")
    two.invoke("run", "--once", "--campaign", "shanghai")
    assert two.flags() == ["N", "N"]
    assert "Y" in (two.folder / "data" / "sh.csv").read_text(encoding="utf-8-sig")
    two.invoke("run", "--once", "--channel", "award-desk")
    assert two.flags() == ["Y", "Y"]


def test_run_over_a_channel_generates_the_campaigns_that_use_it(two: CliWorld) -> None:
    group = CAMPAIGN[: CAMPAIGN.index("  - name: award")].replace("data/bj.csv", "data/sh.csv")
    two.write_campaign("shanghai", group)
    two.invoke("run", "--once", "--channel", "award-desk")
    assert stand(two) == {("beijing", "beijing-group"): {"queued"}, ("beijing", "award-desk"): {"sent"}}


@pytest.mark.parametrize("command", ["generate", "dispatch", "settle", "run --once", "run", "run --dry-run"])
def test_an_unknown_campaign(two: CliWorld, command: str) -> None:
    result = two.invoke(*command.split(), "--campaign", "shanghia")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == 'error: no campaign is called "shanghia"; did you mean "shanghai"?'
    assert not two.store.exists()


@pytest.mark.parametrize("command", ["dispatch", "dispatch --dry-run", "run --once", "run", "run --dry-run"])
def test_an_unknown_channel(two: CliWorld, command: str) -> None:
    result = two.invoke(*command.split(), "--channel", "award-dsk")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == 'error: no channel is called "award-dsk"; did you mean "award-desk"?\n'


def test_a_campaign_that_only_the_store_knows_can_be_dispatched(two: CliWorld) -> None:
    two.invoke("generate")
    (two.folder / "campaigns" / "shanghai.yaml").unlink()
    assert two.invoke("dispatch", "--campaign", "shanghai").stdout == "3 sent\n"
