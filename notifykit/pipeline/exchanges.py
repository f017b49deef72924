"""One visit to the store for many threads: their results are recorded, and each gets its next call."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from notifykit.campaign.campaign import Channel, DispatchSettings
from notifykit.clock import Clock
from notifykit.errors import StoreError
from notifykit.model import Claim, Status
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Pause, Transition
from notifykit.pipeline.bounds import bounds_of
from notifykit.pipeline.call import Result
from notifykit.pipeline.gathering import Told, gathers, spread
from notifykit.pipeline.group_commit import Visit
from notifykit.pipeline.held_claims import HeldClaims
from notifykit.pipeline.observers import Nobody, Observers
from notifykit.pipeline.record import Recorder
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.pipeline.telling import HOOKS, tell_expired

log = logging.getLogger(__name__)

LOOKS = 16
"""How often one visit claims again where what it got is not to be sent now. Others wait meanwhile."""


@dataclass(slots=True, kw_only=True, eq=False)
class Errand(Visit):
    """Hand in results, and get the next tasks: one, or as many of a channel as its sender takes in one call."""

    results: list[Result]
    claims: list[Claim] = field(default_factory=list)
    thens: list[Transition | None] = field(default_factory=list)
    """Where each result moved its task; None where it came too late."""
    again: bool = False
    """Whether there may be more to call now, though it got nothing: what it got was not to be sent now."""

    def can_trade(self) -> bool:
        """Whether there is something to call: any thread can."""
        return bool(self.claims)

    def trade(self, other: Errand) -> None:
        """Take what the other is to call, and what became of its results; leave it those that are not recorded."""
        self.results, other.results = other.results, self.results
        self.claims, other.claims = other.claims, []
        self.thens, other.thens = other.thens, []


class Exchanges:
    """Serves errands, one call at a time."""

    def __init__(
        self,
        outbox: Outbox,
        worker: str,
        channels: Mapping[str, Channel],
        settings: DispatchSettings,
        clock: Clock,
        recorder: Recorder,
        only: Selection = EVERYTHING,
        observers: Observers | None = None,
    ) -> None:
        """`only`: of what is claimed. `observers`: who is told of results, each of a message."""
        self._outbox = outbox
        self._worker = worker
        self._settings = settings
        self._clock = clock
        self._recorder = recorder
        self._observers = observers or Nobody()
        self._batching = {name: channel for name, channel in channels.items() if channel.batch_size > 1}
        bounds = bounds_of(channels, settings.workers)
        self.bounds = {name: bound for name, bound in bounds.items() if only.has_channel(name)}
        self._campaigns = only.kept_campaigns
        self.held = HeldClaims(clock, lease=settings.lease, timeout=settings.timeout)
        self.paused: deque[Pause] = deque()
        """Pauses that are durable, and of which observers have not heard."""
        self._expired = 0

    def serve(self, errands: Sequence[Errand], ending: Callable[[], bool]) -> None:
        """Record every result, and claim as many tasks again, unless all is `ending`.

        Raises StoreError when the lease is over.
        """
        patience = self._clock.monotonic() + self._settings.lease
        while True:
            try:
                return self._exchange(errands, claiming=not ending())
            except StoreError as error:
                # What was sent is known here only: keep trying to record it for as long as the lease is ours.
                hopeless = not error.passing or self._clock.monotonic() > patience
                if hopeless or not any(errand.results for errand in errands):
                    raise
                log.warning("outcomes cannot be recorded yet, trying again: %s", error)
                time.sleep(0.5)

    def free(self) -> list[str]:
        """Return the channels of which this worker may have more calls under way."""
        ours = self.held.by_channel()
        return [name for name, bounds in self.bounds.items() if ours[name] < (bounds.concurrency or 1)]

    def next_due(self, channels: Sequence[str]) -> float | None:
        """Return when something of these channels may be claimed; None where nothing waits."""
        return self._outbox.next_due(channels, self._campaigns)

    def _exchange(self, errands: Sequence[Errand], *, claiming: bool) -> None:
        """Record every result, and claim for each errand; again, where what was claimed is not to be sent now."""
        others = self._visit(errands, [result for errand in errands for result in errand.results], claiming=claiming)
        for _ in range(LOOKS):
            idle = [errand for errand in errands if not errand.claims]
            if not (others and idle):
                return
            others = self._visit(idle, [], claiming=True)
        for errand in errands:
            errand.again = others and not errand.claims

    def _visit(self, errands: Sequence[Errand], results: Sequence[Result], *, claiming: bool) -> bool:
        """Make one exchange; returns whether anything claimed is not to be sent now, or is a digest of nothing."""
        now = self._clock.monotonic()
        with self._outbox.transaction():
            finished = self._recorder.judged(results)
            bounds = self._bounds_now([result.claim for result in finished])
            slots = len(errands) if claiming else 0
            done = self._outbox.exchange(finished, self._worker, slots, bounds, self._settings.lease, self._campaigns)
            calls, back = self._sorted(self._calls(done.claims, bounds))
            expired = [claim.task for claim, then in back if then.status is Status.CANCELLED]
            if back:
                self._outbox.give_back(back)
            if any(is_digest(claim.task.campaign) for claim, _ in back):  # they go without what has expired
                expired += self._outbox.cancel_expired()
            found = sum(map(len, calls))
            calls, failed = self._fixed(calls)
            thens = iter([one.then if moved else None for one, moved in zip(finished, done.moved, strict=True)])
            told = [self._told(errand.results, list(islice(thens, len(errand.results)))) for errand in errands]
        for errand, (ended, where) in zip(errands, told, strict=True) if results else ():
            errand.results, errand.thens = ended, where
        errands[0].results += failed[0]
        errands[0].thens += failed[1]
        self.paused.extend(self._recorder.paused)
        self.held.drop(result.claim for result in finished)
        for errand, claims in zip(errands, calls, strict=False):
            errand.claims = claims
        self.held.take(calls, now)
        tell_expired(expired)
        self._expired += len(expired)
        return bool(back) or sum(map(len, calls)) < found

    def take_expired(self) -> int:
        """Return how many claims were cancelled instead of sent, since it was asked last."""
        expired, self._expired = self._expired, 0
        return expired

    def _sorted(self, calls: Sequence[Sequence[Claim]]) -> tuple[list[list[Claim]], list[tuple[Claim, Transition]]]:
        """Tell the claims of each call that are to be sent from those that are not."""
        back: list[tuple[Claim, Transition]] = []
        sent: list[list[Claim]] = []
        for claims in calls:
            thens = [self._recorder.postponed(claim) for claim in claims]
            back += [(claim, then) for claim, then in zip(claims, thens, strict=True) if then is not None]
            if kept := [claim for claim, then in zip(claims, thens, strict=True) if then is None]:
                sent.append(kept)
        return sent, back

    def _told(self, results: list[Result], thens: list[Transition | None]) -> Told:
        """Return what is told of results: of digests, what came of their messages."""
        if any(is_digest(result.claim.task.campaign) for result in results):
            of_sent = self._observers.observed(HOOKS[Status.SENT])
            return spread(self._outbox, results, thens, partial(self._recorder.gathering.members, of_sent=of_sent))
        return results, thens

    def _fixed(self, calls: list[list[Claim]]) -> tuple[list[list[Claim]], Told]:
        """Fix the digests among claims; returns the calls, and what came of those of which no text can be made."""
        if not any(gathers(claim) for claims in calls for claim in claims):
            return calls, ([], [])
        ready: list[list[Claim]] = []
        failed: list[Result] = []
        for claims in calls:
            kept: list[Claim] = []
            for claim in claims:
                made = self._recorder.gathering.fixed(claim) if gathers(claim) else claim
                if isinstance(made, Result):
                    failed.append(made)
                elif made is not None:
                    kept.append(made)
            if kept:
                ready.append(kept)
        finished = self._recorder.judged(failed)
        self._outbox.exchange(finished, self._worker, 0, self.bounds, self._settings.lease)
        return ready, spread(self._outbox, failed, [one.then for one in finished])

    def _bounds_now(self, ended: Sequence[Claim]) -> Mapping[str, ChannelBounds]:
        """Return how much may be claimed: of a channel that takes batches, what fills the calls that may begin.

        `ended`: claims whose calls are over.
        """
        if not self._batching:
            return self.bounds
        bounds = dict(self.bounds)
        for name, channel in self._batching.items():
            calls, claims = self.held.calls(name, without=ended)
            free = (channel.concurrency or self._settings.workers) - calls
            whole = bounds[name]
            most = min(claims + free * channel.batch_size, whole.concurrency or self._settings.workers)
            bounds[name] = replace(whole, concurrency=most)
        return bounds

    def _calls(self, claims: Sequence[Claim], bounds: Mapping[str, ChannelBounds]) -> list[list[Claim]]:
        """Return the claims of each call: one, or as many as the sender takes, for which more are claimed.

        `claims`: one for each thread that waits, so that there are no more calls than these.
        """
        calls: list[list[Claim]] = []
        batches: dict[str, list[Claim]] = {}
        for claim in claims:
            name = claim.task.channel
            if name in self._batching:
                batches.setdefault(name, []).append(claim)
            else:
                calls.append([claim])
        for name, first in batches.items():
            size = self._batching[name].batch_size
            only = {name: bounds[name]}
            slots = len(first) * (size - 1)
            more = self._outbox.exchange([], self._worker, slots, only, self._settings.lease, self._campaigns)
            whole = [*first, *more.claims]
            calls += [whole[at : at + size] for at in range(0, len(whole), size)]
        return calls
