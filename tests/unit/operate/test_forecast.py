"""What a dispatcher would do now, compared with what it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.model import FOREVER, Draft, Outcome, Status
from notifykit.operate.forecast import Turn, forecast
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason

CHANNELS = ("robot", "desk")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as opened:
        yield opened


def expected(outbox: SqliteOutbox) -> list[tuple[int, Turn, float | None, int | None]]:
    return [(item.task.id, item.turn, item.until, item.behind) for item in forecast(outbox, CHANNELS)]


def test_one_of_each_recipient_is_due_and_the_others_stand_behind_it(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key="1"), draft(key="2"), draft(key="3", recipient="b"), draft(key="4", ordered=False)])
    assert expected(outbox) == [
        (1, Turn.NOW, None, None),
        (3, Turn.NOW, None, None),
        (4, Turn.NOW, None, None),
        (2, Turn.BEHIND, None, 1),
    ]


def test_a_message_on_the_wire_holds_its_recipients_others(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key="1"), draft(key="2")])
    take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    assert expected(outbox) == [(2, Turn.BEHIND, None, 1)]


def test_an_unordered_message_on_the_wire_holds_nobody(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key="1", ordered=False), draft(key="2")])
    take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    assert expected(outbox) == [(2, Turn.NOW, None, None)]


def test_a_retry_waits_and_comes_after_what_was_never_tried(outbox: SqliteOutbox, clock: FakeClock) -> None:
    outbox.enqueue([draft(key="1"), draft(key="2"), draft(key="3", recipient="b")])
    (claim,) = take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    again = clock.now() + 30
    then = Transition(status=Status.QUEUED, not_before=again, hold_order_until=clock.now() + 600)
    finish(outbox, claim, Outcome.retry("45009"), then)
    assert expected(outbox) == [
        (3, Turn.NOW, None, None),
        (1, Turn.LATER, again, None),
        (2, Turn.BEHIND, None, 1),
    ]
    clock.advance(30)
    assert [(id_, turn) for id_, turn, _, _ in expected(outbox)] == [
        (3, Turn.NOW),
        (1, Turn.NOW),
        (2, Turn.BEHIND),
    ]


def test_pauses_and_channels_that_are_not_there(outbox: SqliteOutbox, clock: FakeClock) -> None:
    outbox.enqueue([draft(key="1"), draft(key="2", channel="desk"), draft(key="3", channel="gone")])
    outbox.pause("robot", 60, Reason("45009"))
    outbox.pause("desk", FOREVER, Reason("93000"))
    assert expected(outbox) == [
        (1, Turn.PAUSED, clock.now() + 60, None),
        (2, Turn.PAUSED, None, None),
        (3, Turn.NO_CHANNEL, None, None),
    ]


@given(
    drafts=st.lists(
        st.builds(
            lambda channel, recipient, ordered: draft(channel=channel, recipient=recipient, ordered=ordered),
            st.sampled_from(CHANNELS),
            st.sampled_from(["a", "b"]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_what_is_due_is_what_a_worker_gets(drafts: list[Draft], tmp_path_factory: pytest.TempPathFactory) -> None:
    clock = FakeClock()
    with SqliteOutbox.open(tmp_path_factory.mktemp("store") / "outbox.db", clock) as outbox:
        outbox.enqueue(
            [
                draft(key=str(number), channel=item.channel, recipient=item.recipient, ordered=item.ordered)
                for number, item in enumerate(drafts)
            ]
        )
        due = [id_ for id_, turn, _, _ in expected(outbox) if turn is Turn.NOW]
        claims = take(outbox, "worker", 100, dict.fromkeys(CHANNELS, ChannelBounds()), 60)
        assert due == [claim.task.id for claim in claims]
