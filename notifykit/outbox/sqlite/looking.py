"""Looking at the SQLite outbox: tasks, their stories, and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from notifykit.model import Attempt, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import events, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import CampaignFigures, Event, Filter

PAGE = 1_000
"""Rows that one statement of `tasks` reads at most."""

# `tasks`: the first page of those that a filter leaves, by whatever index finds them.
_FIRST_PAGE = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE {{terms}} ORDER BY id LIMIT ?"

# `tasks`: a further page, by id: an index that finds many of them would have to sort them again for each page.
_NEXT_PAGE = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks NOT INDEXED WHERE id > ? AND {{terms}} ORDER BY id LIMIT ?
"""

# `tasks`: what is shown as foreign is among these.
_PERHAPS_FOREIGN = f"""(campaign IS NULL OR record_key IS NULL OR message_name IS NULL OR channel IS NULL
 OR typeof(campaign) <> 'text' OR typeof(record_key) <> 'text' OR typeof(message_name) <> 'text'
 OR typeof(channel) <> 'text' OR status NOT IN ({", ".join(f"'{name}'" for name in rows.STATUSES)})
 OR {rows.overwritten()})"""

# `attempts`: those of a task, and the one that is under way.
_ATTEMPTS = f"""
SELECT {rows.selected(cells.ATTEMPT_COLUMNS)} FROM attempts WHERE task_id = :id
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL FROM tasks
 WHERE id = :id AND status = 'sending' AND {rows.claimed()}
 ORDER BY 2
"""

# `figures`: every campaign that ever offered a draft or has a task.
_CAMPAIGNS = """
SELECT campaign FROM campaigns UNION SELECT DISTINCT campaign FROM tasks WHERE campaign IS NOT NULL ORDER BY campaign
"""

# `figures`: how many tasks of a campaign are where.
_BY_STATUS = f"""
SELECT CASE WHEN {rows.overwritten()} THEN 'foreign' ELSE status END, count(*)
  FROM tasks WHERE campaign = ? GROUP BY 1
"""

# `figures`: how many drafts of a campaign were known.
_PREVENTED = "SELECT duplicates_prevented FROM campaigns WHERE campaign = ?"

# `figures`: how the attempts of a campaign came out.
_VERDICTS = """
SELECT verdict, count(*) FROM attempts JOIN tasks ON tasks.id = task_id WHERE campaign = ? GROUP BY verdict
"""

# `figures`: tasks of a campaign with two attempts that were or may have been accepted.
_PERHAPS_TWICE = """
SELECT count(DISTINCT later.task_id) FROM attempts AS later JOIN tasks ON tasks.id = later.task_id
 WHERE campaign = ? AND later.number > 1 AND later.verdict IN ('accepted', 'unknown')
   AND EXISTS (SELECT 1 FROM attempts AS earlier
                WHERE earlier.task_id = later.task_id AND earlier.number < later.number
                  AND earlier.verdict IN ('accepted', 'unknown'))
"""

# `figures`: how long each task took from the queue to its acceptance.
_WAITS = f"""
SELECT sent_at - queued_at AS x FROM tasks WHERE campaign = ? AND sent_at {rows.IS_TIME} AND queued_at {rows.IS_TIME}
"""

# `figures`: how long each call took.
_CALLS = """
SELECT call_seconds AS x FROM attempts JOIN tasks ON tasks.id = task_id
 WHERE campaign = ? AND call_seconds IS NOT NULL
"""

# `figures`: when the oldest task that waits was queued.
_OLDEST = f"""
SELECT min(queued_at) FROM tasks WHERE campaign = ? AND status IN ('queued', 'sending') AND queued_at {rows.IS_TIME}
"""

# `figures`: keys whose every message is sent, and whose write-back is owed.
_FLAGS_OWED = f"""
SELECT count(DISTINCT record_key) FROM tasks INDEXED BY tasks_owed
 WHERE status = 'sent' AND campaign = ? AND NOT {rows.overwritten()}
   AND NOT EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
                    WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
                      AND {rows.waits("sibling")})
"""

# `figures`: attempts that were not accepted, by code.
_ERRORS = """
SELECT coalesce(code, verdict), count(*) FROM attempts JOIN tasks ON tasks.id = task_id
 WHERE campaign = ? AND verdict <> 'accepted' GROUP BY 1 ORDER BY 2 DESC, 1
"""


class Looking:
    """Methods of the outbox that only read."""

    db: Database

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order, read by pages: nothing stays open while the caller has one of them."""
        return islice(self._tasks(which), which.limit)

    def _tasks(self, which: Filter) -> Iterator[Task]:
        terms, values = _where(which)
        size = PAGE if which.limit is None or which.statuses else min(which.limit, PAGE)
        found = self.db.all(_FIRST_PAGE.format(terms=terms), (*values, size))
        while found:
            for task in map(rows.task, found):
                if not which.statuses or task.status in which.statuses:
                    yield task
            if len(found) < size:
                return
            found = self.db.all(_NEXT_PAGE.format(terms=terms), (found[-1][0], *values, size))

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [cells.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        return events.of_task(self.db, task_id)

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands."""
        return [self._figures(campaign) for campaign in rows.campaigns(self.db.all(_CAMPAIGNS))]

    def _figures(self, campaign: str) -> CampaignFigures:
        db = self.db
        by_status = Counter[Status]()
        for status, count in db.all(_BY_STATUS, (campaign,)):
            by_status[rows.status(status)] += count
        prevented = db.one(_PREVENTED, (campaign,))
        verdicts = dict(db.all(_VERDICTS, (campaign,)))
        finished = sum(verdicts.values())
        (oldest,) = db.one(_OLDEST, (campaign,))
        (perhaps_twice,) = db.one(_PERHAPS_TWICE, (campaign,))
        (flags_owed,) = db.one(_FLAGS_OWED, (campaign,))
        return CampaignFigures(
            campaign=campaign,
            by_status=by_status,
            flags_owed=flags_owed,
            duplicates_prevented=prevented[0] if prevented else 0,
            perhaps_twice=perhaps_twice,
            success_rate=verdicts.get("accepted", 0) / finished if finished else None,
            queued_to_sent_p50=self._percentile(_WAITS, campaign, 0.50),
            queued_to_sent_p95=self._percentile(_WAITS, campaign, 0.95),
            call_p50=self._percentile(_CALLS, campaign, 0.50),
            call_p95=self._percentile(_CALLS, campaign, 0.95),
            oldest_waiting=oldest,
            errors=dict(db.all(_ERRORS, (campaign,))),
        )

    def _percentile(self, values: str, campaign: str, share: float) -> float | None:
        """Nearest rank."""
        (count,) = self.db.one(f"SELECT count(*) FROM ({values})", (campaign,))
        if not count:
            return None
        at = min(count - 1, int(count * share))
        (value,) = self.db.one(f"{values} ORDER BY x LIMIT 1 OFFSET ?", (campaign, at))
        return float(value)


def _where(which: Filter) -> tuple[str, list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    for column, value in (
        ("campaign", which.campaign),
        ("record_key", which.key),
        ("channel", which.channel),
    ):
        if value is not None:
            terms.append(f"{column} = ?")
            values.append(value)
    if Status.FOREIGN in which.statuses:
        if len(which.statuses) == 1:
            terms.append(_PERHAPS_FOREIGN)  # spares reading most rows
    elif which.statuses:
        terms.append(f"status IN ({', '.join('?' * len(which.statuses))})")
        values += which.statuses
    if which.ids:
        terms.append(f"id IN ({', '.join('?' * len(which.ids))})")
        values += which.ids
    return " AND ".join(terms) or "TRUE", values
