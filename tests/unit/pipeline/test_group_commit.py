from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import pytest

from notifykit.pipeline.group_commit import GroupCommit, Visit


@dataclass(slots=True, kw_only=True, eq=False)
class Sum(Visit):
    number: int
    answer: int = 0


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_every_visit_of_every_thread_is_served_once() -> None:
    served: list[int] = []
    calls = 0

    def serve(visits: list[Sum]) -> None:
        nonlocal calls
        calls += 1
        for visit in visits:
            served.append(visit.number)
            visit.answer = visit.number + 1

    desk = GroupCommit(serve, visitors=lambda: 0)

    def work(thread: int) -> None:
        wake: SimpleQueue[None] = SimpleQueue()
        for turn in range(300):
            number = thread * 1000 + turn
            assert desk.visit(Sum(wake=wake, number=number)).answer == number + 1

    in_threads(8, work)
    assert sorted(served) == [thread * 1000 + turn for thread in range(8) for turn in range(300)]
    assert calls <= 2400
    assert len(desk) == 0


def test_those_who_wait_are_served_together() -> None:
    sizes: list[int] = []
    desk = GroupCommit[Sum](lambda visits: sizes.append(len(visits)), visitors=lambda: 0)
    arrived = threading.Barrier(5)

    def work(number: int) -> None:
        arrived.wait(5)
        desk.visit(Sum(number=number))

    with desk.alone():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        arrived.wait(5)
        while len(desk) < 4:
            pass
    for thread in threads:
        thread.join(5)
    assert sizes == [4]


def test_whoever_serves_gives_the_expected_visitors_a_chance_to_come_along() -> None:
    sizes: list[int] = []
    desk: GroupCommit[Sum]

    def visitors() -> int:
        # One who returns while the first is asking.
        desk._waiting.append(Sum(number=2))
        return 2

    desk = GroupCommit(lambda visits: sizes.append(len(visits)), visitors=visitors)
    desk.visit(Sum(number=1))
    assert sizes == [2]


def test_an_error_reaches_everybody_whom_it_concerns_and_nobody_waits_for_ever() -> None:
    def serve(visits: list[Sum]) -> None:
        raise ValueError(f"no {len(visits)}")

    desk = GroupCommit(serve, visitors=lambda: 0)
    raised: list[str] = []

    def work(number: int) -> None:
        with pytest.raises(ValueError, match="no ") as caught:
            desk.visit(Sum(number=number))
        raised.append(str(caught.value))

    in_threads(6, work)
    assert len(raised) == 6
    with desk.alone():
        pass


@dataclass(slots=True, kw_only=True, eq=False)
class Order(Visit):
    """Hands in what was done, and gets something to do."""

    done: list[int]
    todo: list[int] = field(default_factory=list)

    def can_trade(self) -> bool:
        return bool(self.todo)

    def trade(self, other: Order) -> None:
        self.done, other.done = other.done, self.done
        self.todo, other.todo = other.todo, []


def test_whoever_comes_back_takes_what_a_sleeping_thread_would_and_leaves_its_own_visit_to_it() -> None:
    desk = GroupCommit[Order](lambda visits: None, visitors=lambda: 0)
    sleeping = Order(done=[1], todo=[2])
    desk._answers.append(sleeping)
    with desk.alone():
        mine = desk.visit(Order(done=[3]))
    assert (mine.done, mine.todo) == ([1], [2])
    assert (sleeping.done, sleeping.todo, sleeping.served, len(desk)) == ([3], [], False, 1)


def test_what_is_traded_is_handed_in_and_done_once() -> None:
    rest = list(range(2400))
    recorded: list[int] = []
    done: list[int] = []

    def serve(visits: list[Order]) -> None:
        for visit in visits:
            recorded.extend(visit.done)
        for visit in visits:
            visit.todo = [rest.pop()] if rest else []

    desk = GroupCommit(serve, visitors=lambda: 0)

    def work(_thread: int) -> None:
        wake: SimpleQueue[None] = SimpleQueue()
        order = desk.visit(Order(wake=wake, done=[]))
        while order.todo:
            done.extend(order.todo)
            order = desk.visit(Order(wake=wake, done=order.todo))

    in_threads(8, work)
    assert sorted(done) == sorted(recorded) == list(range(2400))
    assert len(desk) == 0


def test_all_whose_work_takes_long_are_at_work_at_once() -> None:
    """Though each was woken by another one, and was served with all others."""

    def serve(visits: list[Order]) -> None:
        for visit in visits:
            visit.todo = [1]

    desk = GroupCommit(serve, visitors=lambda: 0)
    at_work = threading.Barrier(5)

    def work() -> None:
        desk.visit(Order(done=[]))
        at_work.wait(20)

    with desk.alone():
        threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        while len(desk) < 4:
            pass
    at_work.wait(20)
    for thread in threads:
        thread.join(5)


def test_an_error_is_nobodys_to_trade() -> None:
    def serve(visits: list[Order]) -> None:
        for visit in visits:
            visit.todo = [1]
        raise ValueError(f"no {len(visits)}")

    desk = GroupCommit(serve, visitors=lambda: 0)
    other = Order(done=[])
    desk._waiting.append(other)
    with pytest.raises(ValueError, match="no 2"):
        desk.visit(Order(done=[]))
    assert (other.served, str(other.error), other.wake.qsize()) == (True, "no 2", 1)
