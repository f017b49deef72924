"""Finds claims whose worker is gone, without comparing two clocks.

A claim is given up where the worker's OS lock died with it, or where its heartbeat number was seen unchanged for its
whole lease by the clock of the one who watches. Boot ids, process ids and other machines' times are not asked: they
mislead in containers, in WSL and across a suspend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notifykit.clock import Clock
from notifykit.model import Claim


@dataclass(slots=True)
class _Sight:
    """What was seen of one claim."""

    beat: int
    still: float = 0.0
    """Seconds for which the number did not rise while somebody looked."""


class ClaimWatch:
    """Watches the claims of other workers, one look after the other.

    The time between two looks counts as at most a quarter of the lease: a watcher that was itself stopped, with the
    whole machine perhaps, has seen nothing meanwhile.
    """

    def __init__(self, clock: Clock, ended: Callable[[str], bool]) -> None:
        self._clock = clock
        self._ended = ended
        self._sights: dict[tuple[int, int], _Sight] = {}
        self._looked_at = clock.monotonic()

    def look(self, others: Sequence[Claim]) -> list[Claim]:
        """Return those of the claims of other workers that may be taken away now."""
        now = self._clock.monotonic()
        passed, self._looked_at = now - self._looked_at, now
        before, self._sights = self._sights, {}
        gone: dict[str, bool] = {}
        lost = []
        for claim in others:
            at = (claim.task.id, claim.token)
            seen = before.get(at)
            if seen is None or seen.beat != claim.beat:
                seen = _Sight(claim.beat)
            else:
                seen.still += min(passed, claim.lease / 4)
            self._sights[at] = seen
            if claim.worker not in gone:
                gone[claim.worker] = self._ended(claim.worker)
            if gone[claim.worker] or seen.still >= claim.lease:
                lost.append(claim)
        return lost
