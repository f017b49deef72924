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
    assert "run.interval: must be 115740d at most" in done.stderr


def test_once_tells_of_each_trouble_by_one_exit_code(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    assert [world.invoke("run", "--once").exit_code for _ in range(3)] == [3, 0, 0]
    known = world.invoke("run", "--once")
    assert "all of this was known after the latest pass" in known.stderr
    assert "waiting for you: 1 in doubt" in known.stdout
    assert world.invoke("health").exit_code == 3
    assert world.json("run", "--once")["new_trouble"] is False


def test_trouble_that_grows_or_comes_back_is_new(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    world.invoke("run", "--once")
    rows = world.rows()
    with world.csv.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{contract(3)},测试管家3,0,N,{DOUBTFUL}\r\n")
    assert world.json("run", "--once", code=3)["new_trouble"] is True
    assert world.invoke("run", "--once").exit_code == 0
    world.invoke("resolve", "--status", "in_doubt", "--sent", "--yes", "--why", "seen")
    assert world.invoke("run", "--once").exit_code == 0
    with world.csv.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{contract(4)},测试管家4,0,N,{DOUBTFUL}\r\n")
    assert world.invoke("run", "--once").exit_code == 3
    assert rows


def test_a_campaign_that_cannot_go_on_is_an_error_once_and_again_where_it_is_another(world: CliWorld) -> None:
    good = world.csv.read_bytes()
    world.csv.write_text("other\n1\n", encoding="utf-8")
    assert [world.invoke("run", "--once").exit_code for _ in range(2)] == [1, 0]
    world.csv.write_text("another\n1\n", encoding="utf-8")
    world.edit("campaigns/beijing.yaml", "合同ID(_id)}", "合同}")
    assert world.invoke("run", "--once").exit_code == 1
    world.edit("campaigns/beijing.yaml", "合同}", "合同ID(_id)}")
    world.csv.write_bytes(good)
    assert world.invoke("run", "--once").exit_code == 0
    world.csv.write_text("other\n1\n", encoding="utf-8")
    assert world.invoke("run", "--once").exit_code == 1


def test_rows_that_are_held_are_told_once_each(world: CliWorld) -> None:
    def add(line: str) -> None:
        with world.csv.open("a", encoding="utf-8", newline="") as file:
            file.write(f"{line}\r\n")

    add(",测试管家,0,N,")
    assert [world.invoke("run", "--once").exit_code for _ in range(2)] == [3, 0]
    add(",测试管家,1,N,")
    assert [world.invoke("run", "--once").exit_code for _ in range(2)] == [3, 0]


def test_what_is_silenced_is_known(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    world.invoke("generate")
    world.invoke("alerts", "silence", "in_doubt", "--for", "1h", "--why", "known")
    assert world.invoke("run", "--once").exit_code == 0


def test_trouble_that_another_process_made_is_new(make_world: MakeWorld) -> None:
    world = make_world((DOUBTFUL, FINE))
    world.invoke("run", "--once")
    with world.csv.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{contract(3)},测试管家3,0,N,{DOUBTFUL}\r\n")
    world.invoke("generate")
    world.invoke("dispatch")
    assert [world.invoke("run", "--once").exit_code for _ in range(2)] == [3, 0]
