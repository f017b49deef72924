"""Counts finished attempts for monitors, in the SQLite outbox."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.totals import SEQUENCE, Total, Totals, counted, raised

# `totals`: all of them.
_TOTALS = "SELECT name, campaign, channel, detail, value FROM totals"

# `roll_up`: the attempts that wait to be counted longest, and whether each is the second of its message that was or may
# have been accepted.
_UNCOUNTED = f"""
SELECT waiting.id, campaign, attempts.channel, verdict, code, call_seconds,
       CASE WHEN queued_at {rows.IS_TIME} THEN finished_at - queued_at END,
       attempts.number > 1 AND verdict IN ('accepted', 'unknown')
       AND (SELECT count(*) FROM attempts AS earlier
             WHERE earlier.task_id = attempts.task_id AND earlier.number < attempts.number
               AND earlier.verdict IN ('accepted', 'unknown')) = 1
  FROM (SELECT id, task_id, number FROM uncounted ORDER BY id LIMIT ?) AS waiting
  LEFT JOIN attempts ON attempts.task_id = waiting.task_id AND attempts.number = waiting.number
  LEFT JOIN tasks ON tasks.id = waiting.task_id AND typeof(campaign) = 'text'
"""

# `roll_up`: these are counted.
_COUNTED = "DELETE FROM uncounted WHERE id <= ?"

# `roll_up`: how many offers of known messages the store has counted.
_PREVENTED = "SELECT campaign, duplicates_prevented FROM campaigns"

# `roll_up`: one total more.
_ADD = """
INSERT INTO totals (name, campaign, channel, detail, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = value + excluded.value
"""

# `roll_up`: one that is no less than this.
_RAISE = """
INSERT INTO totals (name, campaign, channel, detail, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
"""


def totals(db: Database) -> dict[Total, float]:
    """Return all totals."""
    return {Total(*names): value for *names, value in db.all(_TOTALS)}


def roll_up(db: Database, most: int, more: Totals, least: Totals) -> int:
    """Count up to `most` attempts, add `more`, and be no less than `least`; returns how many attempts were counted."""
    with db.transaction():
        known = totals(db)
        if lost := raised(known, least):
            db.executemany(_RAISE, _cells(lost))
        waiting = db.all(_UNCOUNTED, (most,))
        added = counted((tuple(row[1:]) for row in waiting), db.all(_PREVENTED), known)
        for total, value in more.items():
            added[total] = added.get(total, 0.0) + value
        if waiting:
            db.execute(_COUNTED, (max(row[0] for row in waiting),))
        if added or lost:
            db.executemany(_ADD, _cells({**added, Total(SEQUENCE): 1.0}))
    return len(waiting)


def _cells(values: Mapping[Total, float]) -> list[tuple[object, ...]]:
    return [(*total, float(value)) for total, value in values.items()]
