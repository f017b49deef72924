"""`notifykit health`: one line and an exit code, for a monitor."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
import sample_outage
from cli_world import BROKEN, DOUBTFUL, FINE, REFUSED, CliWorld

from notifykit.outbox.values import ALERTS_CAMPAIGN
from notifykit.testing.samples import draft

MakeWorld = Callable[[Sequence[str]], CliWorld]


def test_nothing_yet_is_well(world: CliWorld) -> None:
    result = world.invoke("health")
    assert (result.exit_code, result.stdout) == (0, "well: nothing has been queued yet\n")
    assert world.json("health")["waiting_for_you"] is None


def test_what_waits_for_its_turn_is_well(world: CliWorld) -> None:
    world.invoke("generate")
    result = world.invoke("health")
    assert result.exit_code == 0
    assert result.stdout.startswith("well: 3 waiting, the oldest queued ")
    assert result.stdout.endswith("; 0 sent and not written back\n")
    told = world.json("health")
    assert (told["health"], told["error"], told["waiting"]) == ("well", None, 3)
    world.invoke("dispatch")
    assert world.invoke("health").stdout == "well: 0 waiting; 3 sent and not written back\n"


def test_an_alert_on_its_way_is_not_what_waits(world: CliWorld) -> None:
    world.invoke("generate")
    world.invoke("dispatch")
    with world.outbox() as outbox:
        outbox.enqueue([draft(campaign=ALERTS_CAMPAIGN, key="in_doubt", channel="award-desk")])
    assert world.invoke("health").stdout == "well: 0 waiting; 3 sent and not written back\n"
    told = world.json("health")
    assert (told["waiting"], told["oldest_queued"]) == (0, None)


def test_a_channel_that_is_away_is_well_and_told(world: CliWorld) -> None:
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.set_outage(sample_outage.OUTAGE)
    result = world.invoke("health")
    assert result.exit_code == 0
    assert f"; channel {sample_outage.OUTAGE.channel}: " in result.stdout.replace("well: ", "; ")


@pytest.mark.parametrize(
    ("mood", "words"),
    [(DOUBTFUL, "1 in doubt; "), (REFUSED, "1 failed; "), (BROKEN, "channel beijing-group is paused (")],
)
def test_what_waits_for_a_person_is_not_well(make_world: MakeWorld, mood: str, words: str) -> None:
    world = make_world((mood, FINE))
    world.invoke("run", "--once")
    result = world.invoke("health")
    assert result.exit_code == 3
    assert result.stdout.startswith(f"a person is needed: {words}")
    assert len(result.stdout.splitlines()) == 1
    assert json.loads(world.invoke("health", "--json").stdout)["health"] == "needs_a_person"


def test_waiting_messages_of_a_channel_that_is_gone_are_not_well(world: CliWorld) -> None:
    world.invoke("generate")
    world.edit("notifykit.yaml", "beijing-group:", "other-group:")
    world.edit("campaigns/beijing.yaml", "sender: beijing-group", "sender: other-group")
    result = world.invoke("health")
    assert result.exit_code == 3
    assert "2 waiting for channel beijing-group, which cannot be used here" in result.stdout


def test_a_status_that_nobody_knows_is_not_well(world: CliWorld) -> None:
    world.invoke("generate")
    with world.outbox() as outbox:
        outbox.db.execute("UPDATE tasks SET status = 'odd' WHERE id = 1")
    result = world.invoke("health")
    assert result.exit_code == 3
    assert "1 whose status another program changed" in result.stdout


def test_what_cannot_be_read_is_broken(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "senders:", "sendrs:")
    result = world.invoke("health")
    assert result.exit_code == 1
    assert result.stdout.startswith("broken: ")
    assert "sendrs" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    told = json.loads(world.invoke("health", "--json").stdout)
    assert told.keys() == {"health", "error"}
    assert told["health"] == "broken"
