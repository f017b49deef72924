"""Who notifies about contracts is told by the stack: each test is a small program of its own."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, cast

import pytest
from notifykit_compat.activation import Activation, Activations, Staged
from notifykit_compat.contract_files import ContractFile

CONTRACT = cast("ContractFile", object())
known = Activations()


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    yield
    known.give_up()


def here() -> FrameType:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back


def load(file: ContractFile | None = CONTRACT) -> None:
    known.loading(caller(), file)


def caller() -> FrameType:
    """The frame that called the function which calls this."""
    back = here().f_back
    assert back is not None
    assert back.f_back is not None
    return back.f_back


def create(text: str = "x") -> Activation | None:
    found = known.around(caller())
    if found is not None:
        found.staged.append(Staged("type", "to", text))
    return found


def ended() -> list[Activation]:
    return known.ended()


def test_what_a_notification_creates_is_its_own() -> None:
    def deeper() -> Activation | None:
        return create()

    def notify() -> list[Any]:
        load()
        return [create(), deeper(), next(create() for _ in range(1)), (lambda: create())()]

    found = notify()
    assert found[0] is not None
    assert set(map(id, found)) == {id(found[0])}


def test_what_others_create_is_not() -> None:
    def notify() -> None:
        load()
        assert create() is not None

    def report() -> Activation | None:
        return create()

    notify()
    assert report() is None, "a job that is called after it"
    assert create() is None, "whoever called both"


def test_what_was_loaded_elsewhere_does_not_count() -> None:
    def technicians() -> Activation | None:
        load(None)
        return create()

    def notify() -> Activation | None:
        load()
        return technicians()

    assert technicians() is None
    assert notify() is None, "the innermost one counts"


def test_a_function_that_loads_both_notifies() -> None:
    def notify() -> Activation | None:
        load()
        load(None)
        return create()

    assert notify() is not None


def test_a_second_call_of_the_same_function_is_another_one() -> None:
    def notify(depth: int) -> list[Activation | None]:
        load()
        return [create(), *(notify(depth - 1) if depth else [])]

    first, second = notify(1)
    assert first is not second


def test_another_thread_is_another_stack() -> None:
    found: list[Activation | None] = []

    def notify() -> None:
        load()
        thread = threading.Thread(target=lambda: found.append(create()))
        thread.start()
        thread.join()

    notify()
    assert found == [None]


def test_what_ended_is_told_with_how_it_ended() -> None:
    def returns() -> int:
        load()
        create("kept")
        return 1

    def returns_through_finally() -> int:
        load()
        try:
            return 2
        finally:
            create("kept")

    def falls_off_its_end() -> None:
        load()
        create("kept")

    def raises() -> None:
        load()
        create("lost")
        raise ValueError

    def is_interrupted_deeper() -> None:
        load()
        create("lost")
        int("x")

    returns()
    returns_through_finally()
    falls_off_its_end()
    for failing in (raises, is_interrupted_deeper):
        with pytest.raises(ValueError):  # noqa: PT011 - any will do
            failing()
    over = ended()
    assert {(one.staged[0].text, one.returned) for one in over} == {("kept", True), ("lost", False)}
    assert sum(one.returned for one in over) == 3
    assert ended() == []


def test_one_that_still_runs_has_not_ended() -> None:
    def notify() -> list[Activation]:
        load()
        create()
        return [*ended(), *known.ended_here(here())]

    assert notify() == []
    assert len(ended()) == 1


def test_one_that_runs_in_another_thread_has_not_ended() -> None:
    loaded, go_on = threading.Event(), threading.Event()

    def notify() -> None:
        load()
        create()
        loaded.set()
        go_on.wait()

    thread = threading.Thread(target=notify)
    thread.start()
    loaded.wait()
    assert ended() == []
    assert known.ended_here(here()) == []
    go_on.set()
    thread.join()
    assert len(ended()) == 1


def test_a_sleeping_generator_has_not_ended() -> None:
    def notify() -> Iterator[int]:
        load()
        create()
        yield 1
        create()

    running = notify()
    next(running)
    assert ended() == []
    assert list(running) == []
    assert len(known.give_up()[0].staged) == 2
