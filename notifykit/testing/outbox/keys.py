"""Keys that a person would read as the same, and what a person said of them."""

from __future__ import annotations

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import DistinctKeys
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import queue_drafts
from notifykit.testing.samples import draft


class KeysContract(OutboxBase):
    """`other_spellings`, `distinct_keys`, `keep_distinct`."""

    def test_known_keys_are_found_by_their_normal_form(self, outbox: Outbox, another: Another) -> None:
        queue_drafts(
            outbox,
            [draft(campaign="orders", key=key) for key in ("7", "007", "A-1", "合同１", "\u200bB")]
            + [draft(campaign="other", key="8")],
        )
        asked = ["7", "07", "007", "7.0", "A-1", "A\u20111", "a-1", "合同1", "B", "8", "9"]
        assert another().other_spellings("orders", asked) == {
            "7": ("007",),
            "07": ("007", "7"),
            "007": ("7",),
            "7.0": ("007", "7"),
            "A\u20111": ("A-1",),
            "合同1": ("合同１",),
            "B": ("\u200bB",),
        }
        assert outbox.other_spellings("nothing", asked) == {}

    def test_what_was_cancelled_is_known_as_well(self, outbox: Outbox) -> None:
        ids = queue_drafts(outbox, [draft(campaign="orders", key="007")])
        outbox.decide(ids, Status.CANCELLED, who="me", why="a test", of=[Status.QUEUED])
        assert outbox.other_spellings("orders", ["7"]) == {"7": ("007",)}

    def test_what_is_undone_leaves_no_form(self, outbox: Outbox) -> None:
        try:
            with outbox.transaction():
                outbox.enqueue([draft(campaign="orders", key="007")])
                raise LookupError  # noqa: TRY301
        except LookupError:
            pass
        assert outbox.other_spellings("orders", ["7"]) == {}

    def test_a_pair_is_kept_once_and_in_either_order(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        at = clock.now()
        assert outbox.keep_distinct("orders", "7", "007", who="me", why="two houses")
        clock.advance(5)
        assert not another().keep_distinct("orders", "007", "7", who="you", why="again")
        kept = [DistinctKeys(one="007", other="7", at=at, who="me", why="two houses")]
        assert another().distinct_keys("orders") == kept
        assert outbox.distinct_keys("other") == []

    def test_a_renamed_campaign_keeps_them(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [draft(campaign="orders", key="007"), draft(campaign="orders", key="08")])
        queue_drafts(outbox, [draft(campaign="next", key="0009")])
        for campaign in ("orders", "next"):
            outbox.keep_distinct(campaign, "7", "007", who=campaign, why="two houses")
        outbox.keep_distinct("orders", "8", "08", who="orders", why="two houses")
        outbox.rename_campaign("orders", "next", who="me", why="joined")
        assert outbox.other_spellings("next", ["7", "8", "9"]) == {"7": ("007",), "8": ("08",), "9": ("0009",)}
        assert outbox.other_spellings("orders", ["7", "8"]) == {}
        assert [(pair.one, pair.who) for pair in outbox.distinct_keys("next")] == [("007", "next"), ("08", "orders")]
        assert outbox.distinct_keys("orders") == []
