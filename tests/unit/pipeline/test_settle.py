from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, cast

import pytest

from notifykit.model import Outcome, Owed, Record, Status, Table, Task, Verdict
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.pipeline.generate import generate
from notifykit.pipeline.settle import settle
from notifykit.roles import WriteBack
from notifykit.secrets import Secret
from notifykit.testing.outbox.steps import finish as finished
from notifykit.testing.outbox.steps import take
from notifykit.wording import Reason
from notifykit.wording.host import CELLS_UNREADABLE, WRITE_BACK_FAILED


def fill(world: Any, *keys: str) -> None:
    table = Table("list", {"id": 0, "flag": 1, "text": 2})
    world.rows(*(Record(key, [key, "N", "award"], table, number) for number, key in enumerate(keys, 2)))
    generate(world.campaign, world.outbox)


def finish(world: Any, **status_of: Status) -> None:
    while claims := take(world.outbox, "w", 9, {"ch": ChannelBounds()}, 60):
        for claim in claims:
            then = status_of.get(f"{claim.task.key}_{claim.task.name}", Status.SENT)
            finished(world.outbox, claim, Outcome.accepted(), Transition(status=then))


@pytest.mark.parametrize("blocking", [Status.FAILED, Status.IN_DOUBT])
def test_a_record_is_flagged_only_when_all_of_its_messages_are_sent(world: Any, blocking: Status) -> None:
    fill(world, "a", "b")
    finish(world, a_award=blocking)
    done = settle(world.campaign, world.outbox)
    assert (done.completed, world.strategy.written) == (2, ["b", "b"])
    (stuck,) = world.outbox.tasks(Filter(statuses=(blocking,)))
    world.outbox.decide([stuck.id], Status.CANCELLED, who="me", why="not wanted", of=[blocking])
    settle(world.campaign, world.outbox)
    assert world.strategy.written == ["b", "b", "a"]
    assert settle(world.campaign, world.outbox).completed == 0


def test_what_is_refused_stays_sent_with_the_reason(world: Any) -> None:
    fill(world, "a", "b")
    finish(world)
    world.strategy.refuse = "a"
    done = settle(world.campaign, world.outbox)
    assert (done.completed, done.refused) == (2, {Reason("locked"): 2})
    assert {(task.key, str(task.reason)) for task in world.outbox.tasks(Filter(statuses=(Status.SENT,)))} == {
        ("a", "locked")
    }
    world.strategy.refuse = ""
    assert settle(world.campaign, world.outbox).completed == 2


def test_a_strategy_that_cannot_write_at_all_refuses_everything(world: Any) -> None:
    fill(world, "a")
    finish(world)
    world.strategy.broken = "x.csv: gone"
    done = settle(world.campaign, world.outbox)
    assert (done.completed, done.refused) == (0, {WRITE_BACK_FAILED(error="x.csv: gone"): 2})


SILENT = "write_back() of FlagStrategy did not say what became of it; its author must mend that"
NO_ANSWER = "write_back() of FlagStrategy returned a NoneType, not a WriteBack; its author must mend that"


@pytest.mark.parametrize(
    ("answer", "completed", "refused"),
    [
        (lambda ids: None, [], {NO_ANSWER: 2}),
        (lambda ids: WriteBack(done=frozenset(ids[:1])), [0], {SILENT: 1}),
        (lambda ids: WriteBack(done=frozenset(ids), refused={ids[1]: "locked"}), [0], {"locked": 1}),
        (lambda ids: WriteBack(done=frozenset({*ids, 10_000}), refused={20_000: "x"}), [0, 1], {}),
        (lambda ids: WriteBack(done=cast("Any", [*ids, *ids])), [0, 1], {}),
    ],
)
def test_a_write_back_counts_for_what_was_given_once_each_and_nothing_is_left_out(
    world: Any, monkeypatch: pytest.MonkeyPatch, answer: Any, completed: list[int], refused: dict[str, int]
) -> None:
    fill(world, "a")
    finish(world)
    ids = [task.id for task in world.outbox.tasks(Filter())]
    monkeypatch.setattr(type(world.strategy), "write_back", lambda self, tasks: answer(ids))
    done = settle(world.campaign, world.outbox)
    told = {str(reason): number for reason, number in done.refused.items()}
    assert (done.completed, told) == (len(completed), refused)
    found = [task.id for task in world.outbox.tasks(Filter(statuses=(Status.COMPLETED,)))]
    assert found == [ids[at] for at in completed]


def test_a_write_back_of_other_tasks_completes_none_of_them(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world, "a", "b")
    finish(world, b_award=Status.FAILED)
    everything = frozenset(task.id for task in world.outbox.tasks(Filter()))
    monkeypatch.setattr(type(world.strategy), "write_back", lambda self, tasks: WriteBack(done=everything))
    assert settle(world.campaign, world.outbox).completed == 2
    assert {task.key for task in world.outbox.tasks(Filter(statuses=(Status.COMPLETED,)))} == {"a"}


