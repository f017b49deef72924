"""What each condition finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sample_outage

from notifykit.alerts import notes
from notifykit.alerts.conditions import KINDS, STANDARD, Condition, Kind, findings
from notifykit.alerts.facts import Facts
from notifykit.alerts.notes import Errors, SourceSeen
from notifykit.model import FOREVER, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ALERTS_CAMPAIGN
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import accept, claim, doubt, queue, queue_drafts, reject
from notifykit.testing.samples import draft
from notifykit.wording import Reason

HOUR = 3600.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as opened:
        yield opened


def found(outbox: SqliteOutbox, kind: Kind, **said: object) -> list[tuple[str, str]]:
    known = KINDS[kind]
    usual = Condition(
        name=kind.value, kind=kind, threshold=known.threshold, window=known.window, at_least=known.at_least
    )
    condition = replace(usual, **said)  # type: ignore[arg-type]
    facts = Facts(outbox, ("robot",), ("sample", "bj"))
    return [(one.subject, one.said.text) for one in findings([condition], facts)]


def test_an_empty_store_has_nothing(outbox: SqliteOutbox) -> None:
    assert [kind for kind in Kind if found(outbox, kind)] == []
    assert set(KINDS) == set(Kind)
    needed = {"in_doubt", "dead_letters", "foreign", "paused", "unusable", "failing", "reported"}
    assert {one.name for one in STANDARD} == needed


def test_what_waits_for_a_person_beyond_a_number(outbox: SqliteOutbox) -> None:
    queue(outbox, *"ABC")
    a, b, c = claim(outbox, 3)
    reject(outbox, a)
    reject(outbox, b)
    doubt(outbox, c)
    assert found(outbox, Kind.FAILED) == [("", "2 failed")]
    assert found(outbox, Kind.FAILED, threshold=1.0) == [("", "2 failed")]
    assert found(outbox, Kind.FAILED, threshold=2.0) == []
    assert found(outbox, Kind.IN_DOUBT) == [("", "1 in doubt")]
    assert found(outbox, Kind.IN_DOUBT, campaigns=frozenset({"bj"})) == []
    assert found(outbox, Kind.IN_DOUBT, campaigns=frozenset({"bj", "sample"})) == [("", "1 in doubt")]


def test_what_is_notifykits_own_is_not_found(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue_drafts(outbox, [draft(campaign=ALERTS_CAMPAIGN, key=key, recipient=key) for key in "ABCD"])
    a, b, c = claim(outbox, 3)
    reject(outbox, a)
    doubt(outbox, b)
    accept(outbox, c)
    clock.advance(HOUR * 2)
    assert [kind for kind in Kind if found(outbox, kind, window=HOUR * 9, at_least=1)] == []


def test_for_how_long_the_oldest_waits_and_is_in_doubt(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, "A", "B", recipients=("one", "two"))
    doubt(outbox, claim(outbox, 1)[0])
    clock.advance(HOUR)
    assert found(outbox, Kind.OLDEST_WAITING) == found(outbox, Kind.OLDEST_DOUBT) == []
    clock.advance(60)
    assert found(outbox, Kind.OLDEST_WAITING) == [("", "a message has waited for 1 h 1 min")]
    assert found(outbox, Kind.OLDEST_DOUBT) == [("", "a message has been in doubt for 1 h 1 min")]
    assert found(outbox, Kind.OLDEST_WAITING, campaigns=frozenset({"bj"})) == []


def test_pauses_outages_and_channels_that_are_gone(outbox: SqliteOutbox, clock: FakeClock) -> None:
    outbox.pause("robot", FOREVER, Reason("bad key"))
    outbox.pause("mail", 60, Reason("busy"))
    queue_drafts(outbox, [draft(channel="gone")])
    outbox.set_outage(replace(sample_outage.OUTAGE, channel="web", since=clock.now()))
    assert found(outbox, Kind.PAUSED) == [("robot", "channel robot is paused (bad key)")]
    assert found(outbox, Kind.UNUSABLE) == [("gone", "1 waiting for channel gone, which cannot be used here")]
    assert found(outbox, Kind.AWAY) == []
    clock.advance(901)
    assert [subject for subject, _ in found(outbox, Kind.AWAY)] == ["web"]


def test_a_turn_that_is_due_for_long_unless_its_channel_is_paused(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, "A")
    queue_drafts(outbox, [draft(channel=name, key=name) for name in ("mail", "web")])
    clock.advance(1800)
    assert found(outbox, Kind.STUCK) == []
    clock.advance(60)
    outbox.pause("mail", 600, Reason("busy"))
    outbox.set_outage(replace(sample_outage.OUTAGE, channel="web", several=True))
    assert found(outbox, Kind.STUCK) == [("robot", "a message for channel robot has been due for 31 min")]


def test_the_share_of_accepted_attempts_of_a_window(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, *"ABCD")
    a, b, c, d = claim(outbox, 4)
    for one in (a, b, c):
        accept(outbox, one)
    reject(outbox, d)
    assert found(outbox, Kind.SUCCESS_RATE) == []  # too few to say anything
    assert found(outbox, Kind.SUCCESS_RATE, at_least=4) == [("", "75.0% of 4 attempts of the last 1 h were accepted")]
    assert found(outbox, Kind.SUCCESS_RATE, at_least=4, threshold=0.75) == []
    clock.advance(HOUR + 1)
    assert found(outbox, Kind.SUCCESS_RATE, at_least=1) == []


def test_how_long_messages_took_in_a_window(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, *"AB")
    clock.advance(700)
    for one in claim(outbox, 2):
        accept(outbox, one)
    assert found(outbox, Kind.RESPONSE_TIME) == []
    slow = "of the messages of the last 1 h, one in twenty waited for 11 min 40 s or longer"
    assert found(outbox, Kind.RESPONSE_TIME, at_least=2) == [("sample", slow)]
    assert found(outbox, Kind.RESPONSE_TIME, at_least=2, threshold=700.0) == []


def test_flags_that_are_owed(outbox: SqliteOutbox) -> None:
    queue(outbox, "A")
    accept(outbox, claim(outbox, 1)[0])
    assert found(outbox, Kind.FLAGS_OWED) == [("", "1 sent and not written back")]


def test_what_may_have_been_sent_twice_in_a_window(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, "A")
    (one,) = claim(outbox, 1)
    doubt(outbox, one)
    outbox.decide([one.task.id], Status.QUEUED, who="me", why="again", of=(Status.IN_DOUBT,))
    accept(outbox, claim(outbox, 1)[0])
    assert found(outbox, Kind.PERHAPS_TWICE) == [("", "1 messages of the last 1 d may have been sent twice")]
    clock.advance(90_000)
    assert found(outbox, Kind.PERHAPS_TWICE) == []


def test_that_nobody_works_unless_attempts_end(outbox: SqliteOutbox, clock: FakeClock) -> None:
    assert found(outbox, Kind.NOT_RUNNING) == []  # nothing was ever done
    notes.keep_pass(outbox, "bj", clock.now() - 9 * HOUR)
    notes.keep_done(outbox, notes.SETTLED, ["bj"], clock.now())
    clock.advance(HOUR)
    assert found(outbox, Kind.NOT_RUNNING) == []
    clock.advance(60)
    nobody = [("", "nothing was generated, sent or written back for 1 h 1 min")]
    assert found(outbox, Kind.NOT_RUNNING) == nobody
    queue(outbox, "A")
    accept(outbox, claim(outbox, 1)[0])  # a pass that takes long
    assert found(outbox, Kind.NOT_RUNNING) == []
    clock.advance(90)
    assert found(outbox, Kind.NOT_RUNNING, window=60.0)[0][0] == ""


def test_the_share_of_slow_calls_of_a_window(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue(outbox, *(f"{number}" for number in range(40)))
    for number, one in enumerate(claim(outbox, 40)):
        clock.advance(11 if number in (7, 8, 9) else 0)
        accept(outbox, one, call_seconds=11.0 if number in (7, 8, 9) else 10.0)
    slow = "3 of 40 calls of channel robot took longer than 10 s in the last 1 h"
    assert found(outbox, Kind.SLOW_CALLS) == [("robot", slow)]
    assert found(outbox, Kind.SLOW_CALLS, at_least=41) == found(outbox, Kind.SLOW_CALLS, threshold=11.0) == []
    clock.advance(HOUR - 10)
    assert found(outbox, Kind.SLOW_CALLS, at_least=1) == []


def test_errors_passes_and_sources_by_what_was_kept_of_them(outbox: SqliteOutbox, clock: FakeClock) -> None:
    began = clock.now()
    notes.add_errors(outbox, "w", Errors(at=began, number=2, latest="it broke"))
    notes.keep_pass(outbox, "bj", began)
    notes.keep_source(outbox, "bj", SourceSeen(state="1", at=began))
    notes.keep_failing(outbox, "bj", "torn")
    notes.keep_failing(outbox, "gone", "no file any more")
    assert found(outbox, Kind.ERRORS_LOGGED) == [("", "2 errors were logged in the last 1 h, the latest: it broke")]
    assert found(outbox, Kind.FAILING) == [("bj", "campaign bj cannot go on: torn")]
    assert found(outbox, Kind.NO_PASS) == found(outbox, Kind.SILENT_SOURCE) == []
    clock.advance(90_000)
    assert found(outbox, Kind.ERRORS_LOGGED) == []
    assert found(outbox, Kind.NO_PASS) == [("bj", "campaign bj has had no pass for 1 d 1 h")]
    assert found(outbox, Kind.SILENT_SOURCE) == [("bj", "the source of campaign bj has not changed for 1 d 1 h")]
    clock.advance(notes.KEPT)
    notes.add_errors(outbox, "w", Errors(at=clock.now(), number=1, latest="again"))
    assert [one.number for one in notes.errors(outbox)] == [1]
