"""What many viewers ask for is looked up once."""

from __future__ import annotations

import threading

import pytest

from notifykit.web.kept import MOST, Kept


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_made_once_while_it_is_fresh() -> None:
    watch, made = Watch(), iter(range(10))
    kept = Kept(watch)
    assert [kept.get("a", lambda: next(made), fresh=2) for _ in range(3)] == [0, 0, 0]
    assert kept.get("b", lambda: next(made), fresh=2) == 1
    watch.now = 2.5
    assert kept.get("a", lambda: next(made), fresh=2) == 2
    kept.clear()
    assert kept.get("a", lambda: next(made), fresh=2) == 3


def test_of_several_that_ask_at_once_one_looks() -> None:
    kept, made, started, go = Kept(Watch()), [], threading.Event(), threading.Event()

    def make() -> int:
        made.append(1)
        started.set()
        go.wait(20)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get("a", make, fresh=2))) for _ in range(5)]
    for thread in threads:
        thread.start()
    started.wait(20)
    go.set()
    for thread in threads:
        thread.join()
    assert (found, made) == ([7] * 5, [1])


def test_what_is_usable_is_returned_at_once_and_made_anew_meanwhile() -> None:
    watch, made = Watch(), threading.Event()
    kept = Kept(watch)
    kept.get("a", lambda: "old", fresh=2, usable=60)
    watch.now = 30

    def make() -> str:
        made.set()
        return "new"

    assert kept.get("a", make, fresh=2, usable=60) == "old"
    assert made.wait(20)
    for thread in threading.enumerate():
        if thread.name == "page":
            thread.join(20)
    assert kept.get("a", lambda: "never", fresh=2, usable=60) == "new"
    watch.now = 100
    assert kept.get("a", lambda: "late", fresh=2, usable=60) == "late"


def test_what_fails_meanwhile_is_told_to_who_asks_when_nothing_is_usable(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    kept = Kept(watch)

    def fails() -> str:
        raise OSError("gone")

    kept.get("a", lambda: "old", fresh=2, usable=60)
    watch.now = 30
    assert kept.get("a", fails, fresh=2, usable=60) == "old"
    for thread in threading.enumerate():
        if thread.name == "page":
            thread.join(20)
    assert "could not be looked up anew" in caplog.text
    watch.now = 100
    with pytest.raises(OSError, match="gone"):
        kept.get("a", fails, fresh=2, usable=60)
    assert kept.get("a", lambda: "again", fresh=2) == "again"


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept = Kept(Watch())
    for number in range(MOST + 10):
        kept.get(number, lambda: number, fresh=2)  # noqa: B023 - called at once
    assert kept.get(MOST, lambda: -1, fresh=2) == MOST
    assert kept.get(0, lambda: -1, fresh=2) == -1
