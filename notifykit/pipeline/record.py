"""Records what came of attempts: judged by the message's campaign, and what it says of the channel beside it."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping

from notifykit.campaign.campaign import Campaign, Channel, RetryPolicy
from notifykit.clock import Clock
from notifykit.model import Claim, Outcome
from notifykit.outbox.protocol import Outage, Outbox, Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.judge import backoff, judge
from notifykit.pipeline.outage import failed_again, kind_of
from notifykit.wording.host import PAUSED

log = logging.getLogger(__name__)


class Recorder:
    """Used by one thread at a time, inside the transaction of a visit to the store."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        campaigns: Mapping[str, Campaign],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._campaigns = campaigns
        self._clock = clock
        self._rng = rng

    def record(self, result: Result) -> Transition | None:
        """Record an outcome; returns where it moved its task, None where it came too late."""
        claim, outcome = result.claim, result.outcome
        outage = self._outage(claim, outcome)
        then = self.judge(claim, outcome, outage)
        moved = self._outbox.finish(claim, outcome, then, result.seconds)
        if outcome.pause is not None:
            self._outbox.pause(claim.task.channel, outcome.pause, PAUSED(cause=outcome.said))
        return then if moved else None

    def judge(self, claim: Claim, outcome: Outcome, outage: Outage | None = None) -> Transition:
        """Say where an outcome moves its task. `outage`: what it says of the channel."""
        campaign = self._campaigns.get(claim.task.campaign)
        plan = campaign.message(claim.task.name) if campaign else None
        channel = self._channels.get(claim.task.channel)
        window = channel.repeatable_for if channel else None
        return judge(claim, outcome, plan, self._clock.now(), self._rng, repeatable_for=window, outage=outage)

    def _outage(self, claim: Claim, outcome: Outcome) -> Outage | None:
        """Record what an outcome says of its channel; returns the outage that it is part of."""
        channel = claim.task.channel
        if kind_of(outcome) is None:
            if self._outbox.end_outage(channel):
                log.warning("channel %s: the service answers again", channel)
            return None
        before = next((found for found in self._outbox.outages() if found.channel == channel), None)
        campaign = self._campaigns.get(claim.task.campaign)
        plan = campaign.message(claim.task.name) if campaign else None
        delay = backoff(plan.retry if plan else RetryPolicy(), 1, self._rng)
        outage = failed_again(before, claim, outcome, self._clock.now(), delay)
        self._outbox.set_outage(outage)
        if outage.paused and (before is None or outage.last_at != before.last_at):
            log.warning("channel %s cannot be reached (%s); next try in %.0f s", channel, outage.reason, outage.wait)
        return outage
