"""`notifykit keys`: a pair of keys that reads as the same is released, and that is remembered."""

from __future__ import annotations

import re

import pytest
from cli_world import FINE, CliWorld, contract

from notifykit.outbox.values import Filter

SAME = ("keys", "distinct", "--campaign", "beijing", "--who", "Ann", "--why", "two houses")


def rows(world: CliWorld, *keys: str) -> None:
    world.write_rows([key, "测试管家1", "0", "N", FINE] for key in keys)


def queued(world: CliWorld) -> list[str]:
    with world.outbox() as outbox:
        return [task.key for task in outbox.tasks(Filter())]


def test_what_generate_shows_is_what_releases_the_pair(world: CliWorld) -> None:
    world.invoke("generate")
    rows(world, contract(1), f"{contract(1)}\u200b")
    checked = world.invoke("check")
    assert checked.exit_code == 3
    held = world.invoke("generate")
    assert held.exit_code == 3
    line = next(line for line in held.stdout.splitlines() if line.startswith("held: beijing: "))
    assert line.removeprefix("held: beijing: ") in checked.stdout
    command = re.search(r"`notifykit keys distinct --campaign beijing --why TEXT -- '(\S+)' (\S+)`", line)
    assert command is not None
    assert command[1] == rf"{contract(1)}\u200b"
    assert world.json(*SAME, *command.groups()) == {
        "campaign": "beijing",
        "one": f"{contract(1)}\u200b",
        "other": contract(1),
        "new": True,
    }
    assert world.json(*SAME, command[2], command[1])["new"] is False
    assert world.invoke("generate").exit_code == 0
    assert queued(world)[-1] == f"{contract(1)}\u200b"
    (pair,) = world.json("keys", "list")["pairs"]
    assert (pair["one"], pair["who"], pair["why"]) == (contract(1), "Ann", "two houses")
    assert rf"{contract(1)}\u200b" in world.invoke("keys", "list").stdout


def test_a_pair_may_be_released_before_anything_was_queued(world: CliWorld) -> None:
    rows(world, "7", "007")
    assert world.invoke("generate", "--dry-run").exit_code == 3
    assert not world.store.exists()
    assert "nobody said" in world.invoke("keys", "list").stdout
    assert '"7" and "007" are two keys of campaign beijing from now on' in world.invoke(*SAME, "7", "007").stdout
    assert world.invoke("generate").exit_code == 0
    assert queued(world) == ["7", "007"]


@pytest.mark.parametrize(
    ("pair", "text"), [(("7", "7"), "are one and the same text"), (("7", "8"), "do not read as the same")]
)
def test_what_is_no_pair_is_refused(world: CliWorld, pair: tuple[str, str], text: str) -> None:
    refused = world.invoke(*SAME, *pair)
    assert refused.exit_code == 1
    assert text in refused.stderr


def test_an_unknown_campaign_is_refused(world: CliWorld) -> None:
    refused = world.invoke("keys", "distinct", "--campaign", "bejing", "--why", "x", "7", "07")
    assert refused.exit_code == 1
    assert 'did you mean "beijing"?' in refused.stderr


def test_exact_keys_are_said_in_the_campaign(world: CliWorld) -> None:
    rows(world, "7", "007", "1.0")
    world.edit("campaigns/beijing.yaml", "source:", "keys: exact\nsource:")
    assert world.invoke("generate").exit_code == 0
    assert queued(world) == ["7", "007", "1.0"]
