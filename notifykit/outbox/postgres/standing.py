"""How each campaign of the PostgreSQL outbox stands."""

from __future__ import annotations

from collections import Counter, defaultdict

from notifykit.model import Status
from notifykit.outbox.figures import LATEST, Counted
from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.receipts import counted
from notifykit.outbox.values import CampaignFigures

# `figures`: how many drafts of a campaign were known.
_PREVENTED = "SELECT campaign, duplicates_prevented FROM outbox.campaigns"

# `figures`: how many tasks are where.
_TASKS = "SELECT campaign, status, count(*) FROM outbox.tasks GROUP BY campaign, status"

# `figures`: when the oldest task of a campaign that waits was queued.
_OLDEST = """
SELECT campaign, min(queued_at) FROM (
    SELECT campaign, queued_at FROM outbox.tasks WHERE status = 'queued'
     UNION ALL SELECT campaign, queued_at FROM outbox.tasks WHERE status = 'sending') AS waiting GROUP BY campaign
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
_FLAGS_OWED = f"""
SELECT t.campaign, count(DISTINCT m.record_key) FROM outbox.tasks AS t JOIN outbox.messages AS m ON m.id = t.id
 WHERE t.status = 'sent'
   AND NOT EXISTS (SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS its ON its.id = sibling.id
                    WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key
                      AND sibling.period = m.period AND {rows.NOT_TOLD})
 GROUP BY t.campaign
"""

# `archived`: what was moved to an archive.
_ARCHIVED = """
SELECT campaign, sum(number)
  FROM (SELECT message, count(*) AS number FROM outbox.pruned GROUP BY message) AS counted
  JOIN outbox.pruned_messages ON pruned_messages.id = counted.message GROUP BY campaign
"""

# `figures`: the last period of a campaign.
_PERIODS = "SELECT campaign, max(period) FROM outbox.messages WHERE period <> '' GROUP BY campaign"

# `figures`: the latest attempts.
_LATEST = f"""
SELECT campaign, verdict, code, call_seconds, CASE WHEN number = attempts THEN sent_at - queued_at END
  FROM (SELECT task_id, number, verdict, code, call_seconds FROM outbox.attempts
         ORDER BY task_id DESC, number DESC LIMIT {LATEST}) AS latest JOIN outbox.tasks ON tasks.id = task_id
"""


def figures(db: Database) -> list[CampaignFigures]:
    """Return how each campaign stands, by name."""
    by_status: dict[str, Counter[Status]] = defaultdict(Counter)
    for campaign, status, number in db.all(_TASKS):
        by_status[campaign][Status(status)] = number
    return Counted(
        by_status=by_status,
        oldest=dict(db.all(_OLDEST)),
        prevented=dict(db.all(_PREVENTED)),
        perhaps_twice=dict(db.all(_PERHAPS_TWICE)),
        flags_owed=dict(db.all(_FLAGS_OWED)),
        archived=archived(db),
        receipts=counted(db),
        periods=dict(db.all(_PERIODS)),
        attempts=db.all(_LATEST),
    ).figures()


def archived(db: Database) -> dict[str, int]:
    """Return how many messages of each campaign were moved to an archive."""
    return {campaign: int(number) for campaign, number in db.all(_ARCHIVED)}
