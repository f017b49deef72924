"""What a store on a server keeps while connections to it are cut: before a commit, in it, and after it.

Nothing is lost, nothing is done twice, and what nobody was told of is given back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import pytest

from notifykit.errors import StoreError
from notifykit.model import Outcome, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Finished, Transition
from notifykit.roles import Rate
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import LEASE, accept, claim, claim_one, doubt, look, queue, statuses
from notifykit.testing.samples import draft

T = TypeVar("T")

BOUNDS = {"robot": ChannelBounds()}
SENT = Transition(status=Status.SENT)
PATIENCE = 15.0
"""Seconds within which a server has seen that a connection was cut."""


class Cutter(Protocol):
    """What lies between a store and its server."""

    def cut(self) -> None:
        """Cut all connections now."""
        ...

    def cut_at_commit(self, *, answered: bool) -> None:
        """Cut the connection of the next commit: before the server gets it, or when it has done and `answered` it."""
        ...


def loses(step: Callable[[], object]) -> None:
    """Assert that a step ends with an error that passes."""
    with pytest.raises(StoreError) as raised:
        step()
    assert raised.value.passing
    assert raised.value.mend


def again(step: Callable[[], T]) -> T:
    """Take a step, twice where the first one finds that the connection is lost."""
    with suppress(StoreError):
        return step()
    return step()


def in_time(step: Callable[[], list[T]]) -> list[T]:
    """Take a step until it gives anything: the server holds what it was asked for until it sees the connection end."""
    patience = time.monotonic() + PATIENCE
    while not (given := step()) and time.monotonic() < patience:
        time.sleep(0.01)
    return given


class ConnectionsContract(OutboxBase):
    """Subclass it as `TestMyConnections`, beside `OutboxContract`, if your store is on a server.

    Override `cutter`, so that what `open_outbox` opens goes through it.
    """

    @pytest.fixture(autouse=True)
    def cutter(self) -> Cutter:
        """Return what lies between the store and its server. To be overridden."""
        raise NotImplementedError

    def test_a_connection_that_was_lost_is_made_again(self, outbox: Outbox, cutter: Cutter) -> None:
        (id_,) = queue(outbox, "A")
        for _ in range(3):
            cutter.cut()
            assert again(lambda: look(outbox, id_)).status is Status.QUEUED
            cutter.cut()
            assert again(lambda: outbox.enqueue([draft(key="A")])).duplicates == 1

    def test_of_a_transaction_that_is_cut_nothing_is_kept(self, outbox: Outbox, cutter: Cutter) -> None:
        def cut_short() -> None:
            with outbox.transaction():
                queue(outbox, "A")
                cutter.cut()
                queue(outbox, "B")

        loses(cut_short)
        assert statuses(outbox) == []

    def test_who_goes_on_after_an_error_keeps_nothing_either(self, outbox: Outbox, cutter: Cutter) -> None:
        def go_on() -> None:
            with outbox.transaction():
                queue(outbox, "A")
                cutter.cut()
                loses(lambda: queue(outbox, "B"))

        loses(go_on)
        assert statuses(outbox) == []

    @pytest.mark.parametrize("answered", [False, True])
    def test_an_offer_is_made_once(self, outbox: Outbox, cutter: Cutter, answered: bool) -> None:
        cutter.cut_at_commit(answered=answered)
        loses(lambda: outbox.enqueue([draft(key="A"), draft(key="B")]))
        made = outbox.enqueue([draft(key="A"), draft(key="B")])
        assert (made.new, made.duplicates) == ((0, 2) if answered else (2, 0))
        assert statuses(outbox) == [Status.QUEUED] * 2

    @pytest.mark.parametrize("answered", [False, True])
    def test_a_claim_that_nobody_was_told_of_is_given_back(
        self, outbox: Outbox, another: Another, cutter: Cutter, answered: bool
    ) -> None:
        (id_,) = queue(outbox, "A")
        limited = {"robot": [Rate(1, 60)]}
        other = another()
        cutter.cut_at_commit(answered=answered)
        loses(lambda: claim(outbox, channels=limited))
        assert [one.task.id for one in other.on_wire()] == ([id_] if answered else [])
        (one,) = in_time(lambda: claim(outbox, channels=limited))
        assert (one.task.id, one.task.tries) == (id_, 1)
        assert accept(outbox, one)
        assert len(outbox.attempts(id_)) == 1

    def test_what_is_called_is_not_given_back(self, outbox: Outbox, another: Another, cutter: Cutter) -> None:
        queue(outbox, *"ABC")
        mine, theirs = claim_one(outbox, worker="me"), claim_one(another(), worker="you")
        cutter.cut_at_commit(answered=True)
        loses(lambda: claim_one(outbox, worker="me"))
        assert outbox.holds(mine)
        assert outbox.holds(theirs)
        assert outbox.heartbeat([mine]) == [mine]
        assert {one.task.id for one in outbox.on_wire()} == {mine.task.id, theirs.task.id}
        assert accept(outbox, mine)

    @pytest.mark.parametrize("answered", [False, True])
    def test_results_are_handed_in_until_they_are_recorded(
        self, outbox: Outbox, cutter: Cutter, answered: bool
    ) -> None:
        first, second, third = queue(outbox, "A", "B", "C", recipients=["x", "x", "y"])
        claims = {one.task.id: one for one in claim(outbox)}
        result = Finished(claim=claims[first], outcome=Outcome.accepted(), then=SENT)

        def hand_in() -> tuple[tuple[bool, ...], list[int]]:
            done = outbox.exchange([result], "worker", 5, BOUNDS, LEASE)
            return done.moved, [one.task.id for one in done.claims]

        cutter.cut_at_commit(answered=answered)
        loses(hand_in)
        assert hand_in() == ((True,), [second])
        assert outbox.holds(claims[third])
        assert [look(outbox, id_).status for id_ in (first, second)] == [Status.SENT, Status.SENDING]
        assert (len(outbox.attempts(first)), outbox.events(first)) == (1, [])
        assert accept(outbox, claims[third])

    @pytest.mark.parametrize("answered", [False, True])
    def test_a_decision_is_made_once(self, outbox: Outbox, cutter: Cutter, answered: bool) -> None:
        (id_,) = queue(outbox, "A")
        doubt(outbox, claim_one(outbox))

        def decide() -> int:
            return len(outbox.decide([id_], Status.SENT, who="w", why="y", of=[Status.IN_DOUBT]))

        cutter.cut_at_commit(answered=answered)
        loses(decide)
        assert decide() == (0 if answered else 1)
        assert [event.kind for event in outbox.events(id_)] == ["resolved"]

    def test_a_worker_may_leave_over_a_connection_that_was_cut(self, outbox: Outbox, cutter: Cutter) -> None:
        with outbox.enlist("me"):
            cutter.cut()
        assert statuses(outbox) == []
