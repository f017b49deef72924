"""Offering drafts: duplicates, transactions, and what a strategy may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import accept, claim_one, doubt, look, queue, reject, send, statuses
from notifykit.testing.samples import draft
from notifykit.wording import Reason

ODD_KEYS = (
    "C-1",
    "C%",
    "C_1",
    "C-%",
    "%",
    "*",
    "C'1",
    'C"1',
    "C\\1",
    "C?1",
    "c-1",
    "C-1 ",
    " C-1",
    "合同１",
    "合同1",
    "C-1;--",
    "",
)
"""All different, though a pattern, a collation or a careless quote would take some for others."""


class QueueingContract(OutboxBase):
    """`enqueue`, `transaction`, `ledger`."""

    def test_everything_of_a_draft_is_kept(self, outbox: Outbox, clock: FakeClock) -> None:
        offered = draft(
            key="C'1",
            text="第一行\r\nsecond \"line\" 🎉 %s {} \\ ''",
            ordered=False,
            round=3,
            metadata={"contract_id": "C'1", "rows": [1, 2.5, None, True], "管家": {"名": "测试管家甲"}},
        )
        made = outbox.enqueue([offered])
        (task,) = outbox.tasks(Filter())
        assert (made.new, made.duplicates, list(made.ids)) == (1, 0, [task.id])
        for name in ("campaign", "key", "name", "recipient", "text", "channel", "task_type", "ordered", "round"):
            assert getattr(task, name) == getattr(offered, name), name
        assert task.metadata == offered.metadata
        assert (task.status, task.tries, task.queued_at) == (Status.QUEUED, 0, clock.now())
        assert (task.sent_at, task.completed_at, task.reason) == (None, None, None)

    def test_an_offer_that_is_known_is_a_duplicate(self, outbox: Outbox, another: Another) -> None:
        first = outbox.enqueue([draft(), draft(name="award")])
        again = another().enqueue([draft(text="another text"), draft(name="award"), draft(name="third")])
        assert (first.new, first.duplicates) == (2, 0)
        assert (again.new, again.duplicates) == (1, 2)
        assert [task.text for task in outbox.tasks(Filter(key="C-1"))][:1] == [draft().text]

    def test_a_duplicate_within_one_offer_counts_too(self, outbox: Outbox) -> None:
        made = outbox.enqueue([draft(), draft()])
        assert (made.new, made.duplicates) == (1, 1)

    def test_nothing_new_has_no_ids(self, outbox: Outbox) -> None:
        outbox.enqueue([draft()])
        made = outbox.enqueue([draft()])
        assert (made.new, made.duplicates, list(made.ids)) == (0, 1, [])
        empty = outbox.enqueue([])
        assert (empty.new, empty.duplicates, list(empty.ids)) == (0, 0, [])

    def test_the_new_ones_are_those_with_these_ids(self, outbox: Outbox) -> None:
        outbox.enqueue([draft(key="A")])
        made = outbox.enqueue([draft(key=key) for key in "ABAC"])
        outbox.enqueue([draft(key=key) for key in "CDA"])
        assert [task.key for task in outbox.tasks(Filter(ids=tuple(made.ids)))] == ["B", "C"]

    @pytest.mark.parametrize("size", [49, 50, 51, 100, 130])
    @pytest.mark.parametrize("known", [[], ["K-0", "K-48", "K-77"]])
    def test_an_offer_of_any_size_is_queued_in_its_order(self, outbox: Outbox, size: int, known: list[str]) -> None:
        offered = [f"K-{number}" for number in range(size)]
        outbox.enqueue([draft(key=key) for key in known])
        made = outbox.enqueue([draft(key=key) for key in [*offered, "K-1"]])
        new = [key for key in offered if key not in known]
        assert (made.new, made.duplicates) == (len(new), len(offered) + 1 - len(new))
        assert [task.key for task in outbox.tasks(Filter(ids=tuple(made.ids)))] == new
        assert list(made.ids) == sorted(made.ids)

    @pytest.mark.parametrize("status", ["sent", "completed", "failed", "in_doubt", "cancelled", "sending"])
    def test_a_message_stays_known_whatever_became_of_it(self, outbox: Outbox, status: str) -> None:
        (id_,) = queue(outbox, "C-1")
        if status == "cancelled":
            outbox.decide([id_], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
        else:
            one = claim_one(outbox)
            if status in ("sent", "completed"):
                accept(outbox, one)
            elif status == "failed":
                reject(outbox, one)
            elif status == "in_doubt":
                doubt(outbox, one)
            if status == "completed":
                outbox.complete([id_])
        assert look(outbox, id_).status == status
        assert outbox.enqueue([draft(key="C-1")]).duplicates == 1
        assert outbox.ledger("sample").known("C-1", "group")

    def test_keys_are_compared_character_by_character(self, outbox: Outbox) -> None:
        for key in ODD_KEYS:
            assert outbox.enqueue([draft(key=key)]).new == 1, key
        for key in ODD_KEYS:
            assert outbox.enqueue([draft(key=key)]).duplicates == 1, key
            assert [task.key for task in outbox.tasks(Filter(key=key))] == [key]
        assert outbox.enqueue([draft(key="C-2")]).new == 1

    def test_a_wildcard_in_a_key_is_just_a_character_for_the_ledger(self, outbox: Outbox) -> None:
        queue(outbox, "C-1", "合同1")
        ledger = outbox.ledger("sample")
        assert ledger.waiting("C-1")
        for key in ("%", "C_1", "C-%", "c-1", "*", "合同_", "C-1 "):
            assert not ledger.waiting(key), key
            assert not ledger.delivered(key), key
            assert not ledger.known(key, "group"), key

    def test_the_four_parts_of_the_identity(self, outbox: Outbox) -> None:
        base = draft()
        others = [
            replace(base, campaign="other"),
            replace(base, key="C-2"),
            replace(base, name="award"),
            replace(base, round=2),
        ]
        assert outbox.enqueue([base, *others]).new == 5
        assert outbox.enqueue([replace(base, recipient="x", text="x", channel="x", ordered=False)]).new == 0

    def test_the_same_key_in_two_campaigns_is_two_things(self, outbox: Outbox) -> None:
        (one,) = queue(outbox, "C-1")
        outbox.enqueue([draft(campaign="other", recipient="someone else")])
        send(outbox, one)
        assert outbox.ledger("sample").delivered("C-1")
        assert outbox.ledger("other").waiting("C-1")
        assert not outbox.ledger("other").delivered("C-1")
        assert [task.campaign for task in outbox.owed("sample")] == ["sample"]
        assert outbox.owed("other") == []

    def test_an_offer_is_all_or_nothing(self, outbox: Outbox, another: Another) -> None:
        with pytest.raises((TypeError, ValueError)):
            outbox.enqueue([draft(key="A"), draft(key="B", metadata={"not JSON": object()})])
        assert statuses(another()) == []
        assert queue(outbox, "A")

    def test_what_a_transaction_raises_undoes_all_of_it(self, outbox: Outbox, another: Another) -> None:
        (old,) = queue(outbox, "old")

        class OopsError(Exception):
            """Something went wrong."""

        def everything() -> None:
            with outbox.transaction():
                queue(outbox, "new")
                accept(outbox, claim_one(outbox))
                outbox.complete([old])
                outbox.pause("robot", 60, Reason("no"))
                raise OopsError

        with pytest.raises(OopsError):
            everything()
        for each in (outbox, another()):
            assert statuses(each) == [Status.QUEUED]
            assert each.attempts(old) == []
            assert each.pauses() == []
        assert claim_one(outbox).task.id == old

    def test_others_see_a_transaction_whole_or_not_at_all(self, outbox: Outbox, another: Another) -> None:
        other = another()
        with outbox.transaction():
            outbox.enqueue([draft(name="group")])
            outbox.enqueue([draft(name="award")])
            assert statuses(other) == []
        assert statuses(other) == [Status.QUEUED] * 2

    def test_a_store_outlives_its_connection(self, another: Another) -> None:
        outbox = another()
        (id_,) = queue(outbox, "C-1")
        one = claim_one(outbox)
        outbox.close()
        later = another()
        assert look(later, id_).status is Status.SENDING
        assert accept(later, one)

    def test_what_the_ledger_says(self, outbox: Outbox) -> None:
        outbox.enqueue([draft(name="group", recipient="a"), draft(name="award", recipient="b")])
        group, award = (task.id for task in outbox.tasks(Filter()))

        def says() -> tuple[bool, bool]:
            ledger = outbox.ledger("sample")
            return ledger.waiting("C-1"), ledger.delivered("C-1")

        assert says() == (True, False)
        assert outbox.ledger("sample").known("C-1", "award")
        assert not outbox.ledger("sample").known("C-1", "third")
        send(outbox, group)
        assert says() == (True, False)
        one = claim_one(outbox)
        assert says() == (True, False)
        reject(outbox, one)
        assert says() == (True, False)
        outbox.decide([award], Status.CANCELLED, who="w", why="y", of=[Status.FAILED])
        assert says() == (False, True)
        outbox.complete([group])
        assert says() == (False, True)

    def test_a_ledger_that_was_loaded_says_the_same(self, outbox: Outbox) -> None:
        outbox.enqueue([draft(name="group"), draft(name="award"), draft(key="C-2"), draft(key="C-3", campaign="other")])
        ledger = outbox.ledger("sample")
        ledger.load(["C-1", "C-3", "C-4"])
        asked = [(key, name) for key in ("C-1", "C-2", "C-3", "C-4") for name in ("group", "award")]
        assert [one for one in asked if ledger.known(*one)] == [("C-1", "group"), ("C-1", "award"), ("C-2", "group")]

    def test_the_ledger_says_what_waits(self, outbox: Outbox) -> None:
        outbox.enqueue(
            [
                *(draft(name=name, recipient=name) for name in ("group", "award", "third")),
                *(draft(key="C-2", name=name, recipient=f"2 {name}") for name in ("group", "award")),
                draft(key="C-3", campaign="other", recipient="3"),
            ]
        )
        ids = {(task.key, task.name): task.id for task in outbox.tasks(Filter())}
        send(outbox, ids["C-1", "group"])
        outbox.decide([ids["C-1", "third"]], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
        one = claim_one(outbox)
        ledger = outbox.ledger("sample")
        waits = {("C-1", "award"): "queued", ("C-2", "group"): "queued", ("C-2", "award"): "queued"}
        waits[one.task.key, one.task.name] = "sending"
        assert {(key, name): at for key in ("C-1", "C-2", "C-3") for name, at in ledger.waits(key).items()} == waits
        reject(outbox, one)
        assert outbox.ledger("sample").waits(one.task.key)[one.task.name] == "failed"

    def test_offers_that_are_known_beforehand_count_as_duplicates(self, outbox: Outbox) -> None:
        outbox.enqueue([draft()])
        made = outbox.enqueue([draft(), draft(key="C-2")], known={"sample": 5})
        assert (made.new, made.duplicates) == (1, 6)
        assert outbox.enqueue([], known={"sample": 2}).duplicates == 2
        (figures,) = outbox.figures()
        assert figures.duplicates_prevented == 8

    def test_a_key_of_which_all_is_cancelled_was_not_delivered(self, outbox: Outbox) -> None:
        (id_,) = queue(outbox, "C-1")
        outbox.decide([id_], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
        ledger = outbox.ledger("sample")
        assert (ledger.waiting("C-1"), ledger.delivered("C-1")) == (False, False)
