"""Two connections at once, step by step: who waits for whom, and what nobody may miss."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from postgres_store import open_postgres

from notifykit.clock import SystemClock
from notifykit.model import Claim
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.outbox.values import ChannelBounds, Outage, OutageKind
from notifykit.roles import Rate
from notifykit.testing.outbox.steps import LEASE, accept, claim, claim_one, ids, lose, queue, queue_drafts, send, take
from notifykit.testing.samples import draft
from notifykit.wording import Reason


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[PostgresOutbox, PostgresOutbox]]:
    with ExitStack() as stack:
        one, other = (stack.enter_context(open_postgres(tmp_path, SystemClock())) for _ in range(2))
        yield one, other


Two = tuple[PostgresOutbox, PostgresOutbox]


def started_and_waiting(thread: threading.Thread, outbox: PostgresOutbox) -> None:
    """Start a thread, and return as soon as it waits for what is held."""
    thread.start()
    while not outbox.db.one("SELECT count(*) FROM pg_locks WHERE NOT granted")[0]:
        assert thread.is_alive(), "it waited for nobody"


def test_a_claim_waits_for_nobody_and_takes_what_is_free(both: Two) -> None:
    one, other = both
    a, b, c = queue(one, *"ABC")
    with one.transaction():
        assert ids(claim(one, 1, worker="one")) == [a]
        assert ids(claim(other, 2, worker="other")) == [b, c]


def test_a_turn_that_cannot_be_seen_yet_is_not_missed(both: Two) -> None:
    """Who looks meanwhile finds nothing, and may not conclude that nothing comes."""
    one, other = both
    send(one, *queue(one, "A"))
    with one.transaction():
        (b,) = queue(one, "B")
        assert claim(other) == []
    assert ids(claim(other)) == [b]


def test_a_turn_that_a_result_gives_is_not_missed(both: Two) -> None:
    one, other = both
    _, b = queue(one, "A", "B", recipients=["x", "x"])
    first = claim_one(one)
    with one.transaction():
        accept(one, first)
        assert claim(other) == []
    assert ids(claim(other)) == [b]


def test_a_turn_of_which_the_giver_thinks_better_is_not_kept(both: Two) -> None:
    one, other = both
    a, _ = queue(one, "A", "B", recipients=["x", "x"])
    first = claim_one(one)
    with pytest.raises(LookupError), one.transaction():  # noqa: PT012
        accept(one, first)
        raise LookupError
    assert claim(other) == []
    assert accept(one, first)
    send(other, a + 1)


def test_two_that_count_a_rate_do_not_both_find_the_last_place(both: Two) -> None:
    one, other = both
    queue(one, "A", "B")
    limited = {"robot": [Rate(1, 60)]}
    with one.transaction():
        assert len(claim(one, channels=limited, worker="one")) == 1
        assert claim(other, channels=limited, worker="other") == [], "it is counted by another one just now"
    assert claim(other, channels=limited, worker="other") == []


def test_two_that_count_what_all_share_do_not_both_find_the_last_place(both: Two) -> None:
    one, other = both
    queue_drafts(one, [draft(key=name, channel=name, recipient=name) for name in "ab"])
    shared = {name: ChannelBounds(concurrency=1, shared_with=("a", "b")) for name in "ab"}
    with one.transaction():
        assert len(take(one, "one", 5, {"a": shared["a"]}, LEASE)) == 1
        assert take(other, "other", 5, {"b": shared["b"]}, LEASE) == []
    assert take(other, "other", 5, shared, LEASE) == []


def test_two_do_not_both_probe(both: Two) -> None:
    one, other = both
    made = queue(one, "A", "B")
    one.set_outage(
        Outage(
            channel="robot",
            kind=OutageKind.UNREACHABLE,
            since=0.0,
            last_at=0.0,
            task_id=made[0],
            several=True,
            wait=1.0,
            reason=Reason("no route"),
        )
    )
    with one.transaction():
        assert len(claim(one, worker="one")) == 1
        assert claim(other, worker="other") == []
    assert claim(other, worker="other") == []


def test_one_of_two_that_take_a_claim_away_does(both: Two) -> None:
    one, other = both
    queue(one, "A")
    lost = claim_one(one)
    for each in both:
        each.db.time.server_started = 0.0  # it was started for the tests just now
    done: list[bool] = []
    thread = threading.Thread(target=lambda: done.append(lose(other, lost)))
    with one.transaction():
        assert lose(one, lost)
        started_and_waiting(thread, one)
    thread.join()
    assert done == [False]


def test_who_offers_the_same_waits_and_then_knows_it(both: Two) -> None:
    one, other = both
    made: list[int] = []
    thread = threading.Thread(target=lambda: made.append(other.enqueue([draft(key=key) for key in "CBA"]).duplicates))
    with one.transaction():
        queue(one, *"ABC")
        started_and_waiting(thread, one)
    thread.join()
    assert made == [3]


def test_a_result_waits_for_who_queues_behind_it(both: Two) -> None:
    """Else one would find the lane busy, the other would find it empty, and nobody would ever claim what is there."""
    one, other = both
    queue(one, "A", recipients=["x"])
    first = claim_one(other)
    thread = threading.Thread(target=accept, args=(other, first))
    with one.transaction():
        (b,) = queue(one, "B", recipients=["x"])
        started_and_waiting(thread, one)
    thread.join()
    taken: list[Claim] = claim(one)
    assert ids(taken) == [b]
