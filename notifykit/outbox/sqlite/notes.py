"""What the host keeps for itself in the SQLite outbox."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.outbox.sqlite.database import Database

# `notes`: those of a topic.
_NOTES = "SELECT name, note FROM notes WHERE topic = ? ORDER BY name"

# `keep_note`: in the place of an earlier one.
_KEEP = "INSERT OR REPLACE INTO notes (topic, name, note) VALUES (?, ?, ?)"

# `keep_note`: there is none any more.
_DROP = "DELETE FROM notes WHERE topic = ? AND name = ?"


def notes(db: Database, topic: str) -> Mapping[str, str]:
    """Return the notes of a topic, by name."""
    return dict(db.all(_NOTES, (topic,)))


def keep_note(db: Database, topic: str, name: str, note: str | None) -> None:
    """Keep a note; None: there is none any more."""
    with db.transaction():
        if note is None:
            db.execute(_DROP, (topic, name))
        else:
            db.execute(_KEEP, (topic, name, note))
