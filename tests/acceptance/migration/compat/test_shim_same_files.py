"""What is not about contracts is as it was: the same files, byte for byte, and the same messages, in the same order."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from program_world import BEIJING_CSV, SHANGHAI_CSV, TECHNICIAN_JSON, ProgramWorld, technician_change
from shim_world import shimmed, unshimmed

OTHERS = ("ts", "report", "remind")
ORDERS = [{"orgName": f"测试防水服务部{number % 3}", "orderNum": f"GD{number}"} for number in range(5)]

Journey = Callable[[ProgramWorld, tuple[str, ...]], None]


def as_it_is(world: ProgramWorld, names: tuple[str, ...]) -> None:
    with unshimmed(world) as program:
        program.once(*names)


def under_the_shim(world: ProgramWorld, names: tuple[str, ...]) -> None:
    with shimmed(world) as program:
        program.once(*names)


def offer(world: ProgramWorld, technicians: int) -> None:
    for name, data in (
        ("technician_changes", [technician_change(number) for number in range(technicians)]),
        ("pending_orders", ORDERS),
    ):
        (world.folder / "source" / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture(params=[OTHERS, ("ts", "bj", "remind", "sh", "report", "ts")], ids=["alone", "among contracts"])
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


def test_files_and_messages_are_the_same(tmp_path: Path, names: tuple[str, ...]) -> None:
    worlds = []
    for journey in (as_it_is, under_the_shim):
        world = ProgramWorld(tmp_path / journey.__name__, count=5, shanghai=3)
        for technicians in (3, 3, 7):  # first ones, the same again, new ones
            offer(world, technicians)
            journey(world, names)
        worlds.append(world)
    bare, shim = worlds
    assert (shim.folder / TECHNICIAN_JSON).read_bytes() == (bare.folder / TECHNICIAN_JSON).read_bytes()
    assert shim.typed() == bare.typed()
    assert len(shim.typed()) > 12
    for file in (BEIJING_CSV, SHANGHAI_CSV) if "bj" in names else ():
        assert without_times(shim, file) == without_times(bare, file)


def without_times(world: ProgramWorld, file: str) -> list[dict[str, str]]:
    return [{**row, "登记时间": ""} for row in world.rows(file)]


@pytest.mark.parametrize("retries", [False, True])
def test_a_technician_whose_message_fails_is_not_forgotten(tmp_path: Path, retries: bool) -> None:
    person = ProgramWorld.person
    world = ProgramWorld(
        tmp_path / "world",
        technicians=30,
        person=person.replace("search_path: .", "on_raise: retry, search_path: .") if retries else person,
        legacy="  retry: {attempts: 3, first: 0, factor: 1, jitter: 0}\n",
    )
    world.fail("测试师傅")
    under_the_shim(world, ("ts",))
    assert world.typed() == []
    world.fail()
    assert world.decide() == 30
    under_the_shim(world, ("ts",))
    assert len({entry["text"] for entry in world.typed()}) == len(world.typed()) == 30
