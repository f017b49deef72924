"""What was done to tasks other than attempts, each with who did it and why."""

from __future__ import annotations

from collections.abc import Iterable

from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.values import Event

# `record`: events of tasks, in order.
_RECORD = """
INSERT INTO outbox.events (at, task_id, kind, who, detail)
SELECT at, task_id, kind, who, detail
  FROM json_to_recordset(%s::json) AS new (place integer, at double precision, task_id bigint, kind text, who text,
                                           detail text)
 ORDER BY place
"""

# `of_task`: the events of a task, as they happened.
_OF_TASK = "SELECT at, task_id, kind, who, detail FROM outbox.events WHERE task_id = %s ORDER BY id"


def record(db: Database, events: Iterable[Event]) -> None:
    """Record what was done to tasks."""
    new = [
        {
            "place": place,
            "at": event.at,
            "task_id": event.task_id,
            "kind": event.kind,
            "who": rows.clean(event.who),
            "detail": rows.clean(event.detail),
        }
        for place, event in enumerate(events)
    ]
    if new:
        db.execute(_RECORD, (rows.many(new),))


def of_task(db: Database, task_id: int) -> list[Event]:
    """Return the events of a task, in the order in which they were recorded."""
    found = db.all(_OF_TASK, (task_id,))
    return [Event(at=at, task_id=id_, kind=kind, who=who, detail=detail) for at, id_, kind, who, detail in found]
