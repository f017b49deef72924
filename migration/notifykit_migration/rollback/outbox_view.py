"""The outbox as a rollback finds it: every task, and what of it the old scheduler must not be given."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from notifykit.model import Status
from notifykit.outbox.sqlite import rows
from notifykit.wording import Reason
from notifykit_migration.model import Hold
from notifykit_migration.rollback.translate import TaskView
from notifykit_migration.wording import WORDING, way_back

_TASKS = """
SELECT id, campaign, record_key, message_name, round, status, task_type FROM tasks
 WHERE campaign IS NOT NULL ORDER BY id
"""

# What a person put back after it was in doubt is meant to go out. An acceptance that became known later is not.
_DOUBTED = """
SELECT DISTINCT task_id, verdict, coalesce(code, '') FROM attempts JOIN tasks ON tasks.id = task_id
 WHERE tasks.status = 'queued' AND (verdict = 'accepted' OR (verdict = 'unknown' AND NOT EXISTS (
       SELECT 1 FROM events WHERE events.task_id = attempts.task_id AND kind = 'retried' AND at >= finished_at)))
"""

_SENDING = "SELECT worker, count(*) FROM tasks WHERE status = 'sending' GROUP BY worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All tasks that campaigns own."""

    tasks: Mapping[str, Mapping[str, list[TaskView]]]
    """Campaign to key to its tasks, in id order."""
    others: int
    """Rows that no campaign owns."""
    newest_other: int
    """The highest id of those."""
    sequence: int | None
    """The highest id ever given."""
    busy: int
    """Messages that are being sent, as far as it is not proven that their worker has ended."""


def look(connection: sqlite3.Connection, *, types: Collection[str], ended: Callable[[str], bool]) -> View:
    """Read the outbox. `types`: the task types that the old scheduler knows how to send. `ended`: of a worker."""
    doubted = {id_: _doubt(verdict, code) for id_, verdict, code in connection.execute(_DOUBTED)}
    tasks: dict[str, dict[str, list[TaskView]]] = {}
    names: dict[str, str] = {}
    for id_, campaign, key, message, round_, status, task_type in connection.execute(_TASKS):
        doubt = None
        if status == Status.QUEUED:
            doubt = doubted.get(id_)
            if doubt is None and task_type not in types:
                doubt = way_back.UNKNOWN_TYPE(task_type=task_type)
        # Of a message's few names there would be one for each task.
        seen = TaskView(id_, names.setdefault(message, message), round_, Status(status), doubt)
        tasks.setdefault(campaign, {}).setdefault(key, []).append(seen)
    others, newest = connection.execute("SELECT count(*), max(id) FROM tasks WHERE campaign IS NULL").fetchone()
    sequence = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone()
    return View(
        tasks=tasks,
        others=others,
        newest_other=newest or 0,
        sequence=int(sequence[0]) if sequence else None,
        busy=sum(count for worker, count in connection.execute(_SENDING) if not ended(worker)),
    )


def holds(connection: sqlite3.Connection, held: Iterable[TaskView]) -> list[Hold]:
    """Describe these tasks for the person who decides about them."""
    found = []
    for seen in held:
        row = connection.execute(
            f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE id = ?", (seen.id,)
        ).fetchone()
        task = rows.task(row)
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


def _why(status: Status, reason: str | None) -> Reason:
    if status is Status.SENDING:
        return way_back.BEING_SENT()
    return WORDING.known(Reason(reason)) if reason else way_back.UNEXPLAINED(status=status.value)
