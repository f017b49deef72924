"""What is known of messages in doubt, and what several have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.model import Outcome, Status
from notifykit.operate.decisions import Resolution, Selection, chosen
from notifykit.operate.evidence import alike, evidence
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Reason, Wording
from notifykit.wording.host import HOST, NOT_PROVEN

WORDING = Wording(HOST)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as opened:
        yield opened


def doubt(outbox: SqliteOutbox, key: str, reason: Reason, campaign: str = "sample") -> None:
    outbox.enqueue([draft(key=key, campaign=campaign, ordered=False)])
    (claim,) = take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    finish(outbox, claim, Outcome.unknown("ReadTimeout"), Transition(status=Status.IN_DOUBT, reason=reason))


def test_the_attempt_that_is_in_doubt_and_what_came_late_are_found(outbox: SqliteOutbox) -> None:
    doubt(outbox, "C-1", NOT_PROVEN(cause=Reason("ReadTimeout no reply", "ReadTimeout")))
    (found,) = evidence(outbox, outbox.tasks(Filter()))
    assert found.doubtful is not None
    assert (found.doubtful.number, found.doubtful.code) == (1, "ReadTimeout")
    assert found.late == []


def test_messages_of_one_campaign_and_one_kind_of_reason_are_one_group(outbox: SqliteOutbox) -> None:
    for number in range(3):
        doubt(outbox, f"C-{number}", NOT_PROVEN(cause=Reason(f"ReadTimeout no reply {number}", "ReadTimeout")))
    doubt(outbox, "C-8", NOT_PROVEN(cause=Reason("ConnectionReset", "ConnectionReset")))
    doubt(outbox, "C-9", NOT_PROVEN(cause=Reason("ReadTimeout", "ReadTimeout")), campaign="other")
    doubt(outbox, "C-7", Reason("somebody wrote this"))
    doubt(outbox, "C-6", NOT_PROVEN(cause=Reason("the worker is gone")))
    found = {(one.campaign, one.code, one.text): one for one in alike(outbox.tasks(Filter()), WORDING)}
    assert {key: one.number for key, one in found.items()} == {
        ("sample", "ReadTimeout", None): 3,
        ("sample", "ConnectionReset", None): 1,
        ("other", "ReadTimeout", None): 1,
        ("sample", None, "somebody wrote this"): 1,
        ("sample", None, "the worker is gone"): 1,
    }
    assert next(iter(found)) == ("sample", "ReadTimeout", None), "the largest group comes first"
    most = found["sample", "ReadTimeout", None]
    assert most.reason is not None
    assert most.reason.params["cause"] == Reason("ReadTimeout", "ReadTimeout")
    assert most.since is not None


def test_what_is_selected_by_the_code_or_the_text_of_a_group_is_the_group(outbox: SqliteOutbox) -> None:
    doubt(outbox, "C-1", NOT_PROVEN(cause=Reason("ReadTimeout no reply", "ReadTimeout")))
    doubt(outbox, "C-2", NOT_PROVEN(cause=Reason("the worker is gone")))
    doubt(outbox, "C-3", Reason("somebody wrote this"))
    for group in alike(outbox.tasks(Filter()), WORDING):
        which = Selection(campaign=group.campaign, reason=group.code, where=group.text)
        assert len(chosen(outbox, which, Resolution.SENT, wording=WORDING)) == 1