def test_what_a_strategy_says_is_kept_without_credentials(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Secret("T0KEN-abcdef")
    fill(world, "a")
    finish(world)
    why = WRITE_BACK_FAILED(error="put https://me:pass@host/T0KEN-abcdef refused")

    def refuse(tasks: list[Task]) -> WriteBack:
        return WriteBack(refused=dict.fromkeys((task.id for task in tasks), why))

    monkeypatch.setattr(world.strategy, "write_back", refuse)
    settle(world.campaign, world.outbox)
    (reason,) = {task.reason for task in world.outbox.tasks(Filter())}
    assert reason == WRITE_BACK_FAILED(error="put https://***@host/*** refused")


def test_a_reason_with_a_code_keeps_it(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world, "a")
    finish(world)
    locked = Reason("the file x.csv is locked", "file_locked", ("file",), ("x.csv",))
    refused = {task.id: locked for task in world.outbox.tasks(Filter())}
    monkeypatch.setattr(type(world.strategy), "write_back", lambda self, tasks: WriteBack(refused=refused))
    assert settle(world.campaign, world.outbox).refused == {locked: 2}
    assert {task.reason for task in world.outbox.tasks(Filter())} == {locked}


def cancelled(world: Any) -> int:
    """Have a record of which one message was sent and the other cancelled; returns that decision."""
    fill(world, "a")
    (_, award) = world.outbox.tasks(Filter())
    world.outbox.decide([award.id], Status.CANCELLED, who="me", why="not wanted", of=[Status.QUEUED])
    finish(world)
    (decision,) = world.outbox.decisions()
    assert isinstance(decision.id, int)
    return decision.id


def statuses(world: Any) -> list[str]:
    return [task.status.value for task in world.outbox.tasks(Filter())]


def test_a_decision_is_not_undone_while_it_lets_a_flag_be_written(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = cancelled(world)
    told: list[str] = []

    def write_back(tasks: list[Task]) -> WriteBack:
        undone = world.outbox.undo(decision, who="me", why="wanted after all")
        told.extend(str(one.kept and one.kept.code) for one in undone.messages)
        return WriteBack(done=frozenset(task.id for task in tasks))

    monkeypatch.setattr(world.strategy, "write_back", write_back)
    settle(world.campaign, world.outbox)
    assert (told, statuses(world)) == (["undo_settling"], ["completed", "cancelled"])
    assert not world.outbox.undoing(decision).possible


def test_where_settle_was_killed_the_next_one_comes_first(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(Exception):
        pass

    def write_back(tasks: list[Task]) -> WriteBack:
        raise KilledError

    decision = cancelled(world)
    with monkeypatch.context() as patch:
        patch.setattr(world.strategy, "write_back", write_back)
        with pytest.raises(KilledError):
            settle(world.campaign, world.outbox)
    (one,) = world.outbox.undoing(decision).messages
    assert one.kept.code == "undo_settling"
    world.strategy.refuse = "a"
    assert settle(world.campaign, world.outbox).completed == 0
    world.outbox.undo(decision, who="me", why="wanted after all")
    assert statuses(world) == ["sent", "queued"]
    world.strategy.refuse = ""
    assert settle(world.campaign, world.outbox).completed == 0


def test_a_strategy_that_needs_no_whole_tasks_gets_what_it_needs(world: Any) -> None:
    class Brief(type(world.strategy)):  # type: ignore[misc]
        needs_whole_tasks = False

        def write_back(self, tasks: Sequence[Any]) -> WriteBack:
            assert all(isinstance(task, Owed) for task in tasks)
            return cast("WriteBack", super().write_back(tasks))

    world.campaign = replace(world.campaign, strategy=Brief(refuse="a"))
    fill(world, "a", "b", "c")
    finish(world)
    with closing(sqlite3.connect(world.outbox.db.path)) as other, other:
        other.execute("UPDATE tasks SET metadata = '{broken' WHERE record_key = 'c'")
    done = settle(world.campaign, world.outbox)
    damaged = CELLS_UNREADABLE(columns="metadata")
    assert (done.completed, done.refused) == (2, {Reason("locked"): 2, damaged: 2})
    assert world.campaign.strategy.written == ["b", "b"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_strategy_that_asks_sees_what_came_of_each_task(
    world: Any, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    seen: list[Any] = []
    kind = type(world.strategy)

    def write_back(self: Any, tasks: Sequence[Task]) -> WriteBack:
        seen.extend(task.outcome for task in tasks)
        return WriteBack(done=frozenset(task.id for task in tasks))

    monkeypatch.setattr(kind, "write_back", write_back)
    monkeypatch.setattr(kind, "needs_whole_tasks", whole)
    fill(world, "a")
    for claim in take(world.outbox, "w", 9, {"ch": ChannelBounds()}, 60):
        outcome = Outcome.accepted(vendor_id=f"v-{claim.task.name}", undelivered=("x@y", "z"))
        finished(world.outbox, claim, outcome, Transition(status=Status.SENT))
    finish(world)
    settle(world.campaign, world.outbox)
    assert seen == [None, None], "it did not ask"
    world.outbox.reopen_write_back("c", ["a"])
    seen.clear()
    monkeypatch.setattr(kind, "needs_outcomes", True)
    settle(world.campaign, world.outbox)
    first = seen[0]
    assert (first.verdict, first.vendor_id, first.undelivered) == (Verdict.ACCEPTED, "v-group", ("x@y", "z"))
    assert first.sent_at is not None
    assert [outcome is None for outcome in seen] == [False, False]
