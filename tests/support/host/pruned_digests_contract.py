"""What a store that can be pruned promises of digests, of what messages say beside their texts, and of receipts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from pruning_contract import AWAY, DAY, send_all

from notifykit.errors import NotifykitError
from notifykit.messages.receipts import ReceiptStatus
from notifykit.model import Batch, Outcome, Status, Task
from notifykit.operate.archives import findings, recall
from notifykit.operate.pruning import archived, prune
from notifykit.operate.receiving import receipt
from notifykit.operate.trace import traces
from notifykit.outbox.address import OpenedOutbox
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.pruned import KeepsPruned
from notifykit.outbox.sqlite.archive import Archive
from notifykit.outbox.values import Filter, Transition
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import OutboxBase
from notifykit.testing.outbox.carrying import LOGO, TERMS, carrying, kept
from notifykit.testing.outbox.steps import claim_one, finish, queue_drafts
from notifykit.testing.samples import draft

BATCH = Batch(wait=0.0, most=9)
DELIVERED, BOUNCED = ReceiptStatus.DELIVERED, ReceiptStatus.BOUNCED


def send_digest(outbox: Outbox, vendor_id: str = "V") -> int:
    """Send the digest that is due; returns its id."""
    one = claim_one(outbox)
    members = outbox.members(one.task.id)
    fixed = outbox.fix(one, [task.id for task in members], " ".join(task.text for task in members))
    assert fixed is not None
    assert finish(outbox, fixed, Outcome.accepted(vendor_id=vendor_id), Transition(status=Status.SENT))
    outbox.complete([one.task.id])  # nothing is written back for it
    return one.task.id


def complete(outbox: Outbox, *keys: str) -> None:
    """Write back what is owed of keys."""
    outbox.complete([task.id for task in outbox.owed("sample") if task.key in keys])


def told(outbox: Outbox, *ids: int) -> list[tuple[Any, ...]]:
    """Return all that is told of tasks."""
    tasks = [task for id_ in ids for task in outbox.tasks(Filter(ids=(id_,)))]
    return [
        (
            task,
            outbox.attempts(task.id),
            [(event.kind, event.who, event.detail) for event in outbox.events(task.id)],
            outbox.outcomes([task.id]),
            [one for one in outbox.memberships([task.id]) if one.task_id == task.id],
        )
        for task in tasks
    ]


def heard(outbox: Outbox, *ids: int) -> list[str | None]:
    """Return what services told of tasks."""
    found = [outbox.outcomes([id_])[id_].receipt for id_ in ids]
    return [None if one is None else one.status.value for one in found]


class Heard:
    """Remembers what observers are told."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def observed(self, hook: str) -> bool:
        return True

    def observe(self, hook: str, *, task: Task, **_: Any) -> None:
        self.keys.append(task.key)


