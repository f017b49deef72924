"""Puts what an archived outbox knew back into a store that is migrated again: attempts, events, counts, tasks."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from notifykit.outbox.sqlite import lanes
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS

_HERE = """
SELECT id, campaign, record_key, message_name, round, recipient, message FROM tasks WHERE campaign IS NOT NULL
"""

_ATTEMPT = "INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_EVENT = """
INSERT INTO events (at, task_id, kind, who, detail) SELECT :at, :id, :kind, :who, :detail
 WHERE NOT EXISTS (SELECT 1 FROM events WHERE task_id = :id AND at = :at AND kind = :kind AND who = :who
                                          AND detail = :detail)
"""

_MADE = """
UPDATE tasks SET attempts = max(coalesce(attempts, 0), :attempts), queued_at = coalesce(:queued_at, queued_at),
                 sent_at = CASE WHEN status IN ('sent', 'completed') THEN coalesce(:sent_at, sent_at) END,
                 completed_at = CASE WHEN status = 'completed' THEN coalesce(:completed_at, completed_at) END
 WHERE id = :id
"""

_PREVENTED = """
INSERT INTO campaigns (campaign, duplicates_prevented) VALUES (?, ?)
ON CONFLICT (campaign) DO UPDATE SET duplicates_prevented = max(duplicates_prevented, excluded.duplicates_prevented)
"""


def restore(archived: sqlite3.Connection, removed: Collection[int], db: Database) -> None:
    """Restore the attempts and events of each task that the archive knows, and the count of each campaign.

    For use inside a transaction. May be done twice.
    """
    with db.transaction():
        after = _renamed(archived, removed, db)
        for before in archived.execute("SELECT * FROM attempts ORDER BY task_id, number"):
            if (id_ := after.get(before[0])) is not None:
                db.execute(_ATTEMPT, (id_, *before[1:]))
        for at, before_id, kind, who, detail in archived.execute(
            "SELECT at, task_id, kind, who, detail FROM events ORDER BY id"
        ):
            if (id_ := after.get(before_id)) is not None:
                db.execute(_EVENT, {"at": at, "id": id_, "kind": kind, "who": who, "detail": detail})
        for before_id, attempts, queued_at, sent_at, completed_at in archived.execute(
            "SELECT id, attempts, queued_at, sent_at, completed_at FROM tasks WHERE campaign IS NOT NULL"
        ):
            if (id_ := after.get(before_id)) is not None:
                db.execute(
                    _MADE,
                    {
                        "id": id_,
                        "attempts": attempts or 0,
                        "queued_at": queued_at,
                        "sent_at": sent_at,
                        "completed_at": completed_at,
                    },
                )
        db.executemany(_PREVENTED, archived.execute("SELECT campaign, duplicates_prevented FROM campaigns").fetchall())


def _renamed(archived: sqlite3.Connection, removed: Collection[int], db: Database) -> Mapping[int, int]:
    """Return the ids that the archived tasks have now.

    A row that stayed in the table is the same where id, recipient and text are; one that did not is found by what
    it is about.
    """
    rows: dict[int, int] = {}
    tasks: dict[tuple[Any, ...], int] = {}
    for id_, campaign, key, message, round_, recipient, text in db.execute(_HERE):
        rows[id_] = hash((recipient, text))
        tasks[campaign, key, message, round_] = id_
    after: dict[int, int] = {}
    for id_, campaign, key, message, round_, recipient, text in archived.execute(_HERE):
        if id_ in removed:
            if (now := tasks.get((campaign, key, message, round_))) is not None:
                after[id_] = now
        elif rows.get(id_) == hash((recipient, text)):
            after[id_] = id_
    return after


def restore_others(
    archived: sqlite3.Connection, removed: Collection[int], db: Database, migrated: Collection[str]
) -> int:
    """Put the tasks of campaigns back that no plan decides about: those without old state, and those that keep it.

    What stayed in the table as completed is known again, under its id; what did not is queued, held or cancelled as
    it was. Pending rows stay the old scheduler's. Returns how many. For use inside a transaction. May be done twice.
    """
    added = [name for _, name, *_ in archived.execute("PRAGMA table_info(tasks)")][len(LEGACY_COLUMNS) :]
    count = 0
    with db.transaction():
        last = db.one("SELECT coalesce(max(id), 0) FROM tasks")[0]
        for row in _others(archived, migrated):
            if row["id"] in removed:
                count += _put(db, row, added)
            else:
                count += _know(db, row, added)
        lanes.place_new(db, last)
    return count


def _others(archived: sqlite3.Connection, migrated: Collection[str]) -> Iterator[dict[str, Any]]:
    cursor = archived.execute("SELECT * FROM tasks WHERE campaign IS NOT NULL ORDER BY id")
    names = [column[0] for column in cursor.description]
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        if row["campaign"] not in migrated:
            yield row


def _put(db: Database, row: dict[str, Any], added: list[str]) -> int:
    """Make a task anew. Nobody knows what came of one that was being sent."""
    status = "in_doubt" if row["status"] == "sending" else row["status"]
    values = {**row, "status": status, "due_at": None, "worker": None, "lease": None}
    columns = [*LEGACY_COLUMNS[1:], *added]
    marks = ", ".join(f":{name}" for name in columns)
    return db.execute(
        f"INSERT INTO tasks ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING", values
    ).rowcount


def _know(db: Database, row: dict[str, Any], added: list[str]) -> int:
    """Recognize a completed row; where its flag was still owed, it is owed again."""
    settings = ", ".join(f"{name} = :{name}" for name in added)
    status = "sent" if row["status"] == "sent" else "completed"
    return db.execute(
        f"UPDATE tasks SET {settings}, status = :status WHERE id = :id AND campaign IS NULL AND status = 'completed'"
        " AND recipient = :recipient AND message = :message",
        {**row, "status": status},
    ).rowcount
