"""The whole job as a script that knows only this one campaign and does everything in batches.

It reads the file, renders with f-strings, inserts in one transaction, sends, records results in batches and
writes the file once. Nothing marks a message before it is sent, unless asked for: after a kill, up to a batch
may go out twice.
"""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

from benchmarks import world
from benchmarks.rivals.raw_sqlite import LOCAL, Send, connect, insert_in_bulk, row_of


def run(contracts: Path, store: Path, send: Send, batch: int, *, mark: bool = False) -> int:
    """Do the whole job; returns how many messages were sent.

    `mark` records each batch as `sending`, in a commit of its own, before it is sent.
    """
    with contracts.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    due = [row for row in rows if row[world.FLAG] == "N"]
    connection = connect(store)
    try:
        insert_in_bulk(connection, [row_of(text) for row in due for text in world.messages(row)])
        sent = _send_all(connection, send, batch, mark)
    finally:
        connection.close()
    for row in due:
        row[world.FLAG] = "Y"
    with contracts.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return sent


def _send_all(connection: sqlite3.Connection, send: Send, batch: int, mark: bool) -> int:
    sent = 0
    last = 0
    while True:
        tasks = connection.execute(
            "SELECT id, recipient, message FROM tasks WHERE id > ? AND status = 'queued' ORDER BY id LIMIT ?",
            (last, batch),
        ).fetchall()
        if not tasks:
            return sent
        last = tasks[-1][0]
        ids = [(task[0],) for task in tasks]
        if mark:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE tasks SET status = 'sending' WHERE id = ?", ids)
            connection.execute("COMMIT")
        for _, recipient, text in tasks:
            send(recipient, text)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"UPDATE tasks SET status = 'completed', updated_at = '{LOCAL}' WHERE id = ?", ids)
        connection.execute("COMMIT")
        sent += len(tasks)
