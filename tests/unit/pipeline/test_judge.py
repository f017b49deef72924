from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.campaign import Channel, MessagePlan, RetryPolicy
from notifykit.campaign.times import QuietHours
from notifykit.model import FOREVER, Claim, Message, OnUnknown, Outcome, Status, Task
from notifykit.outbox.values import Transition
from notifykit.pipeline.judge import backoff, judge, postponed
from notifykit.roles import SendContext
from notifykit.wording import Reason, host

NOW = 1000.0
TASK = Task(
    id=1,
    task_type="x",
    recipient="r",
    text="t",
    status=Status.QUEUED,
    campaign="c",
    key="k",
    name="m",
    round=1,
    channel="ch",
    ordered=True,
    metadata={},
    tries=0,
    queued_at=0.0,
    not_before=0.0,
    sent_at=None,
    completed_at=None,
    reason=None,
)


class Silent:
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


def plan(**more: Any) -> MessagePlan:
    retry = RetryPolicy(attempts=3, first=10, factor=3, cap=50, jitter=0)
    facts: dict[str, Any] = {
        "name": "m",
        "channel": Channel.of("ch", "silent", Silent()),
        "recipient": str,
        "text": str,
    }
    return MessagePlan(**(facts | {"retry": retry} | more))


def claim(tries: int = 0) -> Claim:
    return Claim(task=replace(TASK, tries=tries + 1), token=tries + 1, worker="w", started_at=NOW, lease=60.0)


def verdict(outcome: Outcome, *, tries: int = 0, of: MessagePlan | None = None) -> Any:
    return judge(claim(tries), outcome, of or plan(), NOW, random.Random(0))


def test_accepted_is_sent_and_says_whom_it_did_not_reach() -> None:
    assert verdict(Outcome.accepted()).status is Status.SENT
    assert verdict(Outcome.accepted(undelivered=("甲", "乙"))).reason == host.LEFT_OUT(recipients="甲, 乙")


def test_rejected_is_a_dead_letter() -> None:
    then = verdict(Outcome.rejected("40008", "bad type"))
    assert (then.status, then.reason) == (Status.FAILED, host.REJECTED(cause=Reason("40008 bad type", "40008")))


@pytest.mark.parametrize(("tries", "delay"), [(0, 10), (1, 30)])
def test_a_retry_waits_longer_each_time(tries: int, delay: float) -> None:
    then = verdict(Outcome.retry("-1"), tries=tries)
    assert (then.status, then.not_before) == (Status.QUEUED, NOW + delay)
    assert then.hold_order_until == NOW + 600


def test_the_service_says_when_to_come_back() -> None:
    assert verdict(Outcome.retry("45009", after=60)).not_before == NOW + 60
    assert verdict(Outcome.retry("45033", after=0)).not_before == NOW


def test_attempts_run_out() -> None:
    then = verdict(Outcome.retry("ConnectError"), tries=2)
    assert (then.status, then.reason) == (
        Status.FAILED,
        host.OUT_OF_ATTEMPTS(tries=3, cause=Reason("ConnectError", "ConnectError")),
    )


def test_a_code_that_is_worth_only_a_few_attempts() -> None:
    assert verdict(Outcome.retry("-1", max_tries=2), tries=1).status is Status.FAILED
    assert verdict(Outcome.retry("-1", max_tries=99), tries=2).status is Status.FAILED


def test_a_throttled_channel_says_nothing_against_the_message() -> None:
    assert verdict(Outcome.retry("45009", after=60, pause=60), tries=50).status is Status.QUEUED


def test_a_channel_that_is_closed_still_fails_the_message_it_refused() -> None:
    assert verdict(Outcome.rejected("93000", pause=FOREVER)).status is Status.FAILED


@pytest.mark.parametrize(
    ("policy", "tries", "status"),
    [
        (OnUnknown.HOLD, 0, Status.IN_DOUBT),
        (OnUnknown.ASSUME_SENT, 0, Status.SENT),
        (OnUnknown.RESEND, 0, Status.QUEUED),
        (OnUnknown.RESEND, 2, Status.IN_DOUBT),
    ],
)
def test_the_campaign_says_what_to_do_about_a_doubt(policy: OnUnknown, tries: int, status: Status) -> None:
    assert verdict(Outcome.unknown("ReadTimeout"), tries=tries, of=plan(on_unknown=policy)).status is status


def test_a_task_whose_campaign_is_gone_is_held_not_guessed_at() -> None:
    assert judge(claim(), Outcome.unknown("x"), None, NOW, random.Random(0)).status is Status.IN_DOUBT


@given(
    tries=st.integers(1, 10_000),
    first=st.floats(0.001, 1e4),
    factor=st.floats(1, 1e3),
    cap=st.floats(0.001, 1e5),
    jitter=st.floats(0, 1),
    seed=st.integers(),
)
def test_backoff_stays_within_its_cap_and_jitter(
    tries: int, first: float, factor: float, cap: float, jitter: float, seed: int
) -> None:
    policy = RetryPolicy(first=first, factor=factor, cap=cap, jitter=jitter)
    delay = backoff(policy, tries, random.Random(seed))
    assert min(cap, first) * (1 - jitter) <= delay * 1.0000001
    assert delay <= cap * (1 + jitter) * 1.0000001


def test_an_attempt_that_a_throttled_channel_refused_does_not_count() -> None:
    assert not verdict(Outcome.retry("45009", after=60, pause=60), tries=50).counts
    assert verdict(Outcome.retry("503", after=60)).counts


def claimed(**more: Any) -> Claim:
    one = claim()
    return replace(one, task=replace(one.task, **more))


def test_a_claim_that_is_too_late_is_cancelled_unless_it_may_have_been_accepted() -> None:
    then = postponed(claimed(expires_at=NOW), None, NOW)
    assert then == Transition(status=Status.CANCELLED, reason=host.EXPIRED())
    assert postponed(claimed(expires_at=NOW + 1), None, NOW) is None
    assert postponed(claimed(expires_at=NOW, doubted_at=NOW - 1), None, NOW) is None


def test_a_claim_in_quiet_hours_waits_for_their_end() -> None:
    hours = QuietHours.read(["00:00-06:00"], UTC)
    day = 86_400.0 * 20_000
    assert postponed(claimed(), plan(quiet=hours), day + 6 * 3_600) is None
    then = postponed(claimed(), plan(quiet=hours), day + 3_600)
    assert then == Transition(status=Status.QUEUED, not_before=day + 6 * 3_600)
