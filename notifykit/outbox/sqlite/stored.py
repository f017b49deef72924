"""An outbox as any connection shows it: in the store itself, in a copy, in an archive of an earlier version.

For tools that look at more than what the `Outbox` protocol tells, and that may meet a table that is no outbox yet.
Reads only. Every method raises sqlite3.Error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from notifykit.model import Attempt, Task
from notifykit.outbox import cells
from notifykit.outbox.sqlite import rows, schema

# `tasks_in_brief`: what campaigns own. Its terms come behind.
_IN_BRIEF = """
SELECT id, campaign, record_key, message_name, round, status, task_type, recipient, message, attempts, queued_at
  FROM tasks WHERE campaign IS NOT NULL
"""

# `owned_ids`: the rows that campaigns own.
_OWNED_IDS = "SELECT id FROM tasks WHERE campaign IS NOT NULL"

# `latest_rounds`: the newest round of each message.
_ROUNDS = """
SELECT campaign, record_key, message_name, max(round) FROM tasks WHERE campaign IS NOT NULL GROUP BY 1, 2, 3
"""

# `campaigns`: those with tasks.
_CAMPAIGNS = "SELECT DISTINCT campaign FROM tasks WHERE campaign IS NOT NULL"

# `live_keys`: keys of a campaign with a task that was not cancelled.
_LIVE_KEYS = "SELECT DISTINCT record_key FROM tasks WHERE campaign = ? AND status <> 'cancelled'"

# `foreign_rows`: rows of the legacy columns, with metadata or NULL. Its terms come behind.
_FOREIGN = "SELECT id, task_type, recipient, message, status, created_at, updated_at, {} FROM tasks"

# `foreign_rows`, `foreign_span`, `begins_foreign`: how a row is told that no campaign owns.
_IS_FOREIGN = "campaign IS NULL"

# `foreign_span`: how many rows no campaign owns, and the highest id of those.
_FOREIGN_SPAN = "SELECT count(*), max(id) FROM tasks"

# `begins_foreign`: whether the oldest row is one that no campaign owns. What is asked of it comes within.
_OLDEST_IS = "SELECT {} FROM tasks ORDER BY id LIMIT 1"

# `completed_unattempted`: completed rows that the outbox itself never attempted, the newest first.
_UNATTEMPTED = """
SELECT id, updated_at, task_type, {} IS NOT NULL FROM tasks WHERE status = 'completed' AND {} ORDER BY id DESC
"""

# `attempts`: those of a task that have ended. Columns come within.
_ATTEMPTS_OF = "SELECT {} FROM attempts WHERE task_id = ? ORDER BY number"

# `attempt_rows`: all that have ended. Columns come within.
_ATTEMPTS = "SELECT {} FROM attempts ORDER BY task_id, number"

# `task`: one task. Columns come within.
_TASK = "SELECT {} FROM tasks WHERE id = ?"

# `perhaps_accepted`: attempts of queued tasks that were or may have been accepted. What a person put back after it was
# in doubt is meant to go out; an acceptance that became known later is not.
_PERHAPS_ACCEPTED = """
SELECT DISTINCT task_id, verdict, coalesce(code, '') FROM attempts JOIN tasks ON tasks.id = task_id
 WHERE tasks.status = 'queued' AND (verdict = 'accepted' OR (verdict = 'unknown' AND NOT EXISTS (
       SELECT 1 FROM events WHERE events.task_id = attempts.task_id AND kind = 'retried' AND at >= finished_at)))
"""

# `on_the_wire`: how much each worker is sending.
_ON_THE_WIRE = "SELECT worker, count(*) FROM tasks WHERE status = 'sending' GROUP BY worker"

# `decided_about`: tasks that something was done to since they were adopted, beside attempts.
_DECIDED_ABOUT = "SELECT DISTINCT task_id FROM events WHERE kind <> 'adopted'"

# `queued_since`: what campaigns queued since then.
_QUEUED_SINCE = """
SELECT id, campaign, record_key, status, queued_at, sent_at, metadata IS NOT NULL FROM tasks
 WHERE campaign IS NOT NULL AND queued_at >= ? ORDER BY id
"""

# `verdicts_since`: how attempts that began since then came out.
_VERDICTS_SINCE = """
SELECT campaign, verdict, count(*) FROM attempts JOIN tasks ON tasks.id = task_id
 WHERE attempts.started_at >= ? GROUP BY campaign, verdict
"""

# `perhaps_twice_since`: tasks of which an attempt since then may have sent what another one had sent already.
_PERHAPS_TWICE_SINCE = """
SELECT DISTINCT later.task_id FROM attempts AS later
 WHERE later.started_at >= ? AND later.verdict IN ('accepted', 'unknown')
   AND EXISTS (SELECT 1 FROM attempts AS earlier
                WHERE earlier.task_id = later.task_id AND earlier.number < later.number
                  AND earlier.verdict IN ('accepted', 'unknown'))
 ORDER BY 1
