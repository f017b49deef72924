"""A person's decisions: all that were named, or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifykit.errors import NotifykitError
from notifykit.model import Outcome, Status
from notifykit.operate.decisions import (
    AsShown,
    OvertakenError,
    Resolution,
    Selection,
    decide,
    decide_as_shown,
    resend,
    resendable,
)
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import finish, take
from notifykit.wording import Wording
from notifykit.wording.host import HOST

WORDING = Wording(HOST)

REACHABLE = (
    Status.QUEUED,
    Status.SENDING,
    Status.SENT,
    Status.COMPLETED,
    Status.FAILED,
    Status.IN_DOUBT,
    Status.CANCELLED,
)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as opened:
        yield opened


def put(
    outbox: SqliteOutbox, status: Status, *, key: str = "C-1", campaign: str = "sample", message: str = "group"
) -> int:
    """Queue a message and lead it into a state; returns its id."""
    enqueued = outbox.enqueue([draft(key=key, campaign=campaign, name=message, ordered=False)])
    (id_, *_) = enqueued.ids
    if status is Status.CANCELLED:
        outbox.decide([id_], status, who="x", why="x", of=[Status.QUEUED])
    elif status is not Status.QUEUED:
        for claim in take(outbox, "worker", 100, {"robot": ChannelBounds()}, 60):
            if claim.task.id != id_:
                outbox.release(claim)
            elif status is not Status.SENDING:
                to = Status.SENT if status is Status.COMPLETED else status
                finish(outbox, claim, Outcome.unknown("x"), Transition(status=to))
        if status is Status.COMPLETED:
            outbox.complete([id_])
    return id_


def statuses(outbox: SqliteOutbox) -> list[Status]:
    return [task.status for task in outbox.tasks(Filter())]


@pytest.mark.parametrize("decision", Resolution)
@pytest.mark.parametrize("status", REACHABLE)
def test_a_decision_moves_what_it_is_for_and_refuses_the_rest(
    outbox: SqliteOutbox, decision: Resolution, status: Status
) -> None:
    id_ = put(outbox, status)
    if status in decision.of:
        (task,) = decide(outbox, Selection(ids=(id_,)), decision, who="测试员", why="asked", wording=WORDING)
        assert task.status is decision.to
        event = outbox.events(id_)[-1]
        assert (event.who, event.detail) == ("测试员", f"{status.value} to {decision.to.value}: asked")
    else:
        with pytest.raises(NotifykitError, match=f"task {id_} .* is {status.value}; .*\nnothing was changed"):
            decide(outbox, Selection(ids=(id_,)), decision, who="x", why="x", wording=WORDING)
        assert statuses(outbox) == [status]


@pytest.mark.parametrize(
    ("decision", "status", "command"),
    [
        (Resolution.RETRY, Status.IN_DOUBT, "resolve"),
        (Resolution.RETRY, Status.COMPLETED, "resend"),
        (Resolution.RESEND, Status.FAILED, "retry"),
        (Resolution.RESEND, Status.SENT, "resend"),
        (Resolution.RESEND, Status.CANCELLED, "retry"),
    ],
)
def test_a_refusal_names_the_command_that_would_do(
    outbox: SqliteOutbox, decision: Resolution, status: Status, command: str
) -> None:
    with pytest.raises(NotifykitError, match=f"`notifykit {command}`"):
        decide(outbox, Selection(ids=(put(outbox, status),)), decision, who="x", why="x", wording=WORDING)


def test_one_wrong_id_among_many_and_nothing_is_changed(outbox: SqliteOutbox) -> None:
    ids = [put(outbox, Status.FAILED, key=f"C-{number}") for number in range(3)]
    with pytest.raises(NotifykitError, match="there is no task 99"):
        decide(outbox, Selection(ids=(*ids, 99)), Resolution.RETRY, who="x", why="x", wording=WORDING)
    assert statuses(outbox) == [Status.FAILED] * 3


def test_a_long_list_of_wrong_ids_is_cut(outbox: SqliteOutbox) -> None:
    with pytest.raises(NotifykitError) as caught:
        decide(outbox, Selection(ids=tuple(range(1, 31))), Resolution.RETRY, who="x", why="x", wording=WORDING)
    assert str(caught.value).splitlines()[9:] == [
        "there is no task 10; `notifykit tasks` lists them",
        "… and 20 more",
        "nothing was changed",
    ]


def test_an_id_given_twice_is_decided_once(outbox: SqliteOutbox) -> None:
    id_ = put(outbox, Status.FAILED)
    assert len(decide(outbox, Selection(ids=(id_, id_)), Resolution.RETRY, who="x", why="x", wording=WORDING)) == 1


def test_a_filter_takes_what_it_describes_and_can_be_decided(outbox: SqliteOutbox) -> None:
    put(outbox, Status.FAILED, key="C-1")
    put(outbox, Status.IN_DOUBT, key="C-2")
    put(outbox, Status.COMPLETED, key="C-3")
    put(outbox, Status.FAILED, key="C-4", campaign="other")
    changed = decide(outbox, Selection(campaign="sample"), Resolution.CANCEL, who="x", why="x", wording=WORDING)
    assert [task.key for task in changed] == ["C-1", "C-2"]
    changed = decide(
        outbox, Selection(key="C-4", statuses=(Status.FAILED,)), Resolution.RETRY, who="x", why="x", wording=WORDING
    )
    assert [task.campaign for task in changed] == ["other"]
    assert decide(outbox, Selection(campaign="none"), Resolution.RETRY, who="x", why="x", wording=WORDING) == []


def test_a_state_that_the_decision_is_not_for_is_refused(outbox: SqliteOutbox) -> None:
    with pytest.raises(NotifykitError, match="it is for failed"):
        decide(outbox, Selection(statuses=(Status.QUEUED,)), Resolution.RETRY, who="x", why="x", wording=WORDING)


def test_resend_opens_a_round_for_each_message_that_was_sent(outbox: SqliteOutbox) -> None:
    put(outbox, Status.COMPLETED, message="group")
    put(outbox, Status.SENT, message="award")
    put(outbox, Status.FAILED, message="extra")
    assert [task.name for task in resendable(outbox, "sample", "C-1")] == ["group", "award"]
    opened = resend(outbox, "sample", "C-1", who="测试员", why="deleted")
    assert [(task.name, task.round, task.status) for task in opened] == [
        ("group", 2, Status.QUEUED),
        ("award", 2, Status.QUEUED),
    ]


def test_resend_of_one_message_looks_at_its_latest_round(outbox: SqliteOutbox) -> None:
    put(outbox, Status.COMPLETED)
    assert len(resend(outbox, "sample", "C-1", ["group"], who="x", why="x")) == 1
    with pytest.raises(NotifykitError, match=r"task 2 \(group\) is queued"):
        resend(outbox, "sample", "C-1", ["group"], who="x", why="x")
    assert len(statuses(outbox)) == 2


def test_resend_refuses_whole_what_it_cannot_do_whole(outbox: SqliteOutbox) -> None:
    put(outbox, Status.COMPLETED, message="group")
    put(outbox, Status.FAILED, message="award")
    with pytest.raises(NotifykitError, match=r"task 2 \(award\) is failed\nonly what was sent"):
        resend(outbox, "sample", "C-1", ["group", "award"], who="x", why="x")
    with pytest.raises(NotifykitError, match='no message "grup"; did you mean "group"'):
        resend(outbox, "sample", "C-1", ["grup"], who="x", why="x")
    assert len(statuses(outbox)) == 2


def test_resend_of_nothing_that_was_sent(outbox: SqliteOutbox) -> None:
    put(outbox, Status.QUEUED)
    with pytest.raises(NotifykitError, match=r"task 1 \(group\) is queued"):
        resend(outbox, "sample", "C-1", who="x", why="x")


@pytest.mark.parametrize(("key", "mend"), [("C-", "did you mean C-1?"), ("zz", "`notifykit tasks` lists")])
def test_resend_of_an_unknown_key(outbox: SqliteOutbox, key: str, mend: str) -> None:
    put(outbox, Status.COMPLETED)
    with pytest.raises(NotifykitError, match="nothing was ever queued") as caught:
        resend(outbox, "sample", key, who="x", why="x")
    assert mend in str(caught.value)


@pytest.mark.parametrize("missing", ["recipient", "channel"])
def test_what_nobody_knows_whom_to_send_to_is_not_sent(outbox: SqliteOutbox, missing: str) -> None:
    id_ = put(outbox, Status.IN_DOUBT)
    outbox.db.execute(f"UPDATE tasks SET {missing} = ''")
    with pytest.raises(NotifykitError, match="has no recipient or channel any more"):
        decide(outbox, Selection(ids=(id_,)), Resolution.RESEND, who="w", why="y", wording=WORDING)
    assert statuses(outbox) == [Status.IN_DOUBT]
    decide(outbox, Selection(ids=(id_,)), Resolution.SENT, who="w", why="y", wording=WORDING)
    assert statuses(outbox) == [Status.SENT]


def test_a_filter_may_describe_more_than_a_statement_takes_values(outbox: SqliteOutbox) -> None:
    outbox.enqueue([draft(key=str(number), ordered=False) for number in range(100)])
    outbox.db.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 40)
    outbox.db.execute("UPDATE tasks SET status = 'failed', due_at = NULL, attempts = 1")
    changed = decide(outbox, Selection(campaign="sample"), Resolution.RETRY, who="w", why="y", wording=WORDING)
    assert len(changed) == 100


def as_shown(outbox: SqliteOutbox, *ids: int) -> AsShown:
    return AsShown.of(outbox, list(outbox.tasks(Filter(ids=ids))))


def made_as_shown(outbox: SqliteOutbox, shown: AsShown, decision: Resolution) -> list[Status]:
    decided = decide_as_shown(outbox, shown, decision, who="bo", why="asked", wording=WORDING)
    return [task.status for task in decided]


def test_what_is_as_it_was_shown_is_decided(outbox: SqliteOutbox) -> None:
    first, second = (put(outbox, Status.IN_DOUBT, key=key) for key in ("C-1", "C-2"))
    other = put(outbox, Status.FAILED, key="C-3")
    shown = as_shown(outbox, first, second)
    decide(outbox, Selection(ids=(other,)), Resolution.RETRY, who="al", why="x", wording=WORDING)
    assert made_as_shown(outbox, shown, Resolution.CANCEL) == [Status.CANCELLED] * 2


def test_who_comes_late_is_told_who_has_decided_though_the_decision_could_be_made(outbox: SqliteOutbox) -> None:
    """What was queued again could be cancelled: but it was shown as in doubt."""
    first, second = (put(outbox, Status.IN_DOUBT, key=key) for key in ("C-1", "C-2"))
    shown = as_shown(outbox, first, second)
    decide(outbox, Selection(ids=(second,)), Resolution.RESEND, who="al", why="nobody got it", wording=WORDING)
    with pytest.raises(OvertakenError) as raised:
        made_as_shown(outbox, shown, Resolution.CANCEL)
    decided = raised.value.decided
    assert decided is not None
    assert (raised.value.task.id, decided.who, decided.why, raised.value.others) == (second, "al", "nobody got it", 0)
    assert statuses(outbox) == [Status.IN_DOUBT, Status.QUEUED]


def test_what_stands_where_it_stood_after_a_decision_is_not_what_was_shown(outbox: SqliteOutbox) -> None:
    id_ = put(outbox, Status.FAILED)
    shown = as_shown(outbox, id_)
    decide(outbox, Selection(ids=(id_,)), Resolution.RETRY, who="al", why="mended", wording=WORDING)
    (claim,) = take(outbox, "worker", 1, {"robot": ChannelBounds()}, 60)
    finish(outbox, claim, Outcome.rejected("x"), Transition(status=Status.FAILED))
    with pytest.raises(OvertakenError, match="al decided: mended"):
        made_as_shown(outbox, shown, Resolution.CANCEL)


def test_what_moved_without_anybodys_decision_is_not_what_was_shown(outbox: SqliteOutbox) -> None:
    ids = [put(outbox, Status.SENDING, key=f"C-{number}") for number in range(3)]
    shown = as_shown(outbox, *ids)
    for claim in outbox.on_wire():
        finish(outbox, claim, Outcome.rejected("x"), Transition(status=Status.FAILED))
    with pytest.raises(OvertakenError, match=r"is failed by now\n… and 2 more\nnothing was changed") as raised:
        made_as_shown(outbox, shown, Resolution.CANCEL)
    assert raised.value.decided is None
