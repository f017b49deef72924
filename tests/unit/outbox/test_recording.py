from __future__ import annotations

import pytest

from notifykit.model import Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite import recording
from notifykit.outbox.values import ChannelBounds, Filter, Finished, Transition
from notifykit.testing import draft
from notifykit.testing.outbox.steps import take

CHANNELS = {"robot": ChannelBounds()}


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
