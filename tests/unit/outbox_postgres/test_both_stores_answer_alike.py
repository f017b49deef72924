"""The two stores are asked the same in the same order, and answer the same, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings
from postgres_store import open_postgres

from notifykit.clock import Clock
from notifykit.model import Attempt, Claim, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.decided import Decided, Undoing
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import Enqueued, Event, Exchanged, Filter, Finished
from notifykit.testing.outbox.machine import outbox_walk

Ids = Mapping[int, int]


class Both:
    """Asks both. Their ids differ where one leaves gaps: the n-th task of one is the n-th of the other."""

    def __init__(self, one: Outbox, other: Outbox) -> None:
        self._one = one
        self._other = other
        self._there: Ids = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            there = self._there
            answer = plain(getattr(self._one, name)(*arguments, **named))
            of_other = plain(getattr(self._other, name)(*(with_ids(one, there) for one in arguments), **named))
            back = self._ids(self._other, self._one)
            self._there = {one: other for other, one in back.items()}
            compare(name, answer, with_ids(of_other, back))
            compare(f"all after {name}", whole(self._one), with_ids(whole(self._other), back))
            return iter(answer) if name == "tasks" else answer

        return ask

    @staticmethod
    def _ids(here: Outbox, there: Outbox) -> Ids:
        found = ([task.id for task in store.tasks(Filter())] for store in (here, there))
        return dict(zip(*found, strict=True))

    def close(self) -> None:
        """Close both, after a last look at what they made of all that."""
        back = self._ids(self._other, self._one)
        compare("stories", stories(self._one), with_ids(stories(self._other), back))
        compare("figures", self._one.figures(), self._other.figures())
        self._one.close()
        self._other.close()


def with_ids(value: Any, ids: Ids) -> Any:
    """Return an argument or an answer with other ids of tasks."""
    match value:
        case Task():
            return replace(value, id=ids[value.id])
        case Claim():
            return replace(value, task=with_ids(value.task, ids))
        case Finished():
            return value._replace(claim=with_ids(value.claim, ids))
        case Exchanged():
            return value._replace(claims=with_ids(value.claims, ids))
        case Attempt() | Event():
            return replace(value, task_id=ids[value.task_id])
        case Enqueued():
            return value._replace(ids=with_ids(value.ids, ids))
        case Filter():
            return replace(value, ids=with_ids(value.ids, ids))
        case Decided():
            return value._replace(task=with_ids(value.task, ids))
        case Undoing():
            return value._replace(messages=with_ids(value.messages, ids))
        case tuple() if hasattr(value, "_fields"):  # figures and the like, which name no task
            return value
        case list() | tuple():
            return type(value)(ids[one] if type(one) is int else with_ids(one, ids) for one in value)
        case _:
            return value


def plain(answer: Any) -> Any:
    """Return an answer without what a store may choose."""
    if isinstance(answer, Exchanged):
        return answer._replace(claims=sorted(answer.claims, key=lambda one: one.task.id))
    if isinstance(answer, Enqueued):
        return answer._replace(ids=list(answer.ids))
    return list(answer) if isinstance(answer, Iterator) else answer


def whole(store: Outbox) -> list[Any]:
    """Return how a store stands."""
    return [*store.tasks(Filter()), store.pulse()]


def stories(store: Outbox) -> list[Any]:
    """Return all that was done to its tasks."""
    return [store.attempts(task.id) + store.events(task.id) for task in store.tasks(Filter())]


def compare(what: str, one: Any, other: Any) -> None:
    assert one == other, f"{what}:\n{one}\n{other}"


def open_both(folder: Path, clock: Clock) -> Outbox:
    both = Both(SqliteOutbox.open(folder / "outbox.db", clock=clock), open_postgres(folder, clock))
    return cast("Outbox", both)


TestBothWalk = pytest.mark.long(outbox_walk(open_both).TestCase)
TestBothWalk.settings = settings(max_examples=10, stateful_step_count=30)  # two stores, looked at after each step
