"""Records what came of attempts: judged by the message's campaign, and what it says of the channel beside it."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence

from notifykit.campaign.campaign import Campaign, Channel, MessagePlan, RetryPolicy
from notifykit.model import Claim, Outcome, Status, Verdict
from notifykit.outbox.digests import campaign_of
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Finished, Outage, Pause, Transition
from notifykit.pipeline.call import Result
from notifykit.pipeline.gathering import Gathering
from notifykit.pipeline.judge import accepted, backoff, judge, postponed
from notifykit.pipeline.outage import failed_again, kind_of
from notifykit.pipeline.telling import of_channel, tell_not_sent
from notifykit.wording.host import PAUSED

log = logging.getLogger(__name__)


class Recorder:
    """Used by one thread at a time, inside the transaction of a visit to the store."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        campaigns: Mapping[str, Campaign],
        rng: random.Random,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._campaigns = campaigns
        self._rng = rng
        self.paused: list[Pause] = []
        """What the results that were judged last say of their channels: pauses, and outages that pause."""
        self.gathering = Gathering(outbox, channels, campaigns)

    def judged(self, results: Sequence[Result]) -> list[Finished]:
        """Return results with where they move their tasks. What they say of their channels is recorded."""
        self.paused = []
        outages = {outage.channel: outage for outage in self._outbox.outages()} if results else {}
        finished = []
        for result in results:
            claim, outcome = result.claim, result.outcome
            if outcome.verdict is Verdict.ACCEPTED and not outages and outcome.pause is None:
                then = accepted(outcome)
                finished.append(Finished(claim=claim, outcome=outcome, then=then, call_seconds=result.seconds))
                continue
            outage = self._outage(claim, outcome, outages)
            then = self.judge(claim, outcome, outage)
            tell_not_sent(claim.task, then, self._outbox.now())
            if outcome.pause is not None:
                why = PAUSED(cause=outcome.said)
                self._outbox.pause(claim.task.channel, outcome.pause, why)
                until = self._outbox.now() + outcome.pause
                self.paused.append(Pause(channel=claim.task.channel, until=until, reason=why))
                extra = of_channel("channel_paused", claim.task.channel)
                log.info("channel %s is paused: %s", claim.task.channel, outcome.said, extra=extra)
            finished.append(Finished(claim=claim, outcome=outcome, then=then, call_seconds=result.seconds))
        return finished

    def judge(self, claim: Claim, outcome: Outcome, outage: Outage | None = None) -> Transition:
        """Say where an outcome moves its task. `outage`: what it says of the channel."""
        if outcome.verdict is Verdict.ACCEPTED:
            return accepted(outcome)
        plan = self._plan(claim)
        channel = self._channels.get(claim.task.channel)
        window = channel.repeatable_for if channel else None
        return judge(claim, outcome, plan, self._outbox.now(), self._rng, repeatable_for=window, outage=outage)

    def postponed(self, claim: Claim) -> Transition | None:
        """Say where a claimed task goes that is not to be sent now; None: it is sent."""
        if self.gathering.outlived(claim):
            return Transition(status=Status.QUEUED)
        return postponed(claim, self._plan(claim), self._outbox.now())

    def _plan(self, claim: Claim) -> MessagePlan | None:
        campaign = self._campaigns.get(campaign_of(claim.task.campaign))
        return campaign.message(claim.task.name) if campaign else None

    def _outage(self, claim: Claim, outcome: Outcome, outages: dict[str, Outage]) -> Outage | None:
        """Record what an outcome says of its channel; returns the outage that it is part of. `outages`: as they are."""
        channel = claim.task.channel
        if kind_of(outcome) is None:
            if outages.pop(channel, None) is not None:
                self._outbox.end_outage(channel)
                log.warning(
                    "channel %s: the service answers again", channel, extra=of_channel("channel_answers", channel)
                )
            return None
        before = outages.get(channel)
        plan = self._plan(claim)
        delay = backoff(plan.retry if plan else RetryPolicy(), 1, self._rng)
        outage = outages[channel] = failed_again(before, claim, outcome, self._outbox.now(), delay)
        self._outbox.set_outage(outage)
        if outage.paused and not (before and before.paused):
            self.paused.append(Pause(channel=channel, until=outage.next_probe, reason=outage.told))
        if outage.paused and (before is None or outage.last_at != before.last_at):
            log.warning(
                "channel %s cannot be reached (%s); next try in %.0f s",
                channel,
                outage.reason,
                outage.wait,
                extra=of_channel("channel_unreachable", channel),
            )
        return outage
