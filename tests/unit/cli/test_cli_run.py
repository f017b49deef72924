"""`notifykit run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from cli_world import DOUBTFUL, FINE, CliWorld, contract

MakeWorld = Callable[[Sequence[str]], CliWorld]


def test_once_does_the_whole_job(world: CliWorld) -> None:
    result = world.invoke("run", "--once")
    assert result.exit_code == 0
    assert "3 sent\n" in result.stdout
    assert world.flags() == ["Y", "Y"]
    told = world.json("run", "--once")
    assert told["generated"][0]["campaign"] == "beijing"
    assert told["dispatched"]["sent"] == 0
    assert told["failures"] == {}


def test_once_tells_what_is_held_by_its_exit_code(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    result = world.invoke("run", "--once")
    assert result.exit_code == 3
    assert "waiting for you: 1 in doubt" in result.stdout
    world.edit("campaigns/beijing.yaml", "type: contract_csv", "type: nonsense_source")
    assert world.invoke("run", "--once").exit_code == 1  # an error counts more


def test_once_with_a_held_row(world: CliWorld) -> None:
    world.write_rows([["", "乙", "0", "N", ""]])
    assert world.invoke("run", "--once").exit_code == 3


def test_once_with_a_refused_write_back(make_world: MakeWorld) -> None:
    world = make_world((FINE, FINE))
    world.invoke("generate")
    world.invoke("dispatch")
    world.write_rows([[contract(1), "测试管家1", "1", "N", ""]])
    result = world.invoke("run", "--once")
    assert result.exit_code == 3
    assert "refused: beijing: 1 message" in result.stdout


def test_once_with_a_campaign_that_nobody_describes(world: CliWorld) -> None:
    world.invoke("generate")
    world.invoke("dispatch")
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "beijing.yaml")
    world.write_campaign("other", "extends: ../beijing.yaml\nshares_data_with: beijing\n")
    result = world.invoke("run", "--once")
    assert result.exit_code == 3
    assert "owed: campaign beijing" in result.stdout


def test_a_dry_run_changes_nothing(world: CliWorld) -> None:
    result = world.invoke("run", "--dry-run")
    assert result.exit_code == 0
    assert "would queue" in result.stdout
    assert result.stdout.endswith("0 due now, 0 waiting\n0 flags owed\n")
    assert not world.store.exists()
    world.invoke("generate")
    world.invoke("dispatch")
    before = world.store.read_bytes()
    told = world.json("run", "--dry-run")
    assert (told["dry_run"], told["flags_owed"], told["waiting"]) == (True, {"beijing": 2}, [])
    assert world.store.read_bytes() == before


@pytest.mark.parametrize("interval", ["0", "-1", "soon", "nan", "inf", "99999999999999999999"])
def test_a_wrong_interval(world: CliWorld, interval: str) -> None:
    assert world.invoke("run", "--interval", interval).exit_code == 2


def test_an_interval_of_the_configuration_has_a_bound(world: CliWorld) -> None:
    world.edit("notifykit.yaml", "dispatch:", "run: {interval: 99999999999999999999}\ndispatch:")
    done = world.invoke("run", "--once")
    assert done.exit_code == 4
    assert "run.interval: must be a duration such as 30" in done.stderr