class PrunedDigestsContract(OutboxBase):
    """Digests, options, files, periods and receipts of what is pruned."""

    def pruned(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> int:
        clock.advance(2 * DAY)
        return prune(opened, AWAY, archive, opened.now() - DAY, clock)

    def test_a_digest_goes_along_with_each_message_and_leaves_with_the_last(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        options = {"files": [TERMS.as_data()]}
        of = {"options": options, "attachments": (TERMS,), "batch": BATCH, "recipient": "r"}
        a, b, c = queue_drafts(opened, [draft(key=key, period="2026-11", text=key, **of) for key in "abc"])  # type: ignore[arg-type]
        digest = send_digest(opened)
        assert receipt(opened, DELIVERED, vendor_id="V", at=5.0, detail="by post").changed
        complete(opened, "a", "b")
        before, of_digest = told(opened, a, b), told(opened, digest)
        assert self.pruned(opened, archive, clock) == 2
        assert [task.id for task in opened.tasks(Filter())] == [c, digest]
        assert kept(opened, TERMS)
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert told(shelf.outbox, a, b) == before
            assert told(shelf.outbox, digest) == of_digest
            assert shelf.contents().tasks == 2
            assert kept(shelf.outbox, TERMS)
        gone = archived(opened, archive, "a", None, clock, identity=opened.identity)
        assert gone is not None
        assert [(one.digest.id, one.digest.text) for one in gone.stories[0].digests] == [(digest, "a b c")]
        complete(opened, "c")
        assert self.pruned(opened, archive, clock) == 1
        assert list(opened.tasks(Filter())) == []
        assert opened.memberships([a, b, c, digest]) == []
        assert not kept(opened, TERMS)
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert told(shelf.outbox, digest) == of_digest
            assert [len(one.digests) for one in traces(shelf.outbox, f"digest-{digest}")] == [3]
            assert shelf.contents().tasks == 3
        assert list(findings(opened, archive, clock, whole=True)) == []
        (place,) = cast(KeepsPruned, opened).archives()
        assert place.tasks == 3
        assert [opened.enqueue([draft(key="a", period=period)]).new for period in ("2026-10", "2026-11")] == [0, 0]

    def test_a_digest_that_is_to_be_sent_stays(self, opened: OpenedOutbox, archive: Path, clock: FakeClock) -> None:
        queue_drafts(opened, [draft(key="a", recipient="r", batch=Batch(wait=9 * DAY, most=9))])
        queue_drafts(opened, [carrying("b", LOGO)])
        send_all(opened)
        assert self.pruned(opened, archive, clock) == 1
        assert [is_digest(task.campaign) for task in opened.tasks(Filter())] == [False, True]

    def test_periods_that_only_an_archive_knows_are_not_opened_again(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock, tmp_path: Path
    ) -> None:
        queue_drafts(opened, [draft(key="a", recipient="r", batch=BATCH, period="2026-03-28")])
        send_digest(opened)
        complete(opened, "a")
        assert self.pruned(opened, archive, clock) == 1
        fresh = cast(OpenedOutbox, self.open_outbox(tmp_path / "restored", clock))
        with closing(fresh):
            with closing(sqlite3.connect(archive)) as db, db:
                db.execute("UPDATE outbox_identity SET id = ?", (fresh.identity,))  # as if it were restored
            assert recall(fresh, archive, clock).messages == 1
            offered = [draft(key="a", period=period) for period in ("", "2026-03-27", "2026-03-28")]
            assert fresh.enqueue(offered).new == 0
            assert fresh.enqueue([draft(key="a", period="2026-03-29")]).new == 1
            assert fresh.figures()[0].archived == 1

    def test_a_receipt_of_what_is_archived_is_kept_there(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        a, b = queue_drafts(opened, [draft(key=key, recipient="r", batch=BATCH) for key in "ab"])
        digest = send_digest(opened)
        complete(opened, "a")
        assert self.pruned(opened, archive, clock) == 1
        observers = cast(Any, Heard())
        done = receipt(opened, DELIVERED, vendor_id="V", at=5.0, observers=observers)
        assert (done.task.id, done.changed, done.archived) == (digest, True, False)
        assert observers.keys == ["b", "a"]
        assert heard(opened, digest, b) == ["delivered"] * 2
        late = receipt(opened, "bounced", task=a, at=9.0, detail="the mailbox is full", archive=archive)
        assert (late.task.key, late.changed, late.archived) == ("a", True, True)
        assert not receipt(opened, BOUNCED, task=a, at=9.0).changed
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert heard(shelf.outbox, a, digest) == ["bounced", "delivered"]
            assert shelf.outbox.events(a)[-1].detail.endswith("the mailbox is full")
        assert recall(opened, archive, clock).messages == 0
        complete(opened, "b")
        assert self.pruned(opened, archive, clock) == 1
        assert receipt(opened, BOUNCED, vendor_id="V", at=10.0).archived
        with Archive.look(archive, identity=opened.identity, clock=clock) as shelf:
            assert heard(shelf.outbox, a, b, digest) == ["bounced"] * 3

    def test_a_receipt_of_what_is_archived_elsewhere_is_refused_and_says_where(
        self, opened: OpenedOutbox, archive: Path, clock: FakeClock
    ) -> None:
        (a,) = queue_drafts(opened, [draft(key="a")])
        send_all(opened)
        assert self.pruned(opened, archive, clock) == 1
        archive.rename(archive.with_name("elsewhere.db"))
        with pytest.raises(
            NotifykitError, match=f"there is no task {a}; it may be in an archive .*: .*outbox-archive.db on"
        ):
            receipt(opened, DELIVERED, task=a)
        with pytest.raises(NotifykitError, match='no message was accepted under the id "V"; it may be in an archive'):
            receipt(opened, DELIVERED, vendor_id="V")
        assert receipt(opened, DELIVERED, task=a, archive=archive.with_name("elsewhere.db")).archived
