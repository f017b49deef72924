"""What waits for a person."""

from __future__ import annotations

from pathlib import Path

from notifykit.model import FOREVER, Outcome, Status
from notifykit.operate.attention import attention
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Count, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason


def test_nothing_waits_for_a_person_where_all_is_well(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as outbox:
        outbox.enqueue([draft()])
        outbox.pause("robot", 60, Reason("45009"))
        assert not attention(outbox, {"robot"})


def test_dead_letters_doubts_lasting_pauses_and_lost_channels(tmp_path: Path) -> None:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as outbox:
        outbox.enqueue([draft(key=key, recipient=key) for key in "abc"])
        for claim, to in zip(
            take(outbox, "worker", 3, {"robot": ChannelBounds()}, 60),
            (Status.FAILED, Status.IN_DOUBT, Status.IN_DOUBT),
            strict=True,
        ):
            finish(outbox, claim, Outcome.unknown("x"), Transition(status=to))
        assert (attention(outbox, {"robot"}).failed, attention(outbox, {"robot"}).in_doubt) == (Count(1), Count(2))
        outbox.enqueue([draft(key="d", channel="gone"), draft(key="e", channel="gone")])
        outbox.pause("desk", FOREVER, Reason("93000 bad key"))
        waiting = attention(outbox, {"robot"})
        assert waiting
        assert dict(waiting.unreachable) == {"gone": Count(2)}
        assert [pause.channel for pause in waiting.paused] == ["desk"]
