"""The legacy program that the migration is tested against: the machine, its files, and the real program agree."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from decision_oracle import Evidence, expected
from legacy_model import AWARD, GROUP, SENT, Model, Moment, Row, State, reachable
from legacy_packing import Packed, pack
from legacy_run import LegacyRun
from legacy_world import LegacyWorld
from program_world import PROGRAM

ONE = Model((True,))
TWO = Model((True, False))
DONE_BOTH = (Row(1, 0, GROUP, done=True), Row(2, 0, AWARD, done=True))


@pytest.fixture(scope="module")
def states() -> dict[State, int]:
    return reachable(ONE, 2)


def test_a_day_without_accidents(states: dict[State, int]) -> None:
    calm = [state for state, accidents in states.items() if not accidents]
    rest = State(((0, "Y"),), ((0, SENT),), rows=DONE_BOTH, given=2, delivered=((0, AWARD), (0, GROUP)))
    assert rest in calm
    assert all(state.csv == () or state.csv[0][1] == "N" or state.json == ((0, SENT),) for state in calm)


@pytest.mark.parametrize(
    ("accidents", "state"),
    {
        "killed between the two creates": (1, State(((0, "N"),), None, rows=(Row(1, 0, GROUP),), given=1)),
        "and the group was sent meanwhile": (
            1,
            State(((0, "N"),), rows=(Row(1, 0, GROUP, done=True),), given=1, delivered=((0, GROUP),)),
        ),
        "killed before the CSV was rewritten": (
            1,
            State(((0, "N"),), ((0, SENT),), rows=(Row(1, 0, GROUP), Row(2, 0, AWARD)), given=2),
        ),
        "torn JSON": (1, State(((0, "N"),), (), True, (Row(1, 0, GROUP), Row(2, 0, AWARD)), 2)),
        "CSV lost": (1, State((), ((0, SENT),), rows=(Row(1, 0, GROUP), Row(2, 0, AWARD)), given=2)),
        "sent and not recorded": (
            1,
            State(
                ((0, "Y"),),
                ((0, SENT),),
                rows=(Row(1, 0, GROUP, tries="begun"), Row(2, 0, AWARD)),
                given=2,
                delivered=((0, GROUP),),
            ),
        ),
        "raised and passed by": (
            1,
            State(
                ((0, "Y"),),
                ((0, SENT),),
                rows=(Row(1, 0, GROUP, tries="raised"), Row(2, 0, AWARD, done=True)),
                given=2,
                delivered=((0, AWARD),),
            ),
        ),
        "purged": (1, State(((0, "Y"),), ((0, SENT),), given=2, delivered=((0, AWARD), (0, GROUP)))),
    }.values(),
)
def test_accidents_are_reached(states: dict[State, int], accidents: int, state: State) -> None:
    assert states[state] == accidents


def test_ids_tell_what_was_tried_but_for_two_in_the_tail() -> None:
    rows = (Row(1, 0, GROUP, tries="raised"), Row(2, 0, AWARD, tries="begun"))
    assert not State(rows=rows, given=2).evident
    assert State(rows=(rows[0], replace(rows[1], tries="")), given=2).evident
    assert State(rows=(rows[0], replace(rows[1], done=True, tries="")), given=2).evident


def _rest(model: Model, state: State) -> State:
    """Let the machine run on without accidents: generate, then send all."""
    now = next((then for _, then in model._start(Moment(state))), Moment(state))
    while now.running:
        now = next(then for cost, then in model._generator(now, now.running) if not cost)
    while sends := [then for cost, then in model._scheduler(now) if not cost]:
        now = sends[0]
    return now.state


def _read(packed: Packed) -> State:
    """Read a world of one block back into a state."""
    block, world = packed.blocks[0], packed.world
    keys = {block.key(contract): contract for contract in range(len(block.model.awards))}
    messages = {
        block.message(contract, name): (contract, name) for contract in keys.values() for name in (GROUP, AWARD)
    }
    words = world.json()
    rows = []
    for at, row in enumerate(world.rows(), 1):
        contract, name = messages[row["recipient"], row["message"]]
        rows.append(Row(at, contract, name, row["status"] == "completed"))
    arrived = {messages[message] for message in world.delivered} | set(block.state.delivered)
    return State(
        tuple((keys[key], flag) for key, flag in world.flags().items()),
        None if words is None else tuple((keys[key], word) for key, word in words.items()),
        rows=tuple(rows),
        delivered=tuple(sorted(arrived)),
    )


def test_the_run_over_files_does_what_the_machine_does(tmp_path: Path) -> None:
    states = [state for state in reachable(TWO, 1) if not state.torn and not state.cut and not state.purged]
    for at, state in enumerate(random.Random(5).sample(states, 40)):
        packed = pack(tmp_path / str(at), [(TWO, state)], Evidence())
        run = LegacyRun(packed.world)
        run.generate()
        run.schedule()
        machine = _rest(TWO, state)
        rows = tuple(replace(row, id=id_, tries="") for id_, row in enumerate(machine.rows, 1))
        assert _read(packed) == replace(machine, rows=rows, given=0), state


def test_the_real_program_writes_the_same_files(tmp_path: Path) -> None:
    worlds = [LegacyWorld(tmp_path / name) for name in ("real", "ours")]
    for world in worlds:
        world.contract(award=True)
        world.contract("Y", SENT, [(GROUP, "completed")])
        world.contract(json="处理中")
        (world.folder / "source" / "contracts_bj_aug.json").write_text("[]", encoding="utf-8")
    real, ours = worlds
    shutil.copytree(PROGRAM, real.folder, dirs_exist_ok=True)
    environment = {**os.environ, "LEGACY_PAUSE": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "main.py", "--once", "bj"]
    subprocess.run(command, cwd=real.folder, env=environment, check=True, capture_output=True, timeout=60)
    LegacyRun(ours).generate()
    LegacyRun(ours).schedule()
    assert real.csv().read_bytes() == ours.csv().read_bytes()
    assert real.status_file().read_bytes() == ours.status_file().read_bytes()
    kept = ("id", "task_type", "recipient", "status")
    assert [[row[name] for name in kept] for row in real.rows()] == [
        [row[name] for name in kept] for row in ours.rows()
    ]
    assert [len(row["created_at"]) for row in real.rows()] == [len(row["created_at"]) for row in ours.rows()]


def test_states_lie_on_disk_as_the_program_leaves_them(tmp_path: Path) -> None:
    torn = State(((0, "N"),), (), True, (Row(1, 0, GROUP), Row(2, 0, AWARD, done=True)), 2)
    packed = pack(tmp_path, [(ONE, torn), (ONE, replace(torn, json=((0, SENT),)))], Evidence(log=True))
    with pytest.raises(json.JSONDecodeError):
        packed.world.json()
    # What was not reached of any block comes behind what was.
    assert [row["status"] for row in packed.world.rows()] == ["pending", "completed"] * 2
    log = (packed.world.folder / "logs" / "legacy.log").read_text(encoding="utf-8")
    assert "Executing task ID: 2" in log
    assert "Executing task ID: 1," not in log


@pytest.mark.parametrize(
    ("state", "cell", "decisions"),
    [
        (State(((0, "N"),)), "absent / none / N", [("award", "G", None), ("group", "G", None)]),
        (
            State(((0, "N"),), rows=(Row(1, 0, GROUP, done=True),), given=1),
            "absent / completed / N",
            [("award", "C", None), ("group", "S", 1)],
        ),
        (
            State(((0, "Y"),), ((0, SENT),), rows=(Row(1, 0, GROUP), Row(2, 0, AWARD)), given=2),
            "sent / pending / Y",
            [("award", "A", 2), ("group", "H", 1)],
        ),
        (State((), ((0, SENT),)), "sent / none / missing", [("award", "H", None), ("group", "H", None)]),
        (State(((0, "N"),), given=2), "absent / none / N", [("award", "H", None), ("group", "H", None)]),
    ],
)
def test_the_oracle(state: State, cell: str, decisions: list[tuple[str, str, int | None]]) -> None:
    said = expected(ONE, state, 0, Evidence())
    assert said is not None
    assert (said.cell, sorted(said.decisions, key=str)) == (cell, decisions)
