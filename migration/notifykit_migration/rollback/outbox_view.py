"""The outbox as a rollback finds it: every task, and what of it the old scheduler must not be given."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from notifykit.model import Status
from notifykit.outbox.sqlite.rows import status as status_shown
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.wording import Reason
from notifykit_migration.legacy.old_rule import PENDING
from notifykit_migration.model import Hold
from notifykit_migration.rollback.translate import TaskView
from notifykit_migration.wording import WORDING, way_back


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All tasks that campaigns own."""

    tasks: Mapping[str, Mapping[str, list[TaskView]]]
    """Campaign to key to its tasks, in id order."""
    others: int
    """Rows that no campaign owns."""
    newest_other: int
    """The highest id of those."""
    pending_others: Mapping[str, int]
    """Recipient to how many of those the old program will send."""
    sequence: int | None
    """The highest id ever given."""
    busy: int
    """Messages that are being sent, as far as it is not proven that their worker has ended."""


def look(connection: sqlite3.Connection, *, types: Collection[str], ended: Callable[[str], bool]) -> View:
    """Read the outbox. `types`: the task types that the old scheduler knows how to send. `ended`: of a worker."""
    stored = StoredOutbox(connection)
    doubted = {id_: _doubt(verdict, code) for id_, verdict, code in stored.perhaps_accepted()}
    tasks: dict[str, dict[str, list[TaskView]]] = {}
    names: dict[str, str] = {}
    for task in stored.tasks_in_brief():
        doubt = None
        if task.status == Status.QUEUED:
            doubt = doubted.get(task.id)
            if doubt is None and task.task_type not in types:
                doubt = way_back.UNKNOWN_TYPE(task_type=task.task_type)
        # Of a message's few names there would be one for each task.
        seen = TaskView(task.id, names.setdefault(task.name, task.name), task.round, status_shown(task.status), doubt)
        by_key = tasks.setdefault(task.campaign, {})
        if (others := by_key.get(task.key)) is None:
            by_key[sys.intern(task.key)] = [seen]
        else:
            others.append(seen)
    foreign, newest = stored.foreign_span()
    sequence = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone()
    return View(
        tasks=tasks,
        others=foreign,
        newest_other=newest,
        pending_others=Counter(row.recipient for row in stored.foreign_rows(status=PENDING)),
        sequence=int(sequence[0]) if sequence else None,
        busy=sum(count for worker, count in stored.on_the_wire() if not ended(worker)),
    )


def holds(connection: sqlite3.Connection, held: Iterable[TaskView]) -> list[Hold]:
    """Describe these tasks for the person who decides about them."""
    found = []
    stored = StoredOutbox(connection)
    for seen in held:
        task = stored.task(seen.id)
        found.append(
            Hold(
                campaign=task.campaign,
                key=task.key,
                message=task.name,
                recipient=task.recipient,
                text=task.text,
                status=task.status.value,
                why=seen.doubt or _why(task.status, task.reason),
                task=task.id,
                metadata=task.metadata,
            )
        )
    return found


def _doubt(verdict: str, code: str) -> Reason:
    if verdict == "accepted":
        return way_back.ACCEPTED_LATER()
    return way_back.PERHAPS_ACCEPTED_CODE(result=code) if code else way_back.PERHAPS_ACCEPTED()


def _why(status: Status, reason: Reason | None) -> Reason:
    if status is Status.SENDING:
        return way_back.BEING_SENT()
    return WORDING.known(reason) if reason else way_back.UNEXPLAINED(status=status.value)
