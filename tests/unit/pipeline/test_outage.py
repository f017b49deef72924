"""What failures say about a channel, and what they say about a message."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from notifykit.campaign.campaign import RetryPolicy
from notifykit.model import Claim, Outcome, Status
from notifykit.outbox.values import Outage, OutageKind
from notifykit.pipeline.judge import AFTER_OTHERS, judge
from notifykit.pipeline.outage import MOST_WAIT, failed_again, kind_of
from notifykit.testing.samples import records, sent_task

DAY = 86_400.0
NOW = 1_800_000_000.0
TASK = replace(sent_task(records({"id": "K"})[0], {}), queued_at=NOW, tries=1)
REFUSED = Outcome.retry("ConnectError", "ConnectionRefusedError ECONNREFUSED", unreached=True)
THROTTLED = Outcome.retry("130101", "too much", after=60.0, pause=60.0)


def claim(task_id: int = 1, *, tries: int = 1) -> Claim:
    return Claim(task=replace(TASK, id=task_id, tries=tries), token=1, worker="w", started_at=NOW, lease=60.0)


def outage_of(*failures: tuple[int, float], outcome: Outcome = REFUSED, delay: float = 5.0) -> Outage:
    """The outage after failures of tasks, each so many seconds after the one before."""
    outage, now = None, NOW
    for task_id, after in failures:
        now += after
        outage = failed_again(outage, claim(task_id), outcome, now, delay)
    assert outage is not None
    return outage


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (REFUSED, OutageKind.UNREACHABLE),
        (THROTTLED, OutageKind.THROTTLED),
        (Outcome.retry("-1", "busy"), None),
        (Outcome.rejected("93000", pause=float("inf")), None),
        (Outcome.unknown("ReadTimeout"), None),
        (Outcome.accepted(), None),
    ],
)
def test_what_an_outcome_says_of_its_channel(outcome: Outcome, kind: OutageKind | None) -> None:
    assert kind_of(outcome) is kind


def test_one_message_that_fails_is_not_its_channel() -> None:
    outage = outage_of((1, 0), (1, 5), (1, 10))
    assert (outage.paused, outage.wait) == (False, 10.0), "and it knocks less often each time"
    assert outage_of((1, 0), (1, 0), delay=0.0).wait > 0, "whatever the backoff of its campaign is"


def test_two_messages_are_and_the_pauses_grow() -> None:
    outage = outage_of((1, 0), (2, 1))
    assert (outage.paused, outage.wait, outage.next_probe) == (True, 5.0, NOW + 6.0)
    for wait in (10.0, 20.0, 40.0):
        outage = failed_again(outage, claim(3), REFUSED, outage.next_probe, 5.0)
        assert outage.wait == wait
    for _ in range(20):
        outage = failed_again(outage, claim(3), REFUSED, outage.next_probe, 5.0)
    assert outage.wait == MOST_WAIT


def test_calls_that_were_under_way_as_the_pause_began_do_not_prolong_it() -> None:
    outage = outage_of((1, 0), (2, 1))
    later = failed_again(outage, claim(3), REFUSED, NOW + 2.0, 5.0)
    assert (later.next_probe, later.failures) == (outage.next_probe, 3)


def test_a_throttled_channel_is_an_outage_too_but_is_paused_by_what_it_asked() -> None:
    outage = outage_of((1, 0), (2, 60), (3, 60), outcome=THROTTLED)
    assert (outage.kind, outage.paused, outage.failures) == (OutageKind.THROTTLED, False, 3)
    assert failed_again(outage, claim(), REFUSED, NOW + 130, 5.0).failures == 1, "another kind begins anew"


@pytest.mark.parametrize("step", [3600.0, 3.15e8, -3600.0, -3.15e8])
def test_a_step_of_the_wall_clock_makes_no_outage_of_days(step: float) -> None:
    outage = outage_of((1, 0), (2, 1), (3, 6))
    stepped = failed_again(outage, claim(4), REFUSED, NOW + 20 + step, 5.0)
    assert stepped.lasted <= outage.lasted + 2 * outage.wait


def judged(outage: Outage, *, tries: int = 1, patience: float = 3 * DAY, now: float = NOW) -> Status:
    class Plan:
        retry = RetryPolicy(attempts=3, patience=patience)
        order_patience = 600.0
        quiet = None

    plan: object = Plan()
    outcome = REFUSED if outage.kind is OutageKind.UNREACHABLE else THROTTLED
    return judge(claim(tries=tries), outcome, plan, now, random.Random(0), outage=outage).status  # type: ignore[arg-type]


def test_an_outage_uses_up_no_tries_and_a_message_that_fails_while_others_pass_does() -> None:
    first = outage_of((1, 0))
    again = outage_of((1, 0), (1, 5))
    transition = judge(claim(tries=1), REFUSED, None, NOW, random.Random(0), outage=first)
    assert transition.counts is True, "others got through since"
    assert judged(first, tries=3) is Status.FAILED
    for outage in (again, outage_of((1, 0), (2, 5)), outage_of((1, 0), (2, 60), outcome=THROTTLED)):
        assert judged(outage, tries=3) is Status.QUEUED
        assert judge(claim(), REFUSED, None, NOW, random.Random(0), outage=outage).counts is False


def test_the_next_probe_is_another_message_where_there_is_one() -> None:
    outage = outage_of((1, 0), (2, 5))
    transition = judge(claim(2), REFUSED, None, NOW + 5, random.Random(0), outage=outage)
    assert transition.not_before is not None
    assert transition.not_before >= outage.next_probe + AFTER_OTHERS


@pytest.mark.parametrize("outcome", [REFUSED, THROTTLED])
def test_patience_has_an_end(outcome: Outcome) -> None:
    outage = replace(outage_of((1, 0), (2, 5), outcome=outcome), lasted=3 * DAY)
    late = NOW + 3 * DAY
    assert judged(outage, now=late) is Status.FAILED
    assert judged(replace(outage, lasted=3 * DAY - 1), now=late) is Status.QUEUED
    assert judged(outage, now=NOW + 60) is Status.QUEUED, "a message that came late waits as long as the others"
