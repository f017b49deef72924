"""Digests: several messages in one call."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from notifykit.model import Batch, Claim, Outcome, Status, Task
from notifykit.outbox.digests import digests_of, is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.recent import Calls
from notifykit.outbox.values import ChannelBounds, Filter, Rewrite, Transition
from notifykit.roles import Rate
from notifykit.testing.clock import FakeClock
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import (
    accept,
    claim,
    claim_one,
    doubt,
    finish,
    look,
    lose,
    put_off,
    queue,
    queue_drafts,
    reject,
    send,
)
from notifykit.testing.samples import draft
from notifykit.wording import Reason

HOUR = 3600.0
BATCH = Batch(wait=HOUR, most=3)
ANY = list(Status)


def gather(outbox: Outbox, *keys: str, recipient: str = "r", batch: Batch = BATCH) -> list[int]:
    """Queue one message for each key, to be gathered."""
    return queue_drafts(
        outbox, [draft(key=key, recipient=recipient, text=f"text of {key}", batch=batch) for key in keys]
    )


def fix(outbox: Outbox, one: Claim, most: int = 50) -> Claim:
    """Fix the first members of a digest that was claimed."""
    members = outbox.members(one.task.id)[:most]
    fixed = outbox.fix(one, [task.id for task in members], "\n".join(task.text for task in members))
    assert fixed is not None
    return fixed


def fixed(outbox: Outbox, clock: FakeClock, *keys: str) -> tuple[Claim, list[int]]:
    """Queue messages, wait, and claim their digest."""
    ids = gather(outbox, *keys)
    clock.advance(HOUR)
    return fix(outbox, claim_one(outbox)), ids


def at(outbox: Outbox, ids: Sequence[int]) -> list[Status]:
    """Return where tasks stand."""
    return [look(outbox, id_).status for id_ in ids]


def digests(outbox: Outbox) -> list[Task]:
    """Return all digests."""
    return [task for task in outbox.tasks(Filter()) if is_digest(task.campaign)]


def decide(outbox: Outbox, ids: Sequence[int], status: Status) -> list[int]:
    """Decide about tasks wherever they stand; the ids of those that were moved."""
    return [task.id for task in outbox.decide(ids, status, who="w", why="y", of=ANY)]


class DigestsContract(OutboxBase):
    """`enqueue` of what is gathered, `fix`, `members`, `memberships`."""

    def test_messages_wait_for_others_and_go_in_one_call(self, outbox: Outbox, clock: FakeClock) -> None:
        first = gather(outbox, "a")
        clock.advance(HOUR - 1)
        second = gather(outbox, "b")
        assert claim(outbox) == []
        due = outbox.next_due(["robot"])
        assert due == pytest.approx(clock.now() + 1)
        clock.advance(1)
        one = fix(outbox, claim_one(outbox))
        assert (one.task.campaign, one.task.name) == (digests_of("sample"), draft(key="a").name)
        assert (one.task.text, one.task.tries, one.token) == ("text of a\ntext of b", 1, 1)
        assert look(outbox, one.task.id).text == one.task.text
        assert accept(outbox, one)
        assert at(outbox, [*first, *second]) == [Status.SENT] * 2
        assert [task.key for task in outbox.owed("sample")] == ["a", "b"]
        assert claim(outbox) == []

    def test_a_full_digest_waits_no_longer_and_takes_no_other(self, outbox: Outbox) -> None:
        ids = gather(outbox, "a", "b", "c", "d")
        (one,) = claim(outbox)
        assert [task.id for task in outbox.members(one.task.id)] == ids[:3]
        accept(outbox, fix(outbox, one))
        assert at(outbox, ids) == [*[Status.SENT] * 3, Status.QUEUED]
        assert claim(outbox) == []

    def test_other_recipients_campaigns_and_channels_have_digests_of_their_own(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        gather(outbox, "a", recipient="r")
        gather(outbox, "b", recipient="s")
        queue_drafts(outbox, [draft(campaign="other", key="a", recipient="r", batch=BATCH)])
        queue_drafts(outbox, [draft(key="c", recipient="r", name="award", batch=BATCH)])
        assert len(digests(outbox)) == 4
        clock.advance(HOUR)
        assert len(claim(outbox)) == 2  # of each lane one

    def test_messages_that_say_something_else_beside_their_texts_have_digests_of_their_own(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        said = {"a": ({"title": "x"}, "chat"), "b": ({"title": "y"}, "chat"), "c": ({"title": "x"}, "chat")}
        queue_drafts(
            outbox,
            [
                draft(key=key, recipient="r", batch=BATCH, options=options, limit_key=limit)
                for key, (options, limit) in said.items()
            ],
        )
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert one.task.options == {"title": "x"}
        assert [task.key for task in outbox.members(one.task.id)] == ["a", "c"]
        b = next(task for task in outbox.tasks(Filter()) if task.key == "b")
        other = Rewrite(task=b, recipient="r", text=b.text, options={"title": "z"}, limit_key="chat")
        (changed,) = outbox.rewrite([[other]], who="w", why="y")
        accept(outbox, one)
        assert changed.options == {"title": "z"}
        options = {claimed.task.recipient: fix(outbox, claimed).task.options for claimed in _to_the_last(outbox)}
        assert options == {"r": {"title": "z"}}

    def test_an_offer_that_is_known_joins_nothing(self, outbox: Outbox) -> None:
        gather(outbox, "a")
        again = outbox.enqueue([draft(key="a", recipient="r", batch=BATCH), draft(key="b", recipient="r", batch=BATCH)])
        assert (again.new, again.duplicates) == (1, 1)
        assert len(outbox.members(digests(outbox)[0].id)) == 2
        assert outbox.ledger("sample").waiting("a")

    def test_others_of_the_recipient_pass_while_it_gathers_and_come_after_it_then(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        gather(outbox, "a")
        (passing,) = queue(outbox, "x", recipients=["r"])
        send(outbox, passing)
        behind = queue(outbox, "y", "z", recipients=["r", "r"])
        one = claim_one(outbox)
        assert one.task.id == behind[0]
        clock.advance(HOUR)
        accept(outbox, one)
        digest = claim_one(outbox)
        assert is_digest(digest.task.campaign)
        accept(outbox, fix(outbox, digest))
        assert claim_one(outbox).task.id == behind[1]

    def test_one_without_an_order_waits_for_nobody(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a", batch=Batch(wait=HOUR, most=3, ordered=False))
        queue(outbox, "x", recipients=["r"])
        clock.advance(HOUR)
        assert len(claim(outbox)) == 2

    def test_a_retry_has_the_same_members_text_and_key(self, outbox: Outbox, clock: FakeClock) -> None:
        one, ids = fixed(outbox, clock, "a", "b")
        assert put_off(outbox, one, until=clock.now() + 60)
        assert [(task.status, task.tries) for task in (look(outbox, id_) for id_ in ids)] == [(Status.QUEUED, 1)] * 2
        late = gather(outbox, "c")
        assert claim(outbox) == []
        clock.advance(60)
        again = claim_one(outbox)
        assert (again.task.id, again.task.text, again.task.tries) == (one.task.id, one.task.text, 2)
        assert again.task.idempotency_key == one.task.idempotency_key
        accept(outbox, again)
        assert at(outbox, [*ids, *late]) == [Status.SENT, Status.SENT, Status.QUEUED]
        assert [len(outbox.attempts(id_)) for id_ in [*ids, *late]] == [2, 2, 0]

    @pytest.mark.parametrize("end", [reject, doubt, lose])
    def test_what_comes_of_the_call_comes_of_each_message(self, outbox: Outbox, clock: FakeClock, end: object) -> None:
        one, ids = fixed(outbox, clock, "a", "b")
        assert end(outbox, one)  # type: ignore[operator]
        digest = look(outbox, one.task.id)
        for id_ in ids:
            task = look(outbox, id_)
            assert (task.status, task.reason, task.doubted_at) == (digest.status, digest.reason, digest.doubted_at)
            (attempt,) = outbox.attempts(id_)
            (of_call,) = outbox.attempts(one.task.id)
            assert (attempt.verdict, attempt.code) == (of_call.verdict, of_call.code)

    def test_a_late_result_settles_the_doubt_of_each_that_is_still_in_it(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        one, (a, b) = fixed(outbox, clock, "a", "b")
        lose(outbox, one)
        decide(outbox, [a], Status.CANCELLED)
        assert accept(outbox, one)
        assert at(outbox, [a, b]) == [Status.CANCELLED, Status.SENT]

    def test_a_digest_that_takes_fewer_leaves_the_others_to_the_next_one(self, outbox: Outbox) -> None:
        ids = gather(outbox, "a", "b", "c")
        later = gather(outbox, "d")
        one = fix(outbox, claim_one(outbox), most=1)
        assert claim(outbox) == []
        accept(outbox, one)
        second = claim_one(outbox)
        assert [task.id for task in outbox.members(second.task.id)] == [*ids[1:], *later]
        accept(outbox, fix(outbox, second))
        assert at(outbox, [*ids, *later]) == [Status.SENT] * 4

    def test_a_message_that_is_cancelled_before_is_left_out_and_one_after_is_not(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        a, b, c = gather(outbox, "a", "b", "c")
        assert decide(outbox, [a], Status.CANCELLED) == [a]
        one = fix(outbox, claim_one(outbox))
        assert one.task.text == "text of b\ntext of c"
        assert decide(outbox, [b], Status.CANCELLED) == []
        assert [found.task_id for found in outbox.memberships([a, b]) if found.under_way] == [b]
        put_off(outbox, one, until=clock.now() + 60)
        assert decide(outbox, [b], Status.CANCELLED) == []
        assert decide(outbox, [one.task.id], Status.CANCELLED) == [b, c]
        assert at(outbox, [one.task.id, b, c]) == [Status.CANCELLED] * 3

    def test_a_digest_in_which_nothing_is_left_is_no_call(self, outbox: Outbox, clock: FakeClock) -> None:
        (a,) = gather(outbox, "a")
        decide(outbox, [a], Status.CANCELLED)
        clock.advance(HOUR)
        one = claim_one(outbox)
        assert outbox.members(one.task.id) == []
        assert outbox.fix(one, [], "") is None
        assert claim(outbox) == []
        assert outbox.on_wire() == []
        assert (look(outbox, one.task.id).status, outbox.attempts(one.task.id)) == (Status.CANCELLED, [])

    def test_all_that_failed_are_sent_again_as_they_were(self, outbox: Outbox, clock: FakeClock) -> None:
        one, ids = fixed(outbox, clock, "a", "b")
        reject(outbox, one)
        assert decide(outbox, ids, Status.QUEUED) == ids
        again = claim_one(outbox)
        assert (again.task.id, again.task.text, again.token) == (one.task.id, one.task.text, 2)
        accept(outbox, again)
        assert at(outbox, ids) == [Status.SENT] * 2

    def test_a_decision_about_a_digest_is_one_about_its_messages(self, outbox: Outbox, clock: FakeClock) -> None:
        one, ids = fixed(outbox, clock, "a", "b")
        doubt(outbox, one)
        assert decide(outbox, [one.task.id], Status.SENT) == ids
        assert at(outbox, [one.task.id, *ids]) == [Status.SENT] * 3

    def test_some_that_failed_are_gathered_anew_at_once(self, outbox: Outbox, clock: FakeClock) -> None:
        one, (a, b) = fixed(outbox, clock, "a", "b")
        reject(outbox, one)
        assert decide(outbox, [a], Status.QUEUED) == [a]
        second = fix(outbox, claim_one(outbox))
        assert (second.task.id != one.task.id, second.task.text) == (True, "text of a")
        accept(outbox, second)
        assert at(outbox, [one.task.id, a, b]) == [Status.FAILED, Status.SENT, Status.FAILED]
        assert decide(outbox, [b], Status.QUEUED) == [b]
        assert at(outbox, [one.task.id]) == [Status.CANCELLED]
        assert fix(outbox, claim_one(outbox)).task.text == "text of b"

    def test_a_digest_that_lost_a_message_is_not_sent_again_as_it_was(self, outbox: Outbox, clock: FakeClock) -> None:
        one, (a, b) = fixed(outbox, clock, "a", "b")
        reject(outbox, one)
        decide(outbox, [a], Status.CANCELLED)
        assert decide(outbox, [one.task.id], Status.QUEUED) == []
        assert at(outbox, [a, b]) == [Status.CANCELLED, Status.FAILED]

    def test_undoing_puts_a_digest_and_its_messages_back_unless_it_is_under_way(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        one, ids = fixed(outbox, clock, "a", "b")
        reject(outbox, one)
        decide(outbox, ids, Status.QUEUED)
        (decision,) = outbox.decisions(1)
        assert decision.messages == 2
        assert outbox.undo(decision.id, who="w", why="z") is not None
        assert at(outbox, [one.task.id, *ids]) == [Status.FAILED] * 3
        decide(outbox, ids, Status.QUEUED)
        claim_one(outbox)
        undoing = outbox.undoing(outbox.decisions(1)[0].id)
        assert undoing is not None and not undoing.possible  # noqa: PT018
        assert at(outbox, ids) == [Status.QUEUED] * 2

    def test_a_cancelled_message_that_is_put_back_is_gathered_again(self, outbox: Outbox, clock: FakeClock) -> None:
        a, b = gather(outbox, "a", "b")
        decide(outbox, [a], Status.CANCELLED)
        (decision,) = outbox.decisions(1)
        clock.advance(HOUR)
        accept(outbox, fix(outbox, claim_one(outbox)))
        assert outbox.undo(decision.id, who="w", why="z") is not None
        assert at(outbox, [a, b]) == [Status.QUEUED, Status.SENT]
        second = fix(outbox, claim_one(outbox))
        assert second.task.text == "text of a"
        assert {found.digest for found in outbox.memberships([a])} == {second.task.id}

    def test_a_resend_goes_in_a_digest_that_waits_no_longer(self, outbox: Outbox, clock: FakeClock) -> None:
        one, (a, _b) = fixed(outbox, clock, "a", "b")
        accept(outbox, one)
        (again,) = outbox.resend("sample", "a", [look(outbox, a).name], who="w", why="y")
        second = fix(outbox, claim_one(outbox))
        assert ([task.id for task in outbox.members(second.task.id)], second.task.text) == ([again.id], "text of a")
        assert outbox.resend(second.task.campaign, second.task.key, [second.task.name], who="w", why="y") == []

    def test_a_text_changes_until_it_is_fixed_and_another_recipient_has_another_digest(
        self, outbox: Outbox, clock: FakeClock
    ) -> None:
        a, b = gather(outbox, "a", "b")
        first = look(outbox, a)
        outbox.rewrite([[Rewrite(task=first, recipient="s", text="new")]], who="w", why="y")
        clock.advance(HOUR)
        claims = {one.task.recipient: fix(outbox, one) for one in claim(outbox)}
        assert {to: one.task.text for to, one in claims.items()} == {"r": "text of b", "s": "new"}
        assert outbox.rewrite([[Rewrite(task=look(outbox, b), recipient="r", text="late")]], who="w", why="y") == []

    def test_a_digest_itself_is_not_rewritten(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a")
        (digest,) = digests(outbox)
        other = Rewrite(task=digest, recipient="s", text="new")
        assert outbox.rewrite([[other]], who="w", why="y") == []
        clock.advance(HOUR)
        assert fix(outbox, claim_one(outbox)).task.text == "text of a"

    def test_rates_count_a_digest_as_one_call(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a", "b", "c", "d", "e", "f")
        queue(outbox, "x")
        limited = {"robot": (Rate(2, 60.0),)}
        claims = claim(outbox, channels=limited)
        assert len(claims) == 2
        for one in claims:
            accept(outbox, fix(outbox, one) if is_digest(one.task.campaign) else one)
        assert claim(outbox, channels=limited) == []
        assert outbox.used(limited) == {"robot": [2]}
        clock.advance(61)
        assert len(claim(outbox, channels=limited)) == 1

    def test_records_are_counted_and_not_digests(self, outbox: Outbox, clock: FakeClock) -> None:
        one, _ids = fixed(outbox, clock, "a", "b", "c")
        pulse = outbox.pulse()
        assert [(found.campaign, found.of(Status.QUEUED).number) for found in pulse.campaigns] == [("sample", 3)]
        assert [found.waiting.number for found in pulse.channels] == [3]
        finish(outbox, one, Outcome.accepted(), Transition(status=Status.SENT), call_seconds=2.0)
        (figures,) = outbox.figures()
        assert (figures.by_status, figures.call_p50) == ({Status.SENT: 3}, 2.0)
        (recent,) = outbox.recent(clock.now() - 1, clock.now() + 1)
        assert (recent.attempts, recent.accepted) == (3, 3)
        assert outbox.recent_calls(clock.now() - 1, clock.now() + 1, 1.0) == {"robot": Calls(number=1, slow=1)}
        outbox.roll_up(100)
        totals = {(total.name, total.campaign, total.channel): value for total, value in outbox.totals().items()}
        assert totals["attempts", "sample", "robot"] == 3
        assert sum(value for (name, *_), value in totals.items() if name == "call_seconds") == 2.0

    def test_a_pause_keeps_it_gathering(self, outbox: Outbox, another: Another, clock: FakeClock) -> None:
        gather(outbox, "a")
        outbox.pause("robot", 2 * HOUR, Reason("paused"))
        clock.advance(HOUR + 1)
        assert claim(another()) == []
        gather(outbox, "b")
        clock.advance(HOUR)
        one = claim_one(outbox)
        assert [task.key for task in outbox.members(one.task.id)] == ["a", "b"]

    def test_what_is_claimed_of_a_campaign_is_its_digests_too(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a")
        queue_drafts(outbox, [draft(campaign="other", key="b", recipient="s", batch=BATCH)])
        clock.advance(HOUR)
        names = ("other", digests_of("other"))
        (one,) = outbox.exchange([], "w", 9, _bounds(), 60.0, names).claims
        assert one.task.campaign == digests_of("other")

    def test_a_renamed_campaign_takes_its_digests_along(self, outbox: Outbox, clock: FakeClock) -> None:
        gather(outbox, "a")
        outbox.rename_campaign("sample", "new", who="w", why="y")
        clock.advance(HOUR)
        one = fix(outbox, claim_one(outbox))
        assert one.task.campaign == digests_of("new")
        accept(outbox, one)
        assert [task.key for task in outbox.owed("new")] == ["a"]


def _to_the_last(outbox: Outbox) -> list[Claim]:
    """Claim what is due, and close digests in which nothing is left."""
    while found := claim(outbox):
        if outbox.members(found[0].task.id):
            return found
        assert outbox.fix(found[0], [], "") is None
    raise AssertionError("nothing is due")


def _bounds() -> dict[str, ChannelBounds]:
    return {"robot": ChannelBounds()}
