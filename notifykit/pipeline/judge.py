"""What an outcome means for its task: pure, so that every case can be tested."""

from __future__ import annotations

import random
from dataclasses import replace

from notifykit.campaign.campaign import MessagePlan, RetryPolicy
from notifykit.model import Claim, OnUnknown, Outcome, Status, Task, Verdict
from notifykit.outbox.values import Outage, OutageKind, Transition
from notifykit.wording import host

AFTER_OTHERS = 0.001
"""Seconds by which a message that failed comes after those that wait for the same moment."""


_SENT = Transition(status=Status.SENT)

_KINDS = {OutageKind.UNREACHABLE: host.UNREACHABLE, OutageKind.THROTTLED: host.THROTTLED}


def backoff(policy: RetryPolicy, tries: int, rng: random.Random) -> float:
    """Seconds until the next attempt after `tries` of them."""
    # The exponent is bounded because a float overflows long after the cap has been reached.
    delay = min(policy.cap, policy.first * policy.factor ** min(tries - 1, 64))
    return delay * (1 + policy.jitter * rng.uniform(-1, 1))


def may_repeat(claim: Claim, window: float | None, at: float) -> bool:
    """Whether the service still drops a repeat at the time `at`, where an earlier attempt may have been accepted.

    `window`: for how many seconds it does so; None where that has no end. A clock that was set back proves nothing.
    """
    if window is None or claim.task.doubted_at is None:
        return True
    return 0 <= at - claim.task.doubted_at <= window


def accepted(outcome: Outcome) -> Transition:
    """Say where a task goes that the service accepted, whatever its campaign says."""
    if not outcome.undelivered:
        return _SENT
    return Transition(status=Status.SENT, reason=host.LEFT_OUT(recipients=", ".join(outcome.undelivered)))


def judge(
    claim: Claim,
    outcome: Outcome,
    plan: MessagePlan | None,
    now: float,
    rng: random.Random,
    *,
    repeatable_for: float | None = None,
    outage: Outage | None = None,
) -> Transition:
    """Say where the task goes. `plan` is None where its campaign is gone: then it is held rather than guessed at.

    `repeatable_for`: seconds for which the service drops repeats; beyond them what is unknown is held. `outage`: of the
    channel, this failure included, where the outcome speaks of the channel.
    """
    if outcome.verdict is Verdict.ACCEPTED:
        return accepted(outcome)
    retry = plan.retry if plan else RetryPolicy()
    patience = plan.order_patience if plan else 600.0
    tries = claim.task.tries
    said = outcome.said
    if outcome.verdict is Verdict.REJECTED:
        return Transition(status=Status.FAILED, reason=host.REJECTED(cause=said))
    limit = min(retry.attempts, outcome.max_tries or retry.attempts)
    again = Transition(
        status=Status.QUEUED,
        reason=host.RETRYING(cause=said),
        not_before=now + (backoff(retry, tries, rng) if outcome.after is None else outcome.after),
        hold_order_until=now + patience,
        # A channel that asks to wait, or that fails again with no success between, says nothing against the message.
        counts=outcome.pause is None and (outage is None or outage.failures == 1),
    )
    if outage is not None:
        waited = min(outage.lasted, now - claim.task.queued_at)
        if waited >= retry.patience:
            return Transition(
                status=Status.FAILED,
                reason=host.CHANNEL_DOWN(kind=_KINDS[outage.kind](), hours=waited / 3600, cause=said),
            )
        if outage.wait and outcome.unreached:  # the next probe is another message, where there is one
            again = replace(again, not_before=max(again.not_before or 0.0, outage.next_probe + AFTER_OTHERS))
    if plan is not None and plan.quiet is not None:
        again = replace(again, not_before=plan.quiet.until(again.not_before or now))
    if outcome.verdict is Verdict.RETRY:
        if tries < limit or not again.counts:
            return again
        return Transition(status=Status.FAILED, reason=host.OUT_OF_ATTEMPTS(tries=tries, cause=said))
    on_unknown = plan.on_unknown if plan else OnUnknown.HOLD
    if on_unknown is OnUnknown.ASSUME_SENT:
        return Transition(status=Status.SENT, reason=host.ASSUMED_SENT(cause=said))
    if on_unknown is OnUnknown.RESEND and tries < limit:
        since = claim.started_at if claim.task.doubted_at is None else claim.task.doubted_at
        if repeatable_for is None or 0 <= (again.not_before or 0.0) - since <= repeatable_for:
            return again
    return Transition(status=Status.IN_DOUBT, reason=host.NOT_PROVEN(cause=said))


def has_expired(task: Task, now: float) -> bool:
    """Whether a message is not to be sent any more. What may have been accepted is tried until that is known."""
    return task.expires_at is not None and task.expires_at <= now and task.doubted_at is None


def postponed(claim: Claim, plan: MessagePlan | None, now: float) -> Transition | None:
    """Say where a claimed task goes that is not to be sent now: it has expired, or it is quiet. None: it is sent."""
    if has_expired(claim.task, now):
        return Transition(status=Status.CANCELLED, reason=host.EXPIRED())
    if plan is not None and plan.quiet is not None and (until := plan.quiet.until(now)) > now:
        return Transition(status=Status.QUEUED, not_before=until)
    return None


def doubtful(claim: Claim) -> Outcome:
    """Return the outcome of a claim whose holder is gone."""
    return Outcome.unknown("lease_expired", host.WORKER_GONE(attempt=claim.token).text)
