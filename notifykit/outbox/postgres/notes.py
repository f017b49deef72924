"""What the host keeps for itself in the PostgreSQL outbox."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database

# `notes`: those of a topic.
_NOTES = "SELECT name, note FROM outbox.notes WHERE topic = %s ORDER BY name"

# `keep_note`: in the place of an earlier one.
_KEEP = """
INSERT INTO outbox.notes (topic, name, note) VALUES (%s, %s, %s)
ON CONFLICT (topic, name) DO UPDATE SET note = excluded.note
"""

# `keep_note`: there is none any more.
_DROP = "DELETE FROM outbox.notes WHERE topic = %s AND name = %s"


def notes(db: Database, topic: str) -> Mapping[str, str]:
    """Return the notes of a topic, by name."""
    return dict(db.all(_NOTES, (topic,)))


def keep_note(db: Database, topic: str, name: str, note: str | None) -> None:
    """Keep a note; None: there is none any more."""
    with db.transaction():
        if note is None:
            db.execute(_DROP, (topic, rows.clean(name)))
        else:
            db.execute(_KEEP, (topic, rows.clean(name), rows.clean(note)))
