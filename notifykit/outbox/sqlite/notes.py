"""Keeps what the host notes for itself in the SQLite outbox. It is read in `looking`, as `status` does."""

from __future__ import annotations

from notifykit.outbox.sqlite.database import Database

# `keep_note`: in the place of an earlier one.
_KEEP = "INSERT OR REPLACE INTO notes (topic, name, note) VALUES (?, ?, ?)"

# `keep_note`: there is none any more.
_DROP = "DELETE FROM notes WHERE topic = ? AND name = ?"


def keep_note(db: Database, topic: str, name: str, note: str | None) -> None:
    """Keep a note; None: there is none any more."""
    with db.transaction():
        if note is None:
            db.execute(_DROP, (topic, name))
        else:
            db.execute(_KEEP, (topic, name, note))
