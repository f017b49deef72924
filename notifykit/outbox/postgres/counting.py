"""Counts finished attempts for monitors, in the PostgreSQL outbox."""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.outbox.postgres import advisory, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.totals import SEQUENCE, Total, Totals, counted, raised

# `totals`: all of them.
_TOTALS = "SELECT name, campaign, channel, detail, value FROM outbox.totals"

# `roll_up`: take attempts from those that wait to be counted; and whether each is the second of its message that was or
# may have been accepted.
_UNCOUNTED = """
WITH waiting AS (
    DELETE FROM outbox.uncounted WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox.uncounted LIMIT %s))
    RETURNING task_id, number)
SELECT campaign, a.channel, verdict, code, call_seconds, finished_at - queued_at,
       (a.number > 1 AND verdict IN ('accepted', 'unknown')
        AND (SELECT count(*) FROM outbox.attempts AS earlier
              WHERE earlier.task_id = a.task_id AND earlier.number < a.number
                AND earlier.verdict IN ('accepted', 'unknown')) = 1)::integer
  FROM waiting
  LEFT JOIN outbox.attempts AS a ON a.task_id = waiting.task_id AND a.number = waiting.number
  LEFT JOIN outbox.tasks AS t ON t.id = waiting.task_id
"""

# `roll_up`: how many offers of known messages the store has counted.
_PREVENTED = "SELECT campaign, duplicates_prevented FROM outbox.campaigns"

# `roll_up`: add to totals.
_ADD = """
INSERT INTO outbox.totals AS t (name, campaign, channel, detail, value)
SELECT name, campaign, channel, detail, value FROM json_to_recordset(%s::json) AS more (
    name text, campaign text, channel text, detail text, value double precision)
ON CONFLICT (name, campaign, channel, detail) DO UPDATE SET value = t.value + excluded.value
"""

# `roll_up`: totals that are no less than these.
_RAISE = """
INSERT INTO outbox.totals AS t (name, campaign, channel, detail, value)
SELECT name, campaign, channel, detail, value FROM json_to_recordset(%s::json) AS least (
    name text, campaign text, channel text, detail text, value double precision)
ON CONFLICT (name, campaign, channel, detail) DO UPDATE SET value = greatest(t.value, excluded.value)
"""

# `oldest_snapshot`: the oldest one of this database, also of transactions that are prepared and forgotten.
_SNAPSHOT = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - since)), 0)::double precision FROM (
    SELECT xact_start AS since FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
     UNION ALL
    SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()) AS held
"""


def totals(db: Database) -> dict[Total, float]:
    """Return all totals."""
    return {Total(*names): value for *names, value in db.all(_TOTALS)}


def roll_up(db: Database, most: int, more: Totals, least: Totals) -> int:
    """Count up to `most` attempts, add `more`, and be no less than `least`; returns how many attempts were counted."""
    with db.transaction():
        advisory.hold(db, "totals", [""])
        known = totals(db)
        if lost := raised(known, least):
            db.execute(_RAISE, (_cells(lost),))
        waiting = db.all(_UNCOUNTED, (most,))
        added = counted(waiting, db.all(_PREVENTED), known)
        for total, value in more.items():
            added[total] = added.get(total, 0.0) + value
        if added or lost:
            db.execute(_ADD, (_cells({**added, Total(SEQUENCE): 1.0}),))
    return len(waiting)


def oldest_snapshot(db: Database) -> float:
    """Return the age of the oldest snapshot, in seconds; 0 where there is none."""
    return float(db.one(_SNAPSHOT)[0])


def _cells(values: Mapping[Total, float]) -> str:
    return rows.many(
        {**{name: rows.clean(text) for name, text in total._asdict().items()}, "value": value}
        for total, value in values.items()
    )
