"""What a careful person writes by hand: plain sqlite3 on the very tables and indexes that notifykit uses.

WAL and `synchronous=FULL`, as notifykit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.world import Text
from notifykit.clock import SystemClock
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import prepare

NOW = 1_754_000_000.0
LOCAL = "2025-08-01 09:00:00"
CHANNEL = "robot"

_COLUMNS = (
    "task_type, recipient, message, status, created_at, updated_at, metadata, campaign, record_key, message_name,"
    " round, channel, ordered, attempts, tries, queued_at, not_before, due_at"
)
_INSERT = f"INSERT INTO tasks ({_COLUMNS}) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, 1, ?, 0, 0, 0, ?, 0, ?)"
_OFFER = _INSERT + " ON CONFLICT DO NOTHING"

Row = tuple[str | float, ...]
Send = Callable[[str, str], object]


def connect(path: Path) -> sqlite3.Connection:
    """Make the product's schema, then open it without the product."""
    database = Database(path, SystemClock())
    try:
        prepare(database, create=True)
    finally:
        database.close()
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def row_of(text: Text) -> Row:
    """A row of the table. Recipients are not kept in order, so every row is due at once, and none waits for a time."""
    metadata = json.dumps({"contract_id": text.key, "csv_file": "contracts.csv", "created_by": "contract_notification"})
    return (
        "send_wecom_message",
        text.recipient,
        text.text,
        LOCAL,
        LOCAL,
        metadata,
        "bench",
        text.key,
        text.name,
        CHANNEL,
        NOW,
        NOW,
    )


def insert_in_bulk(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """All rows in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_INSERT, rows)
    connection.execute("COMMIT")


def offer_again(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Offer rows that are all there: the unique index refuses each."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_OFFER, rows)
    connection.execute("COMMIT")


def dispatch_with_two_commits(connection: sqlite3.Connection, send: Send) -> int:
    """Take the next, mark it durably, send, mark it durably: one at a time, until none waits."""
    execute = connection.execute
    done = 0
    while True:
        execute("BEGIN IMMEDIATE")
        row = execute(
            "SELECT id, recipient, message FROM tasks WHERE status = 'queued' AND channel = ?"
            " AND due_at IS NOT NULL ORDER BY due_at LIMIT 1",
            (CHANNEL,),
        ).fetchone()
        if row is None:
            execute("COMMIT")
            return done
        execute("UPDATE tasks SET status = 'sending' WHERE id = ?", (row[0],))
        execute("COMMIT")
        send(row[1], row[2])
        execute("UPDATE tasks SET status = 'sent', updated_at = ? WHERE id = ?", (LOCAL, row[0]))
        done += 1


def dispatch_in_batches(connection: sqlite3.Connection, send: Send, size: int) -> int:
    """Mark what was sent and take the next ones in one commit, then send these, until none waits."""
    execute = connection.execute
    sent: list[tuple[str, int]] = []
    done = 0
    while True:
        execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE tasks SET status = 'sent', updated_at = ? WHERE id = ?", sent)
        rows = execute(
            "SELECT id, recipient, message FROM tasks WHERE status = 'queued' AND channel = ?"
            " AND due_at IS NOT NULL ORDER BY due_at LIMIT ?",
            (CHANNEL, size),
        ).fetchall()
        connection.executemany("UPDATE tasks SET status = 'sending' WHERE id = ?", [row[:1] for row in rows])
        execute("COMMIT")
        done += len(sent)
        if not rows:
            return done
        for _, recipient, text in rows:
            send(recipient, text)
        sent = [(LOCAL, row[0]) for row in rows]


def statuses(connection: sqlite3.Connection) -> dict[str, int]:
    """Count the rows by status."""
    return dict(connection.execute("SELECT status, COUNT(*) FROM tasks GROUP BY status"))


def rows_of(texts: Iterable[Text]) -> list[Row]:
    """Rows for all of these."""
    return [row_of(text) for text in texts]
