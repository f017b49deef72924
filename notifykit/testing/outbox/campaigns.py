"""What is kept of campaigns beside their tasks, and their names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifykit.errors import StoreError
from notifykit.model import CampaignData, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Filter
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import look, queue_drafts, send
from notifykit.testing.samples import draft
from notifykit.wording import Reason
from notifykit.wording.host import KEY_CHANGED

ORDERS = CampaignData(campaign="orders", source="file:a.csv", target="file:b.csv", key="id", writes="flag")


class CampaignsContract(OutboxBase):
    """`campaign_data`, `remember_data`, `held_campaigns`, `hold_campaign`, `shared_keys`, `rename_campaign`."""

    def test_data_are_kept_in_the_order_in_which_they_came(self, outbox: Outbox, another: Another) -> None:
        known = [ORDERS, replace(ORDERS, campaign="a"), replace(ORDERS, writes=""), replace(ORDERS, source="")]
        for data in known:
            outbox.remember_data(data)
        outbox.remember_data(ORDERS)  # stays where it is
        assert another().campaign_data() == known

    def test_a_hold_is_kept_until_it_is_ended(self, outbox: Outbox, another: Another) -> None:
        assert outbox.held_campaigns() == {}
        outbox.hold_campaign("copy", Reason("orders was first"))
        outbox.hold_campaign("copy", KEY_CHANGED(campaign="copy", before="id", key="nr"))
        outbox.hold_campaign("orders", None)
        assert another().held_campaigns() == {"copy": KEY_CHANGED(campaign="copy", before="id", key="nr")}
        outbox.hold_campaign("copy", None)
        assert another().held_campaigns() == {}

    def test_all_of_a_campaign_takes_the_new_name(self, outbox: Outbox, another: Another) -> None:
        drafts = [draft(campaign=campaign, key=key) for campaign in ("orders", "other") for key in ("A", "B")]
        ids = queue_drafts(outbox, drafts)
        outbox.enqueue(drafts[:1])
        send(outbox, ids[0])
        for data in (ORDERS, replace(ORDERS, campaign="other")):
            outbox.remember_data(data)
        for name in ("orders", "orders-2025"):
            outbox.hold_campaign(name, Reason("orders was first"))
        before = {task.id: task for task in outbox.tasks(Filter())}
        assert outbox.rename_campaign("orders", "orders-2025", who="me", why="one a year") == 2
        there = another()
        after = {task.id: task for task in there.tasks(Filter())}
        assert after == {
            id_: replace(task, campaign="orders-2025") if task.campaign == "orders" else task
            for id_, task in before.items()
        }
        for id_ in ids[:2]:
            (told,) = (event for event in there.events(id_) if event.kind == "renamed")
            assert told.who == "me"
            assert all(word in told.detail for word in ("orders", "orders-2025", "one a year"))
        assert not any(event.kind == "renamed" for id_ in ids[2:] for event in there.events(id_))
        assert [data.campaign for data in there.campaign_data()] == ["orders-2025", "other"]
        assert {item.campaign: item.duplicates_prevented for item in there.figures()} == {"orders-2025": 1, "other": 0}
        assert there.held_campaigns() == {}
        assert there.enqueue([replace(drafts[0], campaign="orders-2025")]).new == 0

    def test_counts_and_data_of_both_names_are_joined(self, outbox: Outbox) -> None:
        drafts = [draft(campaign="orders", key="A"), draft(campaign="next", key="B")]
        queue_drafts(outbox, drafts)
        for item in (*drafts, *drafts):
            outbox.enqueue([item])
        for data in (ORDERS, replace(ORDERS, campaign="next"), replace(ORDERS, campaign="next", source="x")):
            outbox.remember_data(data)
        outbox.rename_campaign("orders", "next", who="me", why="joined")
        (figures,) = outbox.figures()
        assert figures.duplicates_prevented == 4
        assert set(outbox.campaign_data()) == {replace(ORDERS, campaign="next", source=s) for s in ("file:a.csv", "x")}

    def test_what_both_have_keeps_its_name(self, outbox: Outbox) -> None:
        (first, *_) = queue_drafts(
            outbox, [draft(campaign=campaign, key=key) for campaign in ("orders", "next") for key in ("A", "B")]
        )
        queue_drafts(outbox, [draft(campaign="orders", key="C"), draft(campaign="next", key="C", name="other")])
        assert outbox.shared_keys("orders", "next") == ["A", "B"]
        with pytest.raises(StoreError):
            outbox.rename_campaign("orders", "next", who="me", why="joined")
        task = look(outbox, first)
        assert (task.campaign, task.status) == ("orders", Status.QUEUED)
        assert outbox.events(first) == []
