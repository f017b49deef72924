"""How each campaign of the SQLite outbox stands, counted in indexes, also where a million messages are done.

What is done is not counted itself: it is what is left of all tasks, which one index has, without those of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from notifykit.model import Status
from notifykit.outbox.figures import LATEST, Counted
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.receipts import counted
from notifykit.outbox.values import CampaignFigures

# `figures`: how many drafts of a campaign were known.
_PREVENTED = "SELECT campaign, duplicates_prevented FROM campaigns"

# `figures`: all tasks.
_ALL = "SELECT campaign, count(*) FROM tasks INDEXED BY tasks_dedup WHERE campaign IS NOT NULL GROUP BY campaign"

# `figures`: those that are not done, and when the first of those that wait was queued.
_NOT_DONE = f"""
SELECT campaign, status, count(*), min(CASE WHEN status = 'queued' AND queued_at {rows.IS_TIME} THEN queued_at END)
  FROM tasks INDEXED BY tasks_open WHERE {rows.OPEN} GROUP BY campaign, status
UNION ALL SELECT campaign, status, count(*), min(CASE WHEN queued_at {rows.IS_TIME} THEN queued_at END)
  FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND campaign IS NOT NULL GROUP BY campaign
UNION ALL SELECT campaign, status, count(*), NULL
  FROM tasks INDEXED BY tasks_owed WHERE status = 'sent' AND campaign IS NOT NULL GROUP BY campaign
UNION ALL SELECT campaign, status, count(*), NULL
  FROM tasks INDEXED BY tasks_cancelled WHERE status = 'cancelled' AND campaign IS NOT NULL GROUP BY campaign
"""

# `figures`: what may be foreign, whatever its status says.
_PERHAPS_FOREIGN = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks INDEXED BY tasks_perhaps_foreign
 WHERE {rows.perhaps_foreign()} AND campaign IS NOT NULL
"""

# `figures`: tasks with two attempts that were or may have been accepted.
_PERHAPS_TWICE = """
SELECT campaign, count(DISTINCT later.task_id)
  FROM attempts AS later INDEXED BY attempts_again JOIN tasks ON tasks.id = later.task_id
 WHERE later.number > 1 AND (later.verdict = 'accepted' OR later.verdict = 'unknown')
   AND EXISTS (SELECT 1 FROM attempts AS earlier
                WHERE earlier.task_id = later.task_id AND earlier.number < later.number
                  AND earlier.verdict IN ('accepted', 'unknown'))
 GROUP BY campaign
"""

# `figures`: keys whose every message is sent, and whose write-back is owed.
_FLAGS_OWED = f"""
SELECT campaign, count(DISTINCT record_key) FROM tasks INDEXED BY tasks_owed
 WHERE status = 'sent' AND NOT {rows.overwritten()}
   AND NOT EXISTS (SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
                    WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
                      AND sibling.period IS tasks.period AND ({rows.waits("sibling")} OR {rows.expired("sibling")}))
 GROUP BY campaign
"""

# `archived`: the names of what was moved to an archive.
_ARCHIVED = "SELECT campaign, id FROM pruned_messages ORDER BY id"

# `archived`: how many messages that is.
_ALL_ARCHIVED = "SELECT count(*) FROM pruned"

# `archived`: how many have one of the names.
_ARCHIVED_OF = "SELECT count(*) FROM pruned WHERE message = ?"

# `figures`: the last period of a campaign.
_PERIODS = """
SELECT campaign, max(CASE WHEN typeof(period) = 'text' THEN period END) FROM tasks INDEXED BY tasks_periods
 WHERE period IS NOT NULL GROUP BY campaign
"""

# `figures`: the latest attempts.
_LATEST = f"""
SELECT campaign, verdict, code, call_seconds,
       CASE WHEN number = attempts AND sent_at {rows.IS_TIME} AND queued_at {rows.IS_TIME} THEN sent_at - queued_at END
  FROM (SELECT task_id, number, verdict, code, call_seconds FROM attempts
         ORDER BY task_id DESC, number DESC LIMIT {LATEST}) JOIN tasks ON tasks.id = task_id
"""

_COUNTED = {
    **dict.fromkeys((Status.SENDING, Status.SENT, Status.CANCELLED), True),
    **dict.fromkeys((Status.QUEUED, Status.FAILED, Status.IN_DOUBT), False),
}
"""The statuses that `_NOT_DONE` counts, and whether it counts a row without a channel, too."""


def figures(db: Database) -> list[CampaignFigures]:
    """Return how each campaign stands as of one moment, by name."""
    with db.snapshot():
        by_status, oldest = _by_status(db)
        return Counted(
            by_status=by_status,
            oldest=oldest,
            prevented=_named(db.all(_PREVENTED)),
            perhaps_twice=_named(db.all(_PERHAPS_TWICE)),
            flags_owed=_named(db.all(_FLAGS_OWED)),
            archived=archived(db),
            receipts=counted(db),
            periods=_named(db.all(_PERIODS)),
            attempts=(row for row in db.all(_LATEST) if isinstance(row[0], str)),
        ).figures()


def archived(db: Database) -> dict[str, int]:
    """Return how many messages of each campaign were moved to an archive.

    SQLite counts all rows at once, and those of one message by reading all: of the last one nothing is read.
    """
    found = Counter[str]()
    messages = db.all(_ARCHIVED)
    left = db.one(_ALL_ARCHIVED)[0] if messages else 0
    for campaign, id_ in messages[:-1]:
        number = db.one(_ARCHIVED_OF, (id_,))[0]
        found[campaign] += number
        left -= number
    for campaign, _ in messages[-1:]:
        found[campaign] += left
    return dict(found)


def _by_status(db: Database) -> tuple[dict[str, Counter[Status]], dict[str, float]]:
    """Return how many tasks of each campaign are where, and when the first of those that wait was queued."""
    found: dict[Any, Counter[Status]] = defaultdict(Counter)
    oldest: dict[Any, float] = {}
    for campaign, status, number, queued_at in db.all(_NOT_DONE):
        found[campaign][Status(status)] = number
        if queued_at is not None:
            oldest[campaign] = min(queued_at, oldest.get(campaign, queued_at))
    for row in db.all(_PERHAPS_FOREIGN):
        cells = dict(zip(rows.TASK_COLUMNS, row, strict=True))
        if rows.task(row).status is Status.FOREIGN:
            count = found[cells["campaign"]]
            count[Status.FOREIGN] += 1
            if _COUNTED.get(cells["status"]) or (cells["status"] in _COUNTED and cells["channel"] is not None):
                count[Status(cells["status"])] -= 1
    for campaign, number in db.all(_ALL):
        found[campaign][Status.COMPLETED] = number - found[campaign].total()
    return _named(found.items()), oldest


def _named(found: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Return pairs whose first is the name of a campaign: another program may have written what is none."""
    return {name: value for name, value in found if isinstance(name, str)}
