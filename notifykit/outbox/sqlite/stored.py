"""An outbox as any connection shows it: in the store itself, in a copy, in an archive of an earlier version.

For tools that look at more than what the `Outbox` protocol tells, and that may meet a table that is no outbox yet.
Reads only. Every method raises sqlite3.Error.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from notifykit.clock import SystemClock
from notifykit.model import Attempt, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.pruned import archive_of
from notifykit.outbox.sqlite import rows, schema
from notifykit.outbox.sqlite.pruning import name_of_now
from notifykit.outbox.sqlite.reading import ReadOnlyDatabase
from notifykit.wording.translation import gettext

# `tasks_in_brief`: what campaigns own. Its terms come behind.
_IN_BRIEF = """
SELECT id, campaign, record_key, message_name, round, status, task_type, recipient, message, attempts, queued_at
  FROM tasks WHERE campaign IS NOT NULL
"""

# `owned_ids`: what campaigns own.
_OWNED = "SELECT id FROM tasks WHERE campaign IS NOT NULL"

# `latest_rounds`: the newest round of each message.
_ROUNDS = """
SELECT campaign, record_key, message_name, max(round) FROM tasks WHERE campaign IS NOT NULL GROUP BY 1, 2, 3
"""

# `campaigns`: those with tasks.
_CAMPAIGNS = "SELECT DISTINCT campaign FROM tasks WHERE campaign IS NOT NULL"

# `latest_rounds`: those that are in an archive.
_PRUNED_ROUNDS = """
SELECT campaign, record_key, message_name, max(rounds) FROM pruned JOIN pruned_messages ON pruned_messages.id = message
 GROUP BY 1, 2, 3
"""

# `campaigns`: those with messages in an archive.
_PRUNED_CAMPAIGNS = "SELECT DISTINCT campaign FROM pruned_messages"

# `live_keys`: those that are in an archive.
_PRUNED_KEYS = """
SELECT DISTINCT record_key FROM pruned JOIN pruned_messages ON pruned_messages.id = message WHERE campaign = ?
"""

# `old_columns`: what the old program reads of all rows.
_OLD_COLUMNS = "SELECT id, task_type, recipient, message, created_at, status FROM tasks ORDER BY id"

# `_archived`: where messages were moved to.
_PLACES = "SELECT path FROM archives ORDER BY until DESC, path"

# `_archived`: the file that a connection has open.
_FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"

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
    """What an outbox of this or an earlier version holds, with what was pruned out of it.

    A legacy table has foreign rows only.
    """

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
        there = map(TaskInBrief._make, self._connection.execute(f"{_IN_BRIEF}{where} ORDER BY id", given))
        if status not in (None, Status.COMPLETED):
            yield from there
            return
        with self._archived() as archives:
            gone = [self._moved(archive, campaign) for archive in archives]
            yield from _first_of_each(there, *gone)

    def _moved(self, archive: sqlite3.Connection, campaign: str | None) -> Iterator[TaskInBrief]:
        for task in map(TaskInBrief._make, archive.execute(f"{_IN_BRIEF} ORDER BY id")):
            known = self._as_now(task)
            if known is not None and campaign in (None, known.campaign):
                yield known

    def _as_now(self, task: TaskInBrief) -> TaskInBrief | None:
        """Return an archived task under its campaign's name of now; None where it is back in the store."""
        now = name_of_now(self._connection, task.key, task.name, task.campaign)
        return None if now is None else task._replace(campaign=now)

    def owned_ids(self) -> frozenset[int]:
        """Return the ids of the rows that campaigns own."""
        there = map(itemgetter(0), self._connection.execute(_OWNED))
        with self._archived() as archives:
            return frozenset(chain(there, (task.id for archive in archives for task in self._moved(archive, None))))

    def old_columns(self) -> Iterator[tuple[Any, ...]]:
        """Yield id, task type, recipient, text, `created_at` and status of every row, in id order."""
        with self._archived() as archives:
            yield from _first_of_each(*(one.execute(_OLD_COLUMNS) for one in (self._connection, *archives)))

    def latest_rounds(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield campaign, key and name of each message, with its newest round."""
        if self._is_outbox:
            yield from self._connection.execute(_ROUNDS)
            if schema.columns_of(self._connection, "pruned"):
                yield from self._connection.execute(_PRUNED_ROUNDS)

    def campaigns(self) -> frozenset[str]:
        """Return the campaigns with tasks."""
        found = rows.campaigns(self._connection.execute(_CAMPAIGNS))
        if schema.columns_of(self._connection, "pruned"):
            found += rows.campaigns(self._connection.execute(_PRUNED_CAMPAIGNS))
        return frozenset(found)

    def live_keys(self, campaign: str) -> list[str]:
        """Return the keys of a campaign with a task that was not cancelled."""
        found = {key: None for (key,) in self._connection.execute(_LIVE_KEYS, (campaign,))}
        if schema.columns_of(self._connection, "pruned"):
            found |= {key: None for (key,) in self._connection.execute(_PRUNED_KEYS, (campaign,))}
        return list(found)

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
            raise LookupError(gettext("no task {id}", id=id_))
        return rows.task(row)

    def attempts(self, task_id: int) -> list[Attempt]:
        """Return the attempts of a task that have ended, in order."""
        columns = self._readable("attempts", cells.ATTEMPT_COLUMNS)
        return [cells.attempt(row) for row in self._connection.execute(_ATTEMPTS_OF.format(columns), (task_id,))]

    def attempt_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield all attempts that have ended, each as its ATTEMPT_COLUMNS, by task and number."""
        return self._connection.execute(_ATTEMPTS.format(self._readable("attempts", cells.ATTEMPT_COLUMNS)))

    def is_pruned(self) -> bool:
        """Whether anything was moved to an archive."""
        return (
            bool(schema.columns_of(self._connection, "archives"))
            and self._connection.execute(_PLACES).fetchone() is not None
        )

    @contextmanager
    def _archived(self) -> Iterator[list[sqlite3.Connection]]:
        """Open the archives to read them, beside the outbox or where they were made; none where nothing was pruned.

        Raises sqlite3.Error where one is not there: what was moved is part of the outbox.
        """
        columns = schema.columns_of(self._connection, "archives")
        places = [Path(path) for (path,) in self._connection.execute(_PLACES)] if columns else []
        beside = archive_of(Path(self._connection.execute(_FILE).fetchone()[0]))
        files = [file for file in dict.fromkeys([beside, *places]) if file.exists()] if places else []
        if places and not files:
            raise sqlite3.OperationalError(
                gettext("the archive {archive}, with what was pruned, is not there; put it back", archive=places[0])
            )
        with ExitStack() as stack:
            yield [stack.enter_context(closing(ReadOnlyDatabase(file, SystemClock()))).connection for file in files]

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


R = TypeVar("R", bound=tuple[Any, ...])


def _first_of_each(there: Iterable[R], *gone: Iterable[R]) -> Iterator[R]:
    """Yield rows by their ids, each id once: what is in the store and in an archive is as in the store."""
    if not gone:
        yield from there
        return
    last = None
    for row in heapq.merge(there, *gone, key=itemgetter(0)):
        if row[0] != last:
            yield row
        last = row[0]