"""


class QueuedSince(NamedTuple):
    """What became of a task that was queued lately."""

    id: int
    campaign: str
    key: str
    status: str
    queued_at: float
    """UTC seconds."""
    sent_at: float | None
    has_metadata: bool


class TaskInBrief(NamedTuple):
    """A task, without what is large or seldom asked for: there may be millions."""

    id: int
    campaign: str
    key: str
    name: str
    round: int
    status: str
    task_type: str
    recipient: str
    text: str
    attempts: int
    """How many were ever made."""
    queued_at: float
    """UTC seconds."""


class ForeignRow(NamedTuple):
    """A row that no campaign owns, as another program wrote it: of whatever types."""

    id: int
    task_type: str
    recipient: str
    text: str
    status: str
    created_at: str
    updated_at: str
    metadata: str | None
    """None too where the table has no such column."""


class StoredOutbox:
    """What an outbox of this or an earlier version holds. A legacy table has foreign rows only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        columns = schema.columns_of(connection)
        self._is_outbox = bool(columns) and columns not in schema.OLD_TABLES
        self._metadata = "metadata" if "metadata" in columns else "NULL"
        self._foreign = _IS_FOREIGN if self._is_outbox else "1"

    def tasks_in_brief(self, *, campaign: str | None = None, status: str | None = None) -> Iterator[TaskInBrief]:
        """Yield what campaigns own, in id order."""
        terms = {"campaign": campaign, "status": status}
        given = {name: value for name, value in terms.items() if value is not None}
        where = "".join(f" AND {name} = :{name}" for name in given)
        return map(TaskInBrief._make, self._connection.execute(f"{_IN_BRIEF}{where} ORDER BY id", given))

    def owned_ids(self) -> frozenset[int]:
        """Return the ids of the rows that campaigns own."""
        return frozenset(id_ for (id_,) in self._connection.execute(_OWNED_IDS))

    def latest_rounds(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield campaign, key and name of each message, with its newest round."""
        if self._is_outbox:
            yield from self._connection.execute(_ROUNDS)

    def campaigns(self) -> frozenset[str]:
        """Return the campaigns with tasks."""
        return frozenset(rows.campaigns(self._connection.execute(_CAMPAIGNS)))

    def live_keys(self, campaign: str) -> list[str]:
        """Return the keys of a campaign with a task that was not cancelled."""
        return [key for (key,) in self._connection.execute(_LIVE_KEYS, (campaign,))]

    def foreign_rows(self, *, status: str | None = None) -> Iterator[ForeignRow]:
        """Yield the rows that no campaign owns, in id order."""
        where = "" if status is None else " AND status = :status"
        sql = f"{_FOREIGN.format(self._metadata)} WHERE {self._foreign}{where} ORDER BY id"
        return map(ForeignRow._make, self._connection.execute(sql, {} if status is None else {"status": status}))

    def foreign_span(self) -> tuple[int, int]:
        """Return how many rows no campaign owns, and the highest id of those; 0 where there are none."""
        count, highest = self._connection.execute(f"{_FOREIGN_SPAN} WHERE {self._foreign}").fetchone()
        return count, highest or 0

    def begins_foreign(self) -> bool:
        """Whether the oldest row is one that no campaign owns. Also False where there is no row, or no table."""
        if not schema.columns_of(self._connection):
            return False
        oldest = self._connection.execute(_OLDEST_IS.format(self._foreign)).fetchone()
        return oldest is not None and bool(oldest[0])

    def completed_unattempted(self) -> Iterator[tuple[int, str, str, bool]]:
        """Yield completed rows that the outbox itself never attempted, the newest first.

        Of each its id, `updated_at`, task type, and whether it has metadata.
        """
        theirs = f"({_IS_FOREIGN} OR attempts = 0)" if self._is_outbox else "1"
        return self._connection.execute(_UNATTEMPTED.format(self._metadata, theirs))

    def task(self, id_: int) -> Task:
        """Return a task. Raises LookupError where there is none."""
        columns = self._readable("tasks", rows.TASK_COLUMNS)
        row = self._connection.execute(_TASK.format(columns), (id_,)).fetchone()
        if row is None:
            raise LookupError(f"no task {id_}")
        return rows.task(row)

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return the attempts of a task that have ended, in order."""
        columns = self._readable("attempts", cells.ATTEMPT_COLUMNS)
        return [cells.attempt(row) for row in self._connection.execute(_ATTEMPTS_OF.format(columns), (task_id,))]

    def attempt_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield all attempts that have ended, each as its ATTEMPT_COLUMNS, by task and number."""
        return self._connection.execute(_ATTEMPTS.format(self._readable("attempts", cells.ATTEMPT_COLUMNS)))

    def _readable(self, table: str, columns: Sequence[str]) -> str:
        """Return columns for a SELECT: NULL where an earlier version did not have one."""
        there = schema.columns_of(self._connection, table)
        return rows.selected(columns, **{name: "NULL" for name in columns if name not in there})

    def perhaps_accepted(self) -> Iterator[tuple[int, str, str]]:
        """Yield queued tasks of which an attempt was or may have been accepted: id, verdict, code or nothing."""
        return self._connection.execute(_PERHAPS_ACCEPTED)

    def queued_since(self, at: float) -> Iterator[QueuedSince]:
        """Yield what campaigns queued since then, in id order."""
        return map(QueuedSince._make, self._connection.execute(_QUEUED_SINCE, (at,)))

    def verdicts_since(self, at: float) -> Iterator[tuple[str, str, int]]:
        """Yield campaign, verdict and number of the attempts that began since then and have ended."""
        return self._connection.execute(_VERDICTS_SINCE, (at,))

    def perhaps_twice_since(self, at: float) -> list[int]:
        """Return the tasks of which an attempt since then may have sent what another one had sent already."""
        return [id_ for (id_,) in self._connection.execute(_PERHAPS_TWICE_SINCE, (at,))]

    def on_the_wire(self) -> Iterator[tuple[str, int]]:
        """Yield the workers that are sending, each with how many messages."""
        return self._connection.execute(_ON_THE_WIRE)

    def decided_about(self) -> frozenset[int]:
        """Return the tasks that something was done to since they were adopted, beside attempts."""
        return frozenset(id_ for (id_,) in self._connection.execute(_DECIDED_ABOUT))
