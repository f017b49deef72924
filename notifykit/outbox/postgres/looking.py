"""Looking at the PostgreSQL outbox: tasks, their stories, and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from notifykit.model import Attempt, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.postgres import events, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.values import CampaignFigures, Event, Filter

PAGE = 1_000
"""Rows that one statement of `tasks` reads at most."""

# `tasks`: a page of those that a filter leaves.
_PAGE = f"SELECT {rows.TASK} FROM {rows.TASKS} WHERE {{terms}} ORDER BY t.id LIMIT %s"

# `attempts`: those of a task, and the one that is under way.
_ATTEMPTS = f"""
SELECT {rows.ATTEMPT} FROM outbox.attempts WHERE task_id = %(id)s
 UNION ALL
SELECT id, attempts, channel, worker, started_at, NULL, NULL, NULL, NULL, NULL, NULL FROM outbox.tasks
 WHERE id = %(id)s AND status = 'sending'
 ORDER BY 2
"""

# `figures`: every campaign that ever offered a draft or has a task, how many drafts of it were known, and when the
# oldest of its tasks that wait was queued.
_CAMPAIGNS = """
SELECT campaign, coalesce(max(duplicates_prevented), 0), (
       SELECT min(queued_at) FROM outbox.tasks
        WHERE tasks.campaign = known.campaign AND status IN ('queued', 'sending'))
  FROM (SELECT campaign, duplicates_prevented FROM outbox.campaigns
         UNION ALL SELECT DISTINCT campaign, 0 FROM outbox.tasks) AS known
 GROUP BY campaign ORDER BY campaign
"""

# `figures`: how many tasks are where.
_TASKS = "SELECT campaign, status, count(*) FROM outbox.tasks GROUP BY campaign, status"

# `figures`: how attempts came out.
_ATTEMPTS_BY_CODE = """
SELECT campaign, verdict, coalesce(code, verdict), count(*) FROM outbox.attempts JOIN outbox.tasks ON tasks.id = task_id
 GROUP BY campaign, verdict, 3 ORDER BY 4 DESC, 3
"""

# `figures`: how long tasks of each campaign took from the queue to their acceptance: half of them, and nearly all.
_WAITS = """
SELECT campaign, (array_agg(x ORDER BY x))[least(count(*), 1 + floor(count(*) * 0.50)::integer)],
       (array_agg(x ORDER BY x))[least(count(*), 1 + floor(count(*) * 0.95)::integer)]
  FROM (SELECT campaign, sent_at - queued_at AS x FROM outbox.tasks WHERE sent_at IS NOT NULL) AS waits
 GROUP BY campaign
"""

# `figures`: how long calls took, likewise.
_CALLS = """
SELECT campaign, (array_agg(x ORDER BY x))[least(count(*), 1 + floor(count(*) * 0.50)::integer)],
       (array_agg(x ORDER BY x))[least(count(*), 1 + floor(count(*) * 0.95)::integer)]
  FROM (SELECT campaign, call_seconds AS x FROM outbox.attempts JOIN outbox.tasks ON tasks.id = task_id
         WHERE call_seconds IS NOT NULL) AS calls
 GROUP BY campaign
"""

# `figures`: tasks with two attempts that were or may have been accepted.
_PERHAPS_TWICE = """
SELECT campaign, count(DISTINCT later.task_id)
  FROM outbox.attempts AS later JOIN outbox.tasks ON tasks.id = later.task_id
 WHERE later.number > 1 AND later.verdict IN ('accepted', 'unknown')
   AND EXISTS (SELECT 1 FROM outbox.attempts AS earlier
                WHERE earlier.task_id = later.task_id AND earlier.number < later.number
                  AND earlier.verdict IN ('accepted', 'unknown'))
 GROUP BY campaign
"""

# `figures`: keys whose every message is sent, and whose write-back is owed.
_FLAGS_OWED = """
SELECT t.campaign, count(DISTINCT m.record_key) FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE t.status = 'sent'
   AND NOT EXISTS (SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
                    WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key
                      AND its.status NOT IN ('sent', 'completed', 'cancelled'))
 GROUP BY t.campaign
"""


class Looking:
    """Methods of the outbox that only read."""

    db: Database

    def tasks(self, which: Filter) -> Iterator[Task]:
        """Yield tasks in id order, read by pages: nothing stays open while the caller has one of them."""
        return islice(self._tasks(which), which.limit)

    def _tasks(self, which: Filter) -> Iterator[Task]:
        terms, values = _where(which)
        size = PAGE if which.limit is None else min(which.limit, PAGE)
        after = 0
        while True:
            found = self.db.all(_PAGE.format(terms=terms), (after, *values, size))
            yield from map(rows.task, found)
            if len(found) < size or not found:
                return
            after = found[-1][0]

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return a task's attempts in order, one that is under way included."""
        return [cells.attempt(row) for row in self.db.all(_ATTEMPTS, {"id": task_id})]

    def events(self, task_id: int) -> list[Event]:
        """Return what else happened to a task, in order."""
        return events.of_task(self.db, task_id)

    def figures(self) -> list[CampaignFigures]:
        """Return how each campaign stands."""
        db = self.db
        by_status: dict[str, Counter[Status]] = {}
        for campaign, status, count in db.all(_TASKS):
            by_status.setdefault(campaign, Counter())[Status(status)] = count
        verdicts: dict[str, Counter[str]] = {}
        errors: dict[str, dict[str, int]] = {}
        for campaign, verdict, code, count in db.all(_ATTEMPTS_BY_CODE):
            verdicts.setdefault(campaign, Counter())[verdict] += count
            if verdict != "accepted":
                of_code = errors.setdefault(campaign, {})
                of_code[code] = of_code.get(code, 0) + count
        waits = {campaign: both for campaign, *both in db.all(_WAITS)}
        calls = {campaign: both for campaign, *both in db.all(_CALLS)}
        twice = dict(db.all(_PERHAPS_TWICE))
        owed = dict(db.all(_FLAGS_OWED))
        found = []
        for campaign, prevented, oldest in db.all(_CAMPAIGNS):
            said = verdicts.get(campaign, Counter())
            p50, p95 = waits.get(campaign, (None, None))
            call_p50, call_p95 = calls.get(campaign, (None, None))
            found.append(
                CampaignFigures(
                    campaign=campaign,
                    by_status=by_status.get(campaign, Counter()),
                    flags_owed=owed.get(campaign, 0),
                    duplicates_prevented=prevented,
                    perhaps_twice=twice.get(campaign, 0),
                    success_rate=said["accepted"] / said.total() if said else None,
                    queued_to_sent_p50=p50,
                    queued_to_sent_p95=p95,
                    call_p50=call_p50,
                    call_p95=call_p95,
                    oldest_waiting=oldest,
                    errors=errors.get(campaign, {}),
                )
            )
        return found


def _where(which: Filter) -> tuple[str, list[Any]]:
    terms = ["t.id > %s"]
    values: list[Any] = []
    for column, value in (
        ("t.campaign", which.campaign),
        ("m.record_key", which.key),
        ("t.channel", which.channel),
    ):
        if value is not None:
            terms.append(f"{column} = %s")
            values.append(rows.clean(value))
    if which.statuses:
        terms.append("t.status = ANY (%s::text[])")
        values.append([str(status) for status in which.statuses])
    if which.ids:
        terms.append("t.id = ANY (%s::bigint[])")
        values.append(list(which.ids))
    return " AND ".join(terms), values
