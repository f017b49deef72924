from __future__ import annotations

import sqlite3

import pytest

from notifykit.model import Outcome, Status, Verdict
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import recording
from notifykit.outbox.values import ChannelBounds, Filter, Finished, Transition
from notifykit.testing import draft
from notifykit.testing.outbox.steps import claim, finish, queue, take
from notifykit.wording import Reason

CHANNELS = {"robot": ChannelBounds()}
SENT = Transition(status=Status.SENT)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_more_results_than_one_statement_asks_for_are_recorded(
    outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(recording, "AT_ONCE", 2)
    outbox.enqueue([draft(key=str(number), recipient=str(number)) for number in range(count)])
    claims = take(outbox, "worker", count, CHANNELS, 60)
    then = Transition(status=Status.SENT)
    results = [Finished(claim=claim, outcome=Outcome.accepted(), then=then) for claim in claims]
    assert outbox.exchange(results, "worker", 0, CHANNELS, 60).moved == (True,) * count
    assert {task.status for task in outbox.tasks(Filter())} == {Status.SENT}


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.UNKNOWN])
def test_a_success_leaves_the_same_whether_alone_or_among_others(outbox: SqliteOutbox, verdict: Verdict) -> None:
    """Results that are all plain successes have a statement of their own; each row is as by the one for all."""
    now = outbox.now()
    queue(outbox, "alone", "among", "other")
    for one in claim(outbox):
        first = Outcome.retry("away") if verdict is Verdict.RETRY else Outcome.unknown("away")
        why = Reason("not now", code="away", names=("seconds",), values=(5,))
        finish(outbox, one, first, Transition(status=Status.QUEUED, reason=why, not_before=now, hold_order_until=now))
    claims = {one.task.key: one for one in claim(outbox)}
    accepted = {key: Finished(claim=one, outcome=Outcome.accepted(), then=SENT) for key, one in claims.items()}
    held = Finished(claim=claims["other"], outcome=Outcome.rejected("no"), then=Transition(status=Status.FAILED))
    assert outbox.exchange([accepted["alone"]], "worker", 0, CHANNELS, 60).moved == (True,)
    assert outbox.exchange([accepted["among"], held], "worker", 0, CHANNELS, 60).moved == (True, True)
    outbox.db.connection.row_factory = sqlite3.Row
    own = {"id", "record_key", "recipient", "doubted_at", "started_at", "sent_at"}
    alone, among = (
        {name: value for name, value in dict(row).items() if name not in own}
        for row in outbox.db.connection.execute("SELECT * FROM tasks WHERE status = 'sent' ORDER BY id")
    )
    assert alone == among
    assert [alone[name] for name in ("reason", "reason_code", "worker", "not_before", "tries")] == [None] * 3 + [0.0, 2]
    times = outbox.db.connection.execute("SELECT sent_at IS NULL, doubted_at IS NULL FROM tasks WHERE status = 'sent'")
    assert [tuple(row) for row in times] == [(0, verdict is Verdict.RETRY)] * 2


def test_each_row_is_told_whether_it_changed_anything(outbox: SqliteOutbox) -> None:
    queue(outbox, "a", "b", "c")
    named = outbox.db.each_changes("UPDATE tasks SET tries = 7 WHERE record_key = ?", [("a",), ("none",), ("c",)])
    assert named == [True, False, True]
    assert outbox.db.each_changes("UPDATE tasks SET tries = 7 WHERE record_key = ?", []) == []


def test_what_is_to_be_said_of_a_sent_message_is_kept(outbox: SqliteOutbox) -> None:
    """A reason, and since when it is in doubt: the statement for plain successes writes neither."""
    queue(outbox, "left out", "assumed")
    claims = {one.task.key: one for one in claim(outbox)}
    finish(outbox, claims["left out"], Outcome.accepted(), Transition(status=Status.SENT, reason=Reason("not to all")))
    finish(outbox, claims["assumed"], Outcome.unknown("away"), SENT)
    tasks = {task.key: task for task in outbox.tasks(Filter())}
    assert tasks["left out"].reason == Reason("not to all")
    assert tasks["assumed"].doubted_at == claims["assumed"].started_at
