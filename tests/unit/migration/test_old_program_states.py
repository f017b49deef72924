"""docs/states.md tells what the old program does to tasks of a migrated store, by itself and under the shim."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import plans
from notifykit_compat.tasks import _MOVES
from notifykit_migration.store import fence

from notifykit.model import Draft, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.testing.outbox.steps import finish, take

PAGE = Path(__file__).parents[3] / "docs" / "states.md"

NEW = "–"

Change = tuple[str, str, str]
"""From, to, operation."""

DRAFT = Draft(campaign="c", key="k", name="n", recipient="r", text="t", channel="ch", task_type="x")

ENDS = {Status.SENT: Outcome.accepted(), Status.FAILED: Outcome.rejected("no"), Status.IN_DOUBT: Outcome.unknown("?")}


def put(outbox: SqliteOutbox, status: Status) -> None:
    """Bring task 1 into a status."""
    if status is Status.PENDING:
        outbox.db.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('of nobody', 'r', 't')")
        return
    outbox.enqueue([DRAFT])
    if status is Status.FOREIGN:
        outbox.db.execute("UPDATE tasks SET status = 'processing'")  # as a third program does
        return
    if status is Status.CANCELLED:
        outbox.decide([1], status, who="p", why="y", of=[Status.QUEUED])
    elif status is not Status.QUEUED:
        (claim,) = take(outbox, "w", 1, {"ch": ChannelBounds()}, 60)
        if status is not Status.SENDING:
            then = Status.SENT if status is Status.COMPLETED else status
            finish(outbox, claim, ENDS[then], Transition(status=then))
    if status is Status.COMPLETED:
        outbox.complete([1])


def report(outbox: SqliteOutbox) -> None:
    with closing(sqlite3.connect(outbox.db.path)) as old, old:
        old.execute("UPDATE tasks SET status = 'completed' WHERE id = 1 AND campaign IS NOT NULL")


def insert(outbox: SqliteOutbox) -> None:
    with closing(sqlite3.connect(outbox.db.path)) as old, suppress(sqlite3.IntegrityError), old:
        old.execute("INSERT INTO tasks (task_type, recipient, message) VALUES ('report', 'r', 't')")


def update_task(word: str, outbox: SqliteOutbox) -> None:
    to, of = _MOVES[word]
    outbox.decide([1], to, who="legacy", why="update_task", of=of)


OPERATIONS: dict[str, Callable[[SqliteOutbox], None]] = {
    "insert": insert,
    "report": report,
    **{f"update_task {word}": partial(update_task, word) for word in _MOVES},
}


def happened(folder: Path) -> Iterator[Change]:
    """Try every operation on a task in every status, in a store with a fence that takes other programs' messages."""
    for operation, do in OPERATIONS.items():
        for status in Status:
            with SqliteOutbox.open(folder / f"{operation}-{status}.db") as outbox:
                with outbox.transaction():
                    fence.install(outbox.db, plans.plan(), others={"report": "ch"})
                put(outbox, status)
                do(outbox)
                for task in outbox.tasks(Filter()):
                    before = status if task.id == 1 else NEW
                    if before != task.status:
                        yield str(before), str(task.status), operation


def test_the_page_tells_what_the_old_program_can_do_and_no_more(tmp_path: Path) -> None:
    (section,) = re.findall(r"^## Rows of an old program\n(.*?)^## ", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = re.findall(r"^\| (?:`(\w+)`|–) \| `(\w+)` \| `([^`]+)` \|", section, re.MULTILINE)
    told = [(before or NEW, after, operation) for before, after, operation in found]
    assert sorted(told) == sorted(set(happened(tmp_path)))
