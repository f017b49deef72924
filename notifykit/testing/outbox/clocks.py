"""The store's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.pipeline.watch import ClaimWatch
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import OutboxBase
from notifykit.testing.outbox.steps import LEASE, ROBOT, accept, claim, claim_one, look, put_off, queue
from notifykit.wording import Reason


class ClocksContract(OutboxBase):
    """`now`, over two connections whose machines' clocks differ by more than a lease."""

    @pytest.fixture
    def clock_ahead(self, clock: FakeClock) -> FakeClock:
        """The clock of another machine."""
        return FakeClock(clock.now() + 3 * LEASE)

    @pytest.fixture
    def ahead(self, tmp_path: Path, outbox: Outbox, clock_ahead: FakeClock) -> Iterator[Outbox]:
        """The store, once more, opened on that machine."""
        with closing(self.open_outbox(tmp_path, clock_ahead)) as opened:
            assert opened is not outbox
            yield opened

    def test_what_is_stored_is_of_the_stores_clock(self, outbox: Outbox, ahead: Outbox) -> None:
        for store, key in ((outbox, "A"), (ahead, "B")):
            (id_,) = queue(store, key)
            one = claim_one(store)
            accept(store, one)
            task = look(store, id_)
            assert (task.queued_at, one.started_at, task.sent_at) == (store.now(),) * 3

    def test_a_wait_ends_by_the_clock_by_which_it_was_set(
        self, outbox: Outbox, ahead: Outbox, clock: FakeClock, clock_ahead: FakeClock
    ) -> None:
        for store, key in ((outbox, "A"), (ahead, "B")):
            (id_,) = queue(store, key)
            put_off(store, claim_one(store), until=store.now() + 5)
            assert (store.next_due(ROBOT), claim(store)) == (store.now() + 5, [])
            for one in (clock, clock_ahead):
                one.advance(5)
            assert claim_one(store).task.id == id_

    def test_a_wait_that_was_set_by_a_clock_ahead_is_as_long_as_it_was_meant(
        self, outbox: Outbox, ahead: Outbox
    ) -> None:
        queue(ahead, "A")
        put_off(ahead, claim_one(ahead), until=ahead.now() + 5)
        ahead.pause("mail", 30, Reason("93000"))
        outbox.mend_times()
        assert outbox.next_due(ROBOT) == outbox.now() + 5
        assert [pause.until for pause in outbox.pauses()] == [outbox.now() + 30]

    def test_no_clock_takes_away_a_claim_that_is_renewed(
        self, outbox: Outbox, ahead: Outbox, clock: FakeClock, clock_ahead: FakeClock
    ) -> None:
        ids = queue(outbox, "A", "B")
        claims = {outbox: claim_one(outbox, worker="here"), ahead: claim_one(ahead, worker="ahead")}
        watches = {
            outbox: ClaimWatch(clock, outbox.ended),
            ahead: ClaimWatch(clock_ahead, ahead.ended),
        }
        for _ in range(12):
            for store, watch in watches.items():
                store.mend_times()
                assert watch.look(store.on_wire()) == []
                assert store.heartbeat([claims[store]]) == [claims[store]]
            for one in (clock, clock_ahead):
                one.advance(LEASE / 4)
        assert all(accept(store, one) for store, one in claims.items())
        assert [look(outbox, id_).status for id_ in ids] == [Status.SENT] * 2
