"""Other texts for messages that wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from notifykit.model import Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Rewrite
from notifykit.testing.outbox.base import OutboxBase
from notifykit.testing.outbox.steps import (
    accept,
    claim,
    claim_one,
    ids,
    look,
    put_off,
    queue,
    queue_drafts,
    reject,
)
from notifykit.testing.samples import draft


def change(outbox: Outbox, id_: int, text: str = "mended", recipient: str | None = None) -> Rewrite:
    """Want another text for a task as it is now."""
    task = look(outbox, id_)
    return Rewrite(task=task, recipient=task.recipient if recipient is None else recipient, text=text)


def rewritten(outbox: Outbox, *messages: Sequence[Rewrite]) -> list[int]:
    """Have messages changed; returns the ids of the tasks that were."""
    changed = outbox.rewrite(messages, who="甲", why="a typing error")
    assert changed == [look(outbox, task.id) for task in changed]
    return [task.id for task in changed]


def order_of(outbox: Outbox) -> list[int]:
    """Send all that is due, one at a time; returns the ids."""
    went = []
    while found := claim(outbox, 1):
        accept(outbox, found[0])
        went += ids(found)
    return went


ENDS: dict[str, Callable[[Outbox], object]] = {
    "on the wire": claim_one,
    "sent": lambda outbox: accept(outbox, claim_one(outbox)),
    "failed": lambda outbox: reject(outbox, claim_one(outbox)),
    "put off": lambda outbox: put_off(outbox, claim_one(outbox), until=outbox.now()),
}


class RewritingContract(OutboxBase):
    """`rewrite`."""

    def test_a_message_that_waits_has_another_text_and_what_it_said_is_kept(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B")
        before, other = look(outbox, a), look(outbox, b)
        assert rewritten(outbox, [change(outbox, a)]) == [a]
        now = look(outbox, a)
        assert (now.text, now.recipient, now.status, now.queued_at) == (
            *("mended", before.recipient, Status.QUEUED, before.queued_at),
        )
        assert look(outbox, b) == other
        (event,) = outbox.events(a)
        assert (event.kind, event.who) == ("rerendered", "甲")
        assert event.detail == f"a typing error; before, to {before.recipient}: {before.text}"
        found = {one.task.id: one.task.text for one in claim(outbox)}
        assert found[a] == "mended"

    @pytest.mark.parametrize("end", ENDS)
    def test_what_was_tried_or_waits_no_more_stays_as_it_is(self, outbox: Outbox, end: str) -> None:
        (a,) = queue(outbox, "A")
        wanted = change(outbox, a)
        ENDS[end](outbox)
        before = look(outbox, a)
        assert rewritten(outbox, [wanted]) == []
        assert rewritten(outbox, [change(outbox, a)]) == []
        assert (look(outbox, a), outbox.events(a)) == (before, [])

    def test_a_claim_that_was_given_back_was_no_try(self, outbox: Outbox) -> None:
        (a,) = queue(outbox, "A")
        outbox.release(claim_one(outbox))
        assert rewritten(outbox, [change(outbox, a)]) == [a]

    def test_what_was_changed_meanwhile_is_not_changed_again(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B")
        wanted = [change(outbox, a, "one"), change(outbox, b, "two")]
        assert rewritten(outbox, [change(outbox, a, "another")]) == [a]
        assert rewritten(outbox, [wanted[0]], [wanted[1]]) == [b]
        assert (look(outbox, a).text, look(outbox, b).text) == ("another", "two")

    def test_all_parts_of_a_message_are_changed_or_none(self, outbox: Outbox) -> None:
        made = queue_drafts(outbox, [draft(name=name, recipient="x") for name in ("long", "long.2", "other")])
        accept(outbox, claim_one(outbox))
        assert rewritten(outbox, [change(outbox, id_) for id_ in made[:2]], [change(outbox, made[2])]) == made[2:]
        assert look(outbox, made[1]).text != "mended"

    def test_it_keeps_its_place_among_those_of_its_recipient(self, outbox: Outbox) -> None:
        a, b, c = queue(outbox, *"ABC", recipients=["x"] * 3)
        assert rewritten(outbox, [change(outbox, a)], [change(outbox, b)]) == [a, b]
        assert order_of(outbox) == [a, b, c]

    def test_another_recipient_has_it_in_the_order_of_queueing(self, outbox: Outbox) -> None:
        a, b, c, d = queue(outbox, *"ABCD", recipients=["x", "x", "y", "y"])
        assert rewritten(outbox, [change(outbox, a, "to y", "y")], [change(outbox, d, "to z", "z")]) == [a, d]
        assert sorted(ids(claim(outbox))) in ([a, b, d], [b, c, d])
        assert [look(outbox, id_).recipient for id_ in (a, b, c, d)] == ["y", "x", "y", "z"]

    def test_nobody_gets_two_at_once_after_that(self, outbox: Outbox) -> None:
        a, b = queue(outbox, "A", "B", recipients=["x", "y"])
        assert ids(claim(outbox, 1)) == [a]
        assert rewritten(outbox, [change(outbox, b, "to x", "x")]) == [b]
        assert claim(outbox) == []

    def test_a_message_without_an_order_waits_for_nobody(self, outbox: Outbox) -> None:
        a, b = queue_drafts(outbox, [draft(key=key, ordered=False, recipient="x") for key in "AB"])
        assert rewritten(outbox, [change(outbox, a, "to y", "y")]) == [a]
        assert ids(claim(outbox)) == [a, b]

    def test_the_known_message_stays_known(self, outbox: Outbox) -> None:
        (a,) = queue(outbox, "A")
        rewritten(outbox, [change(outbox, a)])
        assert outbox.enqueue([draft(key="A", recipient="to A")]).new == 0
        assert rewritten(outbox) == []
