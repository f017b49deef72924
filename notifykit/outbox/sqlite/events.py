"""What was done to tasks other than attempts, each with who did it and why."""

from __future__ import annotations

from collections.abc import Iterable

from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import Event

# `record`, `record_all`, `record_alike`: an event of a task.
_RECORD = "INSERT INTO events (at, task_id, kind, who, detail) VALUES (?, ?, ?, ?, ?)"

# `of_task`: the events of a task, as they happened.
_OF_TASK = "SELECT at, task_id, kind, who, detail FROM events WHERE task_id = ? ORDER BY id"


def record(db: Database, task_id: int, kind: str, who: str, detail: str, *, at: float | None = None) -> None:
    """Record something that was done to a task; `at`: when, in UTC seconds, if not now."""
    db.execute(_RECORD, (db.clock.now() if at is None else at, task_id, kind, who, detail))


def record_all(db: Database, events: Iterable[Event]) -> None:
    """Record many events."""
    db.executemany(_RECORD, ((event.at, event.task_id, event.kind, event.who, event.detail) for event in events))


def record_alike(db: Database, tasks: Iterable[tuple[int, str]], kind: str, who: str, *, at: float) -> None:
    """Record that the same was done to many tasks at one time: ids, each with its detail."""
    db.executemany(_RECORD, ((at, id_, kind, who, detail) for id_, detail in tasks))


def of_task(db: Database, task_id: int) -> list[Event]:
    """Return the events of a task, in the order in which they were recorded."""
    found = db.all(_OF_TASK, (task_id,))
    return [Event(at=at, task_id=id_, kind=kind, who=who, detail=detail) for at, id_, kind, who, detail in found]
