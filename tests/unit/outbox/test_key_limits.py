"""What limits of chats cost a store: nothing where there are none, and no more than is due where there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.outbox import SqliteOutbox
from notifykit.outbox.channel_bounds import LONGEST_PUT_OFF, ChannelBounds
from notifykit.roles import Rate
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import accept, take

MINUTE = {"robot": ChannelBounds(key_rates=(Rate(1, 60.0),))}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as opened:
        yield opened


def statements(outbox: SqliteOutbox, bounds: dict[str, ChannelBounds], slots: int = 4) -> list[str]:
    """Return the statements of one claim, which is undone."""
    seen: list[str] = []
    connection = outbox.db.connection
    connection.set_trace_callback(seen.append)
    take(outbox, "w", slots, bounds, 60.0)
    connection.set_trace_callback(None)
    return seen


def chats(outbox: SqliteOutbox, number: int, chat: str = "a") -> None:
    outbox.enqueue(
        [draft(key=f"{chat}{at}", recipient=f"r{at}", limit_key=chat, ordered=False) for at in range(number)]
    )


def test_a_channel_without_such_limits_asks_nothing_about_keys(outbox: SqliteOutbox) -> None:
    chats(outbox, 20)
    seen = statements(outbox, {"robot": ChannelBounds()})
    assert not [text for text in seen if "tasks_limited" in text or "starts" in text]


def test_what_waits_for_its_chat_is_met_once(outbox: SqliteOutbox, clock: FakeClock) -> None:
    chats(outbox, 500)
    (first,) = take(outbox, "w", 1, MINUTE, 60.0)
    accept(outbox, first)
    looked = statements(outbox, MINUTE)
    assert sum(text.startswith("UPDATE tasks SET due_at") for text in looked) == 499
    again = statements(outbox, MINUTE)
    assert not [text for text in again if text.startswith("UPDATE tasks")]
    clock.advance(LONGEST_PUT_OFF + 1)
    assert len(take(outbox, "w", 9, MINUTE, 60.0)) == 1


def test_counts_that_no_window_reaches_back_to_are_dropped(outbox: SqliteOutbox, clock: FakeClock) -> None:
    for chat in "abcdef":
        chats(outbox, 1, chat)
    for claim in take(outbox, "w", 9, MINUTE, 60.0):
        accept(outbox, claim)
    counted = "SELECT count(*) FROM starts"
    assert outbox.db.one(counted) == (6,)
    clock.advance(200)
    chats(outbox, 1, "g")
    take(outbox, "w", 9, MINUTE, 60.0)
    assert outbox.db.one(counted) == (1,)


def test_a_key_has_no_name_of_a_channel(outbox: SqliteOutbox) -> None:
    bounds = ChannelBounds(rates=(Rate(1, 1),), key_rates=(Rate(1, 1),))
    assert bounds.counted("robot", "x") == ("robot", "robot/x")
    assert bounds.counted("robot", None) == ("robot",)
    shared = ChannelBounds(rates=(Rate(1, 1),), counted_as="/credential/0", key_rates=(Rate(1, 1),))
    assert shared.counted("robot", "x") == ("/credential/0", "/credential/0/x")
