"""Promise 2: from every state that the old program can leave behind, nothing is sent twice and nothing is lost.

The states come from `legacy_model`; each goes through the real migrate, generate, dispatch, settle and rollback, and
through the old program's own run afterwards. What the plan decides is compared with `decision_oracle`.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from decision_oracle import Evidence
from legacy_desk import BUSY, FORBIDDEN, LOST
from legacy_model import Model, State, reachable
from legacy_packing import pack
from migration_journey import Journey, Tally

Found = tuple[Model, State]

ALONE, AWARDED, TWO = Model((False,)), Model((True,)), Model((True, False))
PACK = 1500
"""States in one world at most."""

MOODS = {"测试管家3 ": LOST, "测试管家7 ": FORBIDDEN, "测试管家11 ": BUSY, "测试管家12": BUSY}


@cache
def states_of(model: Model, accidents: int) -> tuple[State, ...]:
    found = reachable(model, accidents)
    return tuple(sorted(found, key=repr))


def worlds(states: Iterable[Found], *, stale: bool, ids: bool) -> Iterator[tuple[Evidence, list[Found]]]:
    """Group the states that may lie side by side, each with the evidence that tells what was tried of it.

    `ids`: leave the log out where the order of ids tells as much.
    """
    groups = defaultdict(list)
    for model, state in states:
        idle = ids and state.evident and not any(row.tries for row in state.tail)
        groups[state.purged, state.torn, idle].append((model, state))
    for (_, _, idle), found in sorted(groups.items(), key=lambda item: item[0]):
        for at in range(0, len(found), PACK):
            yield Evidence(idle=idle, log=not idle, stale=stale), found[at : at + PACK]


def worked(journey: Journey) -> None:
    """Everything is sent by notifykit, then back, and there again, and back again."""
    journey.plan_as_expected()
    journey.migrate()
    journey.work()
    journey.lost_rows_come_back()
    journey.rollback()
    journey.legacy()
    journey.migrate_again()
    journey.work()
    journey.rollback()
    journey.legacy()


def straight_back(journey: Journey) -> None:
    """Nothing is sent by notifykit before the rollback."""
    journey.plan_as_expected()
    journey.migrate()
    journey.rollback()
    journey.legacy()
    journey.migrate_again()
    journey.work()


def cut_short(journey: Journey) -> None:
    """Some messages are sent, some refused, of some nobody knows, some wait: and then back."""
    journey.plan_as_expected()
    journey.migrate()
    journey.world.desk.set_moods(MOODS)
    journey.work(rest=False)
    journey.rollback()
    journey.world.desk.set_moods({})
    journey.legacy()
    journey.migrate_again()
    journey.work()
    journey.rollback()
    journey.legacy()


def travel(
    folder: Path,
    states: Iterable[Found],
    way: Callable[[Journey], None],
    tally: Tally,
    *,
    stale: bool = False,
    ids: bool = True,
) -> None:
    numbers = count()
    for evidence, found in worlds(states, stale=stale, ids=ids):
        way(Journey(pack(folder / f"{way.__name__}{next(numbers)}", found, evidence), tally))


def by_itself(state: State) -> Evidence:
    """What is known in a world of one state: ids where they tell it, or else the old scheduler's log."""
    return Evidence(log=not state.evident)


def check(tally: Tally) -> None:
    assert (tally.duplicates, tally.lost, len(tally.wrong)) == (0, 0, 0), "\n".join([str(tally), *tally.wrong[:40]])


def sample(states: Iterable[Found], number: int) -> list[Found]:
    return random.Random(2025).sample(list(states), number)


@pytest.mark.long
@pytest.mark.parametrize(("way", "ids"), [(worked, False), (straight_back, True), (cut_short, False)])
def test_states_side_by_side(tmp_path: Path, way: Callable[[Journey], None], ids: bool) -> None:
    tally = Tally()
    states = [(AWARDED, state) for state in states_of(AWARDED, 1)]
    states += sample([(TWO, state) for state in states_of(TWO, 1)], 60)
    travel(tmp_path, states, way, tally, ids=ids)
    check(tally)
    assert tally.states > 130


def test_states_in_worlds_of_their_own(tmp_path: Path) -> None:
    tally = Tally()
    for at, (model, state) in enumerate(sample([(TWO, state) for state in states_of(TWO, 1)], 3)):
        cut_short(Journey(pack(tmp_path / str(at), [(model, state)], by_itself(state)), tally))
    check(tally)


def test_stale_rows_are_held(tmp_path: Path) -> None:
    tally = Tally()
    states = [(AWARDED, state) for state in states_of(AWARDED, 1) if not state.torn and not state.purged]
    travel(tmp_path, states, straight_back, tally, stale=True)
    check(tally)


def test_a_calm_program_leaves_nothing_to_decide(tmp_path: Path) -> None:
    """No accident in its past, and stopped while it sent nothing: no hold. Stopped at any time: one at most."""
    for at, state in enumerate(states_of(AWARDED, 0)):
        for idle in (True, False):
            tally = Tally()
            journey = Journey(pack(tmp_path / f"{at}-{idle}", [(AWARDED, state)], Evidence(idle=idle)), tally)
            journey.plan_as_expected()
            check(tally)
            assert tally.holds.total() == (0 if idle else min(1, len(state.tail))), state


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("way", [worked, straight_back, cut_short])
def test_every_state(tmp_path: Path, way: Callable[[Journey], None]) -> None:
    tally = Tally()
    states = [(model, state) for model in (ALONE, AWARDED, TWO) for state in states_of(model, 3)]
    travel(tmp_path, states, way, tally)
    print(f"\npromise 2, {way.__name__}: {tally}")
    check(tally)
    assert tally.states > 30_000


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.timeout(3600)
def test_many_states_in_worlds_of_their_own(tmp_path: Path) -> None:
    tally = Tally()
    states = [(model, state) for model in (AWARDED, TWO) for state in states_of(model, 3)]
    for at, (model, state) in enumerate(sample(states, 150)):
        way = (worked, straight_back, cut_short)[at % 3]
        way(Journey(pack(tmp_path / str(at), [(model, state)], by_itself(state)), tally))
    print(f"\npromise 2, worlds of their own: {tally}")
    check(tally)


@pytest.mark.deep
@pytest.mark.crash
@pytest.mark.timeout(3600)
def test_what_ids_alone_cannot_tell(tmp_path: Path) -> None:
    """Two rows of the tail were tried: without the old scheduler's log nobody sees it, and this is what it costs."""
    tally = Tally()
    states = [(AWARDED, state) for state in states_of(AWARDED, 3) if not state.evident and state.delivered]
    for at, (model, state) in enumerate(sample(states, 40)):
        journey = Journey(pack(tmp_path / str(at), [(model, state)], Evidence()), tally)
        journey.migrate()
        journey.work()
    print(f"\nwithout the log, {tally.states} states in which two rows were tried at the end: {tally.duplicates} twice")
    assert not tally.lost
