"""What failures say about a channel rather than about their messages: pure, so that every case can be tested.

A request that never left this machine says nothing about its message, unless others get through. Where two different
messages fail so with no success between them, the channel cannot be reached: it is paused, for longer each time, and
probed by one message. A service that asks to wait says nothing about the message either. Both have an end: the patience
of the message's campaign.
"""

from __future__ import annotations

from dataclasses import replace

from notifykit.model import Claim, Outcome, Verdict
from notifykit.outbox.values import Outage, OutageKind

LEAST_WAIT, MOST_WAIT = 0.1, 900.0
"""Seconds between two probes: at the beginning, whatever the campaign's backoff is, and at most."""


def kind_of(outcome: Outcome) -> OutageKind | None:
    """Return what an outcome says of its channel; None where the service answered, or may have got the request."""
    if outcome.verdict is not Verdict.RETRY:
        return None
    if outcome.unreached:
        return OutageKind.UNREACHABLE
    return None if outcome.pause is None else OutageKind.THROTTLED


def failed_again(before: Outage | None, claim: Claim, outcome: Outcome, now: float, delay: float) -> Outage:
    """Return the outage after one more failure of that kind. `delay`: seconds until the next probe after the first.

    Its length is put together from the times between failures, each at most twice as long as the wait that was planned,
    so that a step of the wall clock makes no outage of days.
    """
    kind = kind_of(outcome)
    assert kind is not None  # noqa: S101 - whoever calls this has asked
    why = outcome.said
    if before is None or before.kind is not kind:
        return Outage(channel=claim.task.channel, kind=kind, since=now, last_at=now, task_id=claim.task.id, reason=why)
    again = replace(
        before,
        failures=before.failures + 1,
        several=before.several or before.task_id != claim.task.id,
        reason=why,
    )
    if before.paused and now < before.next_probe:  # a call that began before the pause
        return again
    passed = min(max(now - before.last_at, 0.0), 2 * max(before.wait, delay))
    wait = min(2 * before.wait, MOST_WAIT) if before.wait else max(delay, LEAST_WAIT)
    return replace(again, last_at=now, lasted=before.lasted + passed, wait=wait)
