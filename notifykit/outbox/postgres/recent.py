"""What happened lately in the PostgreSQL outbox: of the attempts that ended in some time, found by their index."""

from __future__ import annotations

from notifykit.outbox.postgres.database import Database
from notifykit.outbox.recent import Calls, calls_of, recent_of
from notifykit.outbox.values import RecentFigures

# Part of the statements: attempts of a time, with their tasks.
_LATELY = """FROM outbox.attempts JOIN outbox.tasks ON tasks.id = task_id
 WHERE finished_at >= %(since)s AND finished_at < %(until)s"""

# `recent`: how long each message took from the queue to its acceptance.
_ACCEPTED = f"""
SELECT campaign, finished_at - queued_at {_LATELY} AND verdict = 'accepted'
"""

# `recent`: what else attempts came to; how many messages failed for good by one.
_OTHERS = f"""
SELECT campaign, verdict, count(*), count(DISTINCT task_id),
       count(DISTINCT CASE WHEN status = 'failed' AND number = tasks.attempts THEN task_id END)
  {_LATELY} AND verdict <> 'accepted' GROUP BY campaign, verdict
"""

# `recent`: messages whose second attempt that was or may have been accepted, or a later one, is of that time.
_TWICE = f"""
SELECT campaign, count(DISTINCT task_id) {_LATELY} AND number > 1 AND verdict IN ('accepted', 'unknown')
   AND EXISTS (SELECT 1 FROM outbox.attempts AS earlier
                WHERE earlier.task_id = attempts.task_id AND earlier.number < attempts.number
                  AND earlier.verdict IN ('accepted', 'unknown'))
 GROUP BY campaign
"""

# `recent_calls`: the calls of each channel, and those that took long.
_CALLS = f"""
SELECT campaign, attempts.channel, count(call_seconds), count(*) FILTER (WHERE call_seconds > %(longer)s)
  {_LATELY} GROUP BY campaign, attempts.channel
"""


def recent_calls(db: Database, since: float, until: float, longer: float) -> dict[str, Calls]:
    """Return by channel the calls that ended from `since` to before `until`, and how many took more than `longer`."""
    return calls_of(db.all(_CALLS, {"since": since, "until": until, "longer": longer}))


def recent(db: Database, since: float, until: float) -> list[RecentFigures]:
    """Return what happened to each campaign's messages from `since` to before `until`."""
    between = {"since": since, "until": until}
    return recent_of(db.all(_ACCEPTED, between), db.all(_OTHERS, between), db.all(_TWICE, between))
