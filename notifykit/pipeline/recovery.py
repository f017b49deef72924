"""Puts claims whose worker is gone where their campaign's policy says."""

from __future__ import annotations

from collections.abc import Callable

from notifykit.clock import Clock
from notifykit.model import Claim, Outcome
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.judge import doubtful
from notifykit.pipeline.watch import ClaimWatch


class Recovery:
    """One dispatcher's look at the claims of others, every few seconds."""

    def __init__(
        self, outbox: Outbox, worker: str, clock: Clock, judge: Callable[[Claim, Outcome], Transition]
    ) -> None:
        self._outbox = outbox
        self._worker = worker
        self._watch = ClaimWatch(clock, outbox.ended)
        self._judge = judge
        self.others_send = False
        """Whether another worker was sending at the last look, as far as nobody knows that it is gone."""

    def take_lost(self) -> list[tuple[Result, Transition]]:
        """Take away the claims that are lost, and mend what a clock that was set back would delay."""
        self._outbox.mend_times()
        others = [claim for claim in self._outbox.on_wire() if claim.worker != self._worker]
        lost = []
        for claim in self._watch.look(others):
            outcome = doubtful(claim)
            then = self._judge(claim, outcome)
            if self._outbox.expire(claim, outcome, then):
                lost.append((Result(claim, outcome, 0.0), then))
        self.others_send = len(others) > len(lost)
        return lost
