"""A claim is given up by what was seen of it, never by what two clocks say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.model import Claim
from notifykit.pipeline.watch import ClaimWatch
from notifykit.testing import FakeClock
from notifykit.testing.samples import records, sent_task

LEASE = 60.0
TASK = sent_task(records({"id": "K"})[0], {})


def claim(beat: int = 0, *, token: int = 1, worker: str = "you") -> Claim:
    return Claim(task=TASK, token=token, worker=worker, started_at=0.0, lease=LEASE, beat=beat)


class Watch:
    """A watcher that looks every few seconds, as a dispatcher does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.gone: set[str] = set()
        self.watch = ClaimWatch(self.clock, self.gone.__contains__)

    def after(self, seconds: float, *seen: Claim, step: float = 5.0) -> list[Claim]:
        lost: list[Claim] = []
        while seconds > 0 and not lost:
            self.clock.advance(min(step, seconds))
            seconds -= step
            lost = self.watch.look(seen)
        return lost


def test_a_number_that_stands_still_for_a_whole_lease_is_given_up() -> None:
    watch = Watch()
    assert watch.after(LEASE, claim()) == [], "the first look is where it begins"
    assert watch.after(5, claim()) == [claim()]


def test_a_number_that_rises_is_never_given_up() -> None:
    watch = Watch()
    for beat in range(50):
        assert watch.after(LEASE - 5, claim(beat)) == []


def test_a_number_that_rose_begins_anew_and_so_does_another_attempt() -> None:
    watch = Watch()
    assert watch.after(LEASE, claim(3)) == []
    assert watch.after(LEASE, claim(4)) == []
    assert watch.after(LEASE, claim(4, token=2)) == []


def test_a_worker_whose_lock_died_is_given_up_at_once() -> None:
    watch = Watch()
    other = claim(worker="other")
    assert watch.after(1, claim(), other) == []
    watch.gone.add("you")
    assert watch.after(1, claim(), other) == [claim()]


@pytest.mark.parametrize("jump", [1.0, -1.0, 3600.0, -3600.0, 3.15e8, -3.15e8])
def test_the_wall_clock_is_not_asked(jump: float) -> None:
    watch = Watch()
    watch.after(30, claim())
    watch.clock.jump(jump)
    assert watch.after(25, claim()) == []
    assert watch.after(15, claim()) == [claim()]


def test_a_watcher_that_was_stopped_has_seen_nothing_meanwhile() -> None:
    """The worker may have been stopped with it, and goes on in this instant."""
    watch = Watch()
    watch.after(30, claim())
    watch.clock.advance(100 * LEASE)
    assert watch.watch.look([claim()]) == []
    assert watch.after(LEASE - 5, claim(1)) == []


EXACT = st.integers(1, 200 * 64).map(lambda number: number / 64)
"""Seconds whose sums are not rounded."""


@given(st.lists(EXACT, min_size=1, max_size=60))
def test_who_beats_between_two_looks_is_never_lost_and_who_does_not_is(gaps: list[float]) -> None:
    watch = Watch()
    watched = 0.0
    for number, gap in enumerate(gaps):
        watch.clock.advance(gap)
        living, dead = claim(number, worker="living"), claim(worker="dead")
        lost = watch.watch.look([living, replace(dead, token=2)])
        watched += min(gap, LEASE / 4) if number else 0.0
        assert living not in lost
        assert bool(lost) is (watched >= LEASE)
        if lost:
            return
