"""A look at a whole PostgreSQL outbox: how large it is, and whether it keeps its own rules."""

from __future__ import annotations

from collections.abc import Iterator

from notifykit.model import Status
from notifykit.outbox.inspection import Finding, StoreFacts
from notifykit.outbox.postgres.database import Database
from notifykit.wording.translation import gettext, gettext_noop

# `facts`: how many tasks are where.
_BY_STATUS = "SELECT status, count(*) FROM outbox.tasks GROUP BY status"

# `facts`: when the oldest was queued of what is neither sent nor cancelled, and when the first was completed.
_AGES = """
SELECT min(queued_at) FILTER (WHERE status IN ('queued', 'sending', 'failed', 'in_doubt')),
       min(completed_at) FILTER (WHERE status = 'completed')
  FROM outbox.tasks
"""

# `facts`: how large each table is, with its indexes.
_SIZES = """
SELECT tablename, pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass) FROM pg_tables
 WHERE schemaname = %s ORDER BY 2 DESC, 1
"""

# `facts`: rows of a table.
_COUNT = "SELECT count(*) FROM outbox.{}"

# `findings`: tasks without what they say, and the other way round.
_HALVES = """
SELECT count(*) FROM outbox.tasks AS t FULL JOIN outbox.messages AS m ON m.id = t.id WHERE t.id IS NULL OR m.id IS NULL
"""

# `findings`: attempts of no task.
_LOST_ATTEMPTS = """
SELECT count(*) FROM outbox.attempts WHERE NOT EXISTS (SELECT 1 FROM outbox.tasks WHERE tasks.id = task_id)
"""

# `findings`: events of no task.
_LOST_EVENTS = """
SELECT count(*) FROM outbox.events WHERE NOT EXISTS (SELECT 1 FROM outbox.tasks WHERE tasks.id = task_id)
"""

# `findings`: decisions about no task.
_LOST_DECISIONS = """
SELECT count(*) FROM outbox.decided WHERE NOT EXISTS (SELECT 1 FROM outbox.tasks WHERE tasks.id = task_id)
"""

# `findings`: tasks with an attempt of a higher number than their latest: the fence would let a late result pass.
_UNFENCED = """
SELECT count(*) FROM outbox.tasks
 WHERE attempts < (SELECT max(number) FROM outbox.attempts WHERE task_id = tasks.id)
"""

# `findings`: lanes in which something waits, nothing is on the wire, and nobody has the turn.
_NO_TURN = """
SELECT count(DISTINCT lane) FROM outbox.tasks JOIN outbox.lanes ON lanes.id = lane
 WHERE status = 'queued' AND due_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM outbox.tasks AS busy WHERE busy.lane = tasks.lane AND busy.status = 'sending')
"""

# `findings`: tasks whose times contradict where they are.
_CONTRADICTED = """
SELECT count(*) FROM outbox.tasks
 WHERE (status IN ('sent', 'completed') AND sent_at IS NULL) OR (status = 'completed' AND completed_at IS NULL)
    OR (status = 'queued' AND sent_at IS NOT NULL) OR (status = 'sending' AND (worker IS NULL OR started_at IS NULL))
"""

_KINDS = ("tasks", "attempts", "events", "decisions")

_LOST = gettext_noop("somebody changed the tables; restore them from a backup")

_RULES = (
    ("halves", _HALVES, gettext_noop("messages of which one half is missing"), _LOST),
    ("attempts_of_nothing", _LOST_ATTEMPTS, gettext_noop("attempts of messages that are not there"), _LOST),
    ("events_of_nothing", _LOST_EVENTS, gettext_noop("events of messages that are not there"), _LOST),
    ("decisions_of_nothing", _LOST_DECISIONS, gettext_noop("decisions about messages that are not there"), _LOST),
    ("unfenced", _UNFENCED, gettext_noop("messages whose number of attempts is lower than that of an attempt"), _LOST),
    ("contradicted", _CONTRADICTED, gettext_noop("messages whose times contradict their status"), _LOST),
    ("no_turn", _NO_TURN, gettext_noop("recipients with messages that wait for nobody's turn"), _LOST),
)


class PostgresInspection:
    """See `notifykit.outbox.inspection.StoreInspection`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def facts(self) -> StoreFacts:
        """Return how large the tables are, and what is in them."""
        db = self._db
        waiting, finished = db.one(_AGES)
        return StoreFacts(
            bytes=dict(db.all(_SIZES, (db.schema,))),
            rows={kind: db.one(_COUNT.format(kind))[0] for kind in _KINDS},
            by_status={Status(status): number for status, number in db.all(_BY_STATUS)},
            oldest_waiting=waiting,
            oldest_finished=finished,
        )

    def findings(self) -> Iterator[Finding]:
        """Yield which of the outbox's own rules are broken. The server looks after its files itself."""
        for rule, statement, what, mend in _RULES:
            if number := self._db.one(statement)[0]:
                yield Finding(rule=rule, number=number, what=gettext(what), mend=gettext(mend))
