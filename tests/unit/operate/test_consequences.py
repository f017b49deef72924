"""What a decision would change, and what it means for flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from notifykit.errors import NotifykitError
from notifykit.model import Status
from notifykit.operate.consequences import Consequences, Flags, of_moves, of_resuming, of_undoing
from notifykit.operate.decisions import Resolution, Selection, chosen, decide, resendable
from notifykit.operate.undoing import undo, undoable
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.sqlite.adopting import Adoption
from notifykit.outbox.values import Filter
from notifykit.testing import FakeClock, draft
from notifykit.testing.outbox.steps import claim_one, queue, queue_drafts, reject, send
from notifykit.wording import Reason, Wording
from notifykit.wording.host import HOST

WORDING = Wording(HOST)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", FakeClock()) as opened:
        yield opened


def two(outbox: SqliteOutbox, key: str) -> Sequence[int]:
    """Queue two messages of a record."""
    return queue_drafts(outbox, [draft(key=key, name=name, recipient=f"{name} {key}") for name in ("group", "award")])


def foreseen(outbox: SqliteOutbox, decision: Resolution, *ids: int) -> Consequences:
    """Ask, and have it done afterwards: what was foreseen comes true."""
    found = of_moves(outbox, chosen(outbox, Selection(ids=ids), decision, wording=WORDING), decision.to)
    changed = decide(outbox, Selection(ids=ids), decision, who="w", why="y", wording=WORDING)
    assert [(move.task.id, move.to) for move in found.moves] == [(task.id, task.status) for task in changed]
    return found


def test_what_would_be_flagged_is_what_settle_is_owed_then(outbox: SqliteOutbox) -> None:
    group, award = two(outbox, "A")
    send(outbox, group)
    assert foreseen(outbox, Resolution.CANCEL, award).flags == Flags(next_settle=1)
    assert [task.id for task in outbox.owed("sample")] == [group]


def test_a_flag_waits_for_what_is_left(outbox: SqliteOutbox) -> None:
    group, award = two(outbox, "A")
    reject(outbox, claim_one(outbox))
    assert foreseen(outbox, Resolution.RETRY, group).flags == Flags(waiting=1)
    assert foreseen(outbox, Resolution.CANCEL, award).flags == Flags(waiting=1)
    assert foreseen(outbox, Resolution.CANCEL, group).flags == Flags(never=1)


def test_what_is_flagged_already_stays_so(outbox: SqliteOutbox) -> None:
    made = two(outbox, "A")
    send(outbox, *made)
    outbox.complete(made)
    planned = resendable(outbox, "sample", "A", ["group"])
    again = of_moves(outbox, planned, Status.QUEUED, new=True)
    assert again.flags == Flags(written=1)
    assert again.counted == {("sample", Status.COMPLETED, Status.QUEUED): 1}


def test_a_record_is_counted_once_and_each_by_its_campaign(outbox: SqliteOutbox) -> None:
    ids = [*two(outbox, "A"), *two(outbox, "B"), *queue_drafts(outbox, [draft(campaign="other", recipient="z")])]
    found = foreseen(outbox, Resolution.CANCEL, *ids)
    assert found.flags == Flags(never=3)
    assert found.counted == {
        ("sample", Status.QUEUED, Status.CANCELLED): 4,
        ("other", Status.QUEUED, Status.CANCELLED): 1,
    }


def test_an_undoing_is_foreseen_without_what_stays(outbox: SqliteOutbox) -> None:
    a, b = queue(outbox, "A", "B")
    foreseen(outbox, Resolution.CANCEL, a, b)
    foreseen(outbox, Resolution.RETRY, a)
    found = undoable(outbox, 1)
    assert [(move.task.id, move.to) for move in of_undoing(outbox, found).moves] == [(b, Status.QUEUED)]


def test_resuming_tells_what_waits(outbox: SqliteOutbox) -> None:
    queue(outbox, "A", "B")
    assert not of_resuming(outbox, "robot").anything
    outbox.pause("robot", 60.0, Reason("busy"))
    outbox.pause("mail", 60.0, Reason("busy"))
    found = of_resuming(outbox, "robot")
    assert (found.anything, found.pause and found.pause.channel, found.waiting.number) == (True, "robot", 2)


def test_about_nothing_but_what_was_shown(outbox: SqliteOutbox) -> None:
    made = queue(outbox, "A", "B")
    which = Selection(campaign="sample", statuses=(Status.QUEUED,))
    decide(outbox, which, Resolution.CANCEL, who="w", why="y", wording=WORDING, shown={made[0]})
    assert [task.status for task in outbox.tasks(Filter())] == [Status.CANCELLED, Status.QUEUED]


def adopted_twin(outbox: SqliteOutbox, reason: Reason) -> int:
    """Make what a migration makes of the twin of a row that went out."""
    made = [Adoption(draft=draft(key="twin"), status=Status.CANCELLED, id=None, reason=reason)]
    (id_,) = outbox.adopt(made, who="migrate")
    return id_


@pytest.mark.parametrize("code", ["twin_of_completed", None])
def test_what_a_migration_cancelled_is_never_queued_again(outbox: SqliteOutbox, code: str | None) -> None:
    twin = adopted_twin(outbox, Reason("row 7 with the same text was completed", code))
    with pytest.raises(NotifykitError, match=r"task 1 .* was cancelled for good, by no person here: row 7 .*\nnothing"):
        decide(outbox, Selection(ids=(twin,)), Resolution.RETRY, who="w", why="y", wording=WORDING)
    every = Selection(statuses=(Status.CANCELLED,))
    assert decide(outbox, every, Resolution.RETRY, who="w", why="y", wording=WORDING) == []
    assert outbox.decide([twin], Status.QUEUED, who="w", why="y", of=[Status.CANCELLED]) == []
    assert [task.status for task in outbox.tasks(Filter())] == [Status.CANCELLED]
    assert outbox.decisions() == []


def test_what_a_person_cancelled_before_reasons_had_codes_is_queued_again(outbox: SqliteOutbox) -> None:
    (id_,) = queue(outbox, "A")
    foreseen(outbox, Resolution.CANCEL, id_)
    outbox.db.execute("UPDATE tasks SET reason_code = NULL, reason_params = NULL")
    assert foreseen(outbox, Resolution.RETRY, id_).flags == Flags(waiting=1)


def test_the_latest_decision_that_stands_is_undone(outbox: SqliteOutbox) -> None:
    a, b = queue(outbox, "A", "B")
    foreseen(outbox, Resolution.CANCEL, a)
    foreseen(outbox, Resolution.CANCEL, b)
    for number, status in ((2, [Status.CANCELLED, Status.QUEUED]), (1, [Status.QUEUED, Status.QUEUED])):
        found = undoable(outbox)
        assert found.decision.id == number
        undo(outbox, number, who="w", why="y")
        assert [task.status for task in outbox.tasks(Filter())] == status
    with pytest.raises(NotifykitError, match="there is no decision that could be undone"):
        undoable(outbox)


@pytest.mark.parametrize(("number", "said"), [(9, "there is no decision 9"), (1, "decision 1 was undone by 甲")])
def test_what_cannot_be_undone_is_an_error(outbox: SqliteOutbox, number: int, said: str) -> None:
    foreseen(outbox, Resolution.CANCEL, *queue(outbox, "A"))
    undo(outbox, 1, who="甲", why="y")
    with pytest.raises(NotifykitError, match=said):
        undo(outbox, number, who="w", why="y")


def test_where_nothing_can_be_put_back_each_reason_is_told(outbox: SqliteOutbox) -> None:
    made = queue(outbox, *map(str, range(13)))
    foreseen(outbox, Resolution.CANCEL, *made)
    foreseen(outbox, Resolution.RETRY, *made[:12])
    outbox.db.execute("UPDATE tasks SET metadata = '{broken' WHERE id = 13")
    with pytest.raises(NotifykitError) as caught:
        undoable(outbox, 1)
    assert str(caught.value).splitlines() == [
        "nothing of decision 1 can be undone",
        "tasks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more: decision 2 was made about it since",
        "task 13: another program had written into it, which is not written again",
        "nothing was changed",
    ]


def test_what_another_program_had_written_is_not_written_again(outbox: SqliteOutbox) -> None:
    (id_,) = queue(outbox, "A")
    outbox.db.execute("UPDATE tasks SET status = 'processing'")
    foreseen(outbox, Resolution.CANCEL, id_)
    with pytest.raises(NotifykitError, match="another program had written into it"):
        undoable(outbox)
