"""What messages say beside their texts, and the files that they carry."""

from __future__ import annotations

import pytest

from notifykit.messages.attachments import Attachment
from notifykit.model import Draft, Metadata, Status
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Rewrite
from notifykit.testing.outbox.base import Another, OutboxBase
from notifykit.testing.outbox.steps import claim, claim_one, look, queue_drafts, send
from notifykit.testing.samples import draft

OPTIONS: Metadata = {"subject": "工单 {1}", "silent": False, "cc": ["a", "b"], "card": {"n": 1, "x": None, "f": 0.1}}

TERMS = Attachment.of("terms.txt", b"never\x00changed\xff" * 1000)
LOGO = Attachment.of("logo.png", b"\x89PNG")


def carrying(key: str, *files: Attachment, period: str = "") -> Draft:
    """Make a message that carries files."""
    options = {"files": [file.as_data() for file in files]}
    return draft(key=key, recipient=f"to {key}", options=options, attachments=files, period=period)


def kept(outbox: Outbox, file: Attachment) -> bool:
    """Whether the store has what a file holds."""
    try:
        return outbox.contents(file.sha256) == file.read()
    except LookupError:
        return False


class CarryingContract(OutboxBase):
    """`options` and `contents`."""

    @pytest.mark.parametrize("options", [None, {}, OPTIONS])
    def test_what_a_message_says_beside_its_text_comes_back_as_it_was(
        self, outbox: Outbox, another: Another, options: Metadata | None
    ) -> None:
        (id_,) = queue_drafts(outbox, [draft(options=options)])
        assert look(outbox, id_).options == options
        assert look(another(), id_).options == options
        assert claim_one(outbox).task.options == options

    def test_a_file_is_kept_once_however_many_carry_it(self, outbox: Outbox, another: Another) -> None:
        a, b = queue_drafts(outbox, [carrying("A", TERMS, LOGO), carrying("B", TERMS)])
        assert outbox.contents(TERMS.sha256) == TERMS.read()
        assert another().contents(LOGO.sha256) == b"\x89PNG"
        assert [look(outbox, id_).options for id_ in (a, b)] == [
            {"files": [TERMS.as_data(), LOGO.as_data()]},
            {"files": [TERMS.as_data()]},
        ]
        with pytest.raises(LookupError):
            outbox.contents("0" * 64)

    def test_what_is_offered_again_keeps_no_other_file(self, outbox: Outbox) -> None:
        queue_drafts(outbox, [carrying("A", TERMS)])
        assert outbox.enqueue([carrying("A", LOGO), carrying("A", TERMS)]).new == 0
        assert outbox.enqueue([carrying("A", LOGO), carrying("B", TERMS)]).new == 1
        assert (kept(outbox, TERMS), kept(outbox, LOGO)) == (True, False)

    def test_a_transaction_that_is_undone_leaves_no_file(self, outbox: Outbox) -> None:
        def undone() -> None:
            with outbox.transaction():
                outbox.enqueue([carrying("A", TERMS)])
                raise KeyError

        with pytest.raises(KeyError):
            undone()
        assert not kept(outbox, TERMS)

    def test_a_message_that_is_sent_again_says_and_carries_the_same(self, outbox: Outbox) -> None:
        (a,) = queue_drafts(outbox, [carrying("A", TERMS)])
        send(outbox, a)
        (again,) = outbox.resend("sample", "A", ["group"], who="甲", why="lost")
        assert (again.options, again.status) == (look(outbox, a).options, Status.QUEUED)
        (one,) = claim(outbox)
        assert one.task.options == {"files": [TERMS.as_data()]}
        assert kept(outbox, TERMS)

    def test_a_message_of_a_later_period_is_sent_again_with_the_file_of_each(self, outbox: Outbox) -> None:
        send(outbox, *queue_drafts(outbox, [carrying("A", TERMS, period=period) for period in "12"]))
        for round_ in (2, 3):
            (again,) = outbox.resend("sample", "A", ["group"], who="甲", why="lost")
            assert (again.period, again.round) == ("2", round_)
            send(outbox, again.id)
        assert kept(outbox, TERMS)

    def test_a_message_that_is_changed_carries_what_it_says_now(self, outbox: Outbox) -> None:
        a, b = queue_drafts(outbox, [carrying("A", TERMS), carrying("B", TERMS, LOGO)])
        for id_, file in ((a, LOGO), (b, LOGO)):
            task = look(outbox, id_)
            new = {"files": [file.as_data()]}
            wanted = Rewrite(task=task, recipient=task.recipient, text=task.text, options=new, attachments=(file,))
            assert [one.options for one in outbox.rewrite([[wanted]], who="甲", why="a typing error")] == [new]
            assert kept(outbox, LOGO)
            assert kept(outbox, TERMS) == (id_ == a), "the other one carries it as long as it does"
        (event,) = outbox.events(a)
        assert TERMS.sha256 in event.detail

    def test_one_whose_options_changed_meanwhile_is_not_changed_again(self, outbox: Outbox) -> None:
        (a,) = queue_drafts(outbox, [draft(options={"subject": "one"})])
        before = look(outbox, a)
        first, second = (
            Rewrite(task=before, recipient=before.recipient, text=before.text, options={"subject": subject})
            for subject in ("two", "three")
        )
        assert len(outbox.rewrite([[first]], who="甲", why="")) == 1
        assert outbox.rewrite([[second]], who="甲", why="") == []
        assert look(outbox, a).options == {"subject": "two"}

    def test_a_decision_that_is_undone_leaves_what_was_mended_since(self, outbox: Outbox) -> None:
        (id_,) = queue_drafts(outbox, [carrying("A", TERMS)])
        for status, of in ((Status.CANCELLED, Status.QUEUED), (Status.QUEUED, Status.CANCELLED)):
            assert len(outbox.decide([id_], status, who="甲", why="", of=[of])) == 1
        new = {"files": [LOGO.as_data()]}
        mended = Rewrite(task=look(outbox, id_), recipient="another", text="new", options=new, attachments=(LOGO,))
        assert len(outbox.rewrite([[mended]], who="甲", why="")) == 1
        assert outbox.undo(outbox.decisions(1)[0].id, who="甲", why="not yet") is not None
        assert look(outbox, id_).status is Status.CANCELLED
        assert outbox.decide([id_], Status.QUEUED, who="甲", why="now", of=[Status.CANCELLED])
        task = claim_one(outbox).task
        assert (task.recipient, task.text, task.options) == ("another", "new", new)
        assert (kept(outbox, TERMS), kept(outbox, LOGO)) == (False, True)
