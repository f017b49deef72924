"""Periods: a message is queued once in each, and none goes back."""

from __future__ import annotations

import pytest

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import claim, claim_one, look, queue_drafts, reject, send
from notifykit.testing.samples import draft

DAYS = ("2026-11-28", "2026-11-29", "2026-11-30")


class PeriodsContract(OutboxBase):
    """What `enqueue`, the ledger, `owed` and `resend` say of messages with periods."""

    def test_a_message_is_queued_once_in_each_period(self, outbox: Outbox, another: Another) -> None:
        once = [draft(), *(draft(period=day) for day in DAYS)]
        assert [outbox.enqueue([one]).new for one in once] == [1] * 4
        assert [another().enqueue([one]).new for one in once] == [0] * 4
        assert [task.period for task in outbox.tasks(Filter())] == ["", *DAYS]

    def test_figures_tell_the_last_period_of_each_campaign(self, outbox: Outbox) -> None:
        drafts = [draft(key=f"C-{at}", period=day) for at, day in enumerate((DAYS[1], DAYS[2], DAYS[0]))]
        queue_drafts(outbox, [*drafts, draft(campaign="other"), draft(campaign="third", period=DAYS[0])])
        told = {one.campaign: one.period for one in outbox.figures()}
        assert told == {"sample": DAYS[2], "other": None, "third": DAYS[0]}

    def test_a_message_has_a_key_of_its_own_in_each_period(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(), draft(period=DAYS[0])])
        assert [task.idempotency_key for task in outbox.tasks(Filter())] == [
            "sample/C-1/group/1",
            f"sample/C-1/group/1@{DAYS[0]}",
        ]

    def test_no_period_goes_back(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(period=DAYS[1])])
        made = outbox.enqueue([draft(period=DAYS[0]), draft()])
        assert (made.new, made.duplicates) == (0, 2)
        assert outbox.enqueue([draft(key="other"), draft(name="award", period=DAYS[0])]).new == 2

    def test_no_period_goes_back_within_one_offer(self, outbox: Outbox) -> None:
        made = outbox.enqueue([draft(period=day) for day in (DAYS[0], DAYS[2], DAYS[1], DAYS[2])])
        assert (made.new, made.duplicates) == (2, 2)
        assert [task.period for task in outbox.tasks(Filter())] == [DAYS[0], DAYS[2]]

    def test_what_was_cancelled_in_a_period_is_not_queued_in_it_again(self, outbox: Outbox) -> None:
        (id_,) = queue_drafts(outbox, [draft(period=DAYS[1])])
        outbox.decide([id_], Status.CANCELLED, who="anna", why="no", of=[Status.QUEUED])
        assert [outbox.enqueue([draft(period=day)]).new for day in DAYS] == [0, 0, 1]

    def test_the_ledger_tells_periods_apart(self, outbox: Outbox) -> None:
        sent, _ = queue_drafts(outbox, [draft(period=DAYS[0]), draft(period=DAYS[1], recipient="another")])
        send(outbox, sent)
        ledger = outbox.ledger("sample")
        ledger.load(["C-1"])
        assert [ledger.waiting("C-1", day) for day in (None, *DAYS, "")] == [True, False, True, False, False]
        assert [ledger.delivered("C-1", day) for day in (None, *DAYS, "")] == [False, True, False, False, False]
        assert [ledger.known("C-1", "group", day) for day in (*DAYS, "")] == [True, True, False, True]
        assert [ledger.status("C-1", "group", day) for day in DAYS] == ["sent", "queued", None]
        assert [dict(ledger.waits("C-1", day)) for day in ("", *DAYS)] == [{}, {}, {"group": "queued"}, {}]

    def test_the_ledger_says_the_same_of_keys_that_are_not_loaded(self, outbox: Outbox) -> None:
        (id_,) = queue_drafts(outbox, [draft(period=DAYS[1])])
        send(outbox, id_)
        ledger = outbox.ledger("sample")
        assert [ledger.known("C-1", "group", day) for day in DAYS] == [True, True, False]
        assert [ledger.delivered("C-1", day) for day in (None, *DAYS)] == [True, False, True, False]

    def test_a_period_is_written_back_whatever_waits_in_another(self, outbox: Outbox) -> None:
        first, second = queue_drafts(outbox, [draft(period=day, recipient=day) for day in DAYS[:2]])
        send(outbox, first)
        assert [task.id for task in outbox.owed("sample")] == [first]
        assert outbox.figures()[0].flags_owed == 1
        outbox.complete([first])
        send(outbox, second)
        assert [task.id for task in outbox.owed("sample")] == [second]

    def test_a_message_that_is_not_sent_holds_the_write_back_of_its_period(self, outbox: Outbox) -> None:
        group, _ = queue_drafts(outbox, [draft(name=name, period=DAYS[0], recipient=name) for name in ("group", "b")])
        send(outbox, group)
        reject(outbox, claim_one(outbox))
        assert (outbox.owed("sample"), outbox.figures()[0].flags_owed) == ([], 0)

    @pytest.mark.parametrize("status", [Status.SENT, Status.QUEUED])
    def test_a_resend_opens_a_round_of_the_last_period(self, outbox: Outbox, status: Status) -> None:
        first, last = queue_drafts(outbox, [draft(period=day, recipient=day) for day in DAYS[:2]])
        send(outbox, first, *([last] if status is Status.SENT else []))
        opened = outbox.resend("sample", "C-1", ["group"], who="anna", why="lost")
        found = [(task.period, task.round, task.status) for task in opened]
        assert found == ([(DAYS[1], 2, Status.QUEUED)] if status is Status.SENT else [])
        assert outbox.enqueue([draft(period=DAYS[1])]).new == 0

    def test_campaigns_share_a_key_only_in_one_period(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(campaign="a", period=DAYS[0]), draft(campaign="b", period=DAYS[1])])
        assert outbox.shared_keys("a", "b") == []
        assert outbox.rename_campaign("a", "b", who="anna", why="merged") == 1
        assert [look(outbox, one.task.id).campaign for one in claim(outbox)] == ["b"]
