"""One record's story, in order; and the keys that were probably meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.model import Outcome, Status
from notifykit.operate.trace import StepKind, near_keys, traces
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as opened:
        yield opened


def attempt(outbox: SqliteOutbox, clock: FakeClock, outcome: Outcome, then: Transition) -> None:
    (claim,) = take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    clock.advance(2)
    finish(outbox, claim, outcome, then, 2.0)
    clock.advance(1)


def test_everything_that_happened_in_the_order_in_which_it_happened(outbox: SqliteOutbox, clock: FakeClock) -> None:
    outbox.enqueue([draft(key="C-1")])
    clock.advance(1)
    attempt(outbox, clock, Outcome.retry("45009"), Transition(status=Status.QUEUED, not_before=clock.now()))
    attempt(outbox, clock, Outcome.unknown("ReadTimeout"), Transition(status=Status.IN_DOUBT, reason=Reason("?")))
    outbox.decide([1], Status.QUEUED, who="测试员", why="not in the group", of=[Status.IN_DOUBT])
    clock.advance(1)
    attempt(outbox, clock, Outcome.accepted(), Transition(status=Status.SENT))
    outbox.complete([1])
    clock.advance(1)
    outbox.resend("sample", "C-1", ["group"], who="测试员", why="deleted")
    (story,) = traces(outbox, "C-1")
    told = [
        (step.kind.value, step.attempt and step.attempt.verdict, step.event and step.event.kind) for step in story.steps
    ]
    assert told == [
        ("queued", None, None),
        ("attempt", "retry", None),
        ("attempt", "unknown", None),
        ("event", None, "retried"),
        ("attempt", "accepted", None),
        ("sent", None, None),
        ("written_back", None, None),
        ("queued", None, None),
        ("event", None, "resent"),
    ]
    assert [task.round for task in story.tasks] == [1, 2]
    assert [step.at for step in story.steps] == sorted(step.at for step in story.steps)


def test_an_attempt_under_way_is_told(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key="C-1")])
    take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    ((step,),) = ([item for item in story.steps if item.kind is StepKind.ATTEMPT] for story in traces(outbox, "C-1"))
    assert step.attempt is not None
    assert step.attempt.verdict is None


def test_the_same_key_in_two_campaigns_is_two_stories(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(campaign="b"), draft(campaign="a"), draft(campaign="a", name="award")])
    assert [(story.campaign, len(story.tasks)) for story in traces(outbox, "C-1")] == [("a", 2), ("b", 1)]
    assert [story.campaign for story in traces(outbox, "C-1", "b")] == ["b"]
    assert traces(outbox, "C-2") == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("10100000000001234", "1010000000000001234"),  # digits lost
        ("1010000000000x01234", "1010000000000001234"),
        ("HWX-9", "YHWX-9"),
        ("1234", "9912340000"),  # a part of it
    ],
)
def test_near_keys(outbox: SqliteOutbox, typed: str, first: str) -> None:
    keys = [*(str(1010000000000000000 + number) for number in range(3000)), "YHWX-9", "9912340000"]
    outbox.enqueue([draft(key=key) for key in keys])
    near = near_keys(outbox, typed)
    assert first in near
    assert len(near) <= 5


def test_no_key_is_near_to_a_stranger_or_in_another_campaign(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key="C-1")])
    assert near_keys(outbox, "完全不同") == []
    assert near_keys(outbox, "C-2", "other") == []
    assert near_keys(outbox, "C-2", "sample") == []  # one of three letters differs: anything would be near
    assert near_keys(outbox, "-1", "sample") == ["C-1"]
    assert near_keys(outbox, "C-11", "sample") == ["C-1"]
