"""Puts claims whose worker is gone where their campaign's policy says."""

from __future__ import annotations

from collections.abc import Callable

from notifykit.clock import Clock
from notifykit.model import Claim, Outcome
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.gathering import spread
from notifykit.pipeline.judge import doubtful
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.pipeline.telling import tell_expired
from notifykit.pipeline.watch import ClaimWatch


class Recovery:
    """One dispatcher's look at the claims of others, every few seconds."""

    def __init__(
        self,
        outbox: Outbox,
        worker: str,
        clock: Clock,
        judge: Callable[[Claim, Outcome], Transition],
        only: Selection = EVERYTHING,
    ) -> None:
        """`only`: the claims that it looks at."""
        self._only = only
        self._outbox = outbox
        self._worker = worker
        self._watch = ClaimWatch(clock, outbox.ended)
        self._judge = judge

    def others_send(self) -> bool:
        """Whether another worker is sending, as far as nobody knows that it is gone."""
        return bool(self._of_others())

    def take_lost(self) -> list[tuple[Result, Transition]]:
        """Take away the claims that are lost, and mend what a clock that was set back would delay."""
        self._outbox.mend_times()
        lost: list[tuple[Result, Transition]] = []
        for claim in self._watch.look(self._of_others()):
            outcome = doubtful(claim)
            then = self._judge(claim, outcome)
            if self._outbox.expire(claim, outcome, then):
                results, _ = spread(self._outbox, [Result(claim, outcome, 0.0)], [then])
                lost += [(result, then) for result in results]
        return lost

    def cancel_expired(self) -> int:
        """Cancel what waits and was not sent in time; returns how many."""
        expired = self._outbox.cancel_expired()
        tell_expired(expired)
        return len(expired)

    def _of_others(self) -> list[Claim]:
        return [
            claim
            for claim in self._outbox.on_wire()
            if claim.worker != self._worker and self._only.has(claim.task.campaign, claim.task.channel)
        ]
