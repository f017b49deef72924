"""The old task table: its rows, what was tried of it, and the signs that it was purged."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from notifykit.errors import StoreError
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import HIGHEST_ID
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.wording import Reason
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.model import Attempt, Row, Stopped
from notifykit_migration.store import fence
from notifykit_migration.wording import holds, proven, warnings

Owned = dict[tuple[str, str], dict[str, int]]
"""(campaign, key) to message to its highest round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What the order of ids says about pending rows: the old scheduler works through them one at a time."""

    completed: Sequence[tuple[int, str]]
    """(id, latest `updated_at` of this and all higher completed rows), by rising id."""
    first_beyond: int | None
    """The first pending row above the highest completed one."""
    stopped: Stopped
    log: LegacyLog | None

    def of(self, id_: int, created_at: str) -> tuple[Attempt, Reason]:
        """Say whether a pending row was tried, and how that is known."""
        if self.log is not None and (told := self._by_log(id_, self.log)) is not None:
            return told
        highest = self.completed[-1][0] if self.completed else 0
        if id_ < highest:
            _, last = self.completed[bisect_right(self.completed, id_, key=itemgetter(0))]
            if last >= created_at:
                return Attempt.RAISED, holds.TRIED(row=highest)
            return Attempt.PERHAPS, holds.CLOCK_SET_BACK()
        if self._to_the_end(highest):
            return Attempt.NEVER, proven.NOT_IN_LOG()
        if id_ == self.first_beyond and self.stopped is Stopped.UNKNOWN:
            return Attempt.PERHAPS, holds.PERHAPS_IN_FLIGHT()
        return Attempt.NEVER, proven.NEVER_TRIED(row=highest)

    def _to_the_end(self, highest: int) -> bool:
        """Whether there is a log that reaches beyond the old scheduler's last success."""
        return self.log is not None and (highest in self.log.begun or highest in self.log.done)

    @staticmethod
    def _by_log(id_: int, log: LegacyLog) -> tuple[Attempt, Reason] | None:
        """Return what a log says of a row; None where it does not mention it, as one that begins too late does not."""
        if id_ in log.done:
            return Attempt.PERHAPS, holds.LOG_COMPLETED()
        if id_ in log.raised:
            return Attempt.RAISED, holds.LOG_RAISED()
        if id_ in log.begun:
            return Attempt.PERHAPS, holds.LOG_BEGUN()
        return None


def tasks_table(connection: sqlite3.Connection) -> bool:
    """Whether there is a table `tasks`. Raises PreflightError where it is none of the old program's."""
    columns = schema.columns_of(connection)
    if columns[: len(LEGACY_COLUMNS)] != LEGACY_COLUMNS and columns:
        raise PreflightError(
            f"the table `tasks` has the columns {', '.join(columns)}; the old program's begin with "
            f"{', '.join(LEGACY_COLUMNS)}",
            mend="check `store:` in notifykit.yaml",
        )
    more = columns[len(LEGACY_COLUMNS) :]
    if more and columns != schema.expected_columns(schema.applied(connection)):
        raise PreflightError(
            f"the table `tasks` has columns that neither the old program nor notifykit makes: {', '.join(more)}",
            mend=(f"take them away (`ALTER TABLE tasks DROP COLUMN {more[0]}`, indexes on it first), and plan again"),
        )
    if not more and (taken := sorted(_names(connection) & {*schema.objects(), *fence.TABLES, *fence.TRIGGERS})):
        raise PreflightError(
            f"another program's table, index or view in the database is called {taken[0]}, and "
            "notifykit needs that name",
            mend="rename it, or move it to a file of its own, and plan again",
        )
    if columns and gap(connection)[1] == HIGHEST_ID:
        raise PreflightError(
            f"the table `tasks` has had a row with the id {HIGHEST_ID}, so no higher one is left",
            mend="delete that row, then `UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM tasks) WHERE name = "
            "'tasks'`, and plan again",
        )
    return bool(columns)


def _names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def check_version(connection: sqlite3.Connection, name: str) -> None:
    """Raise PreflightError where a newer notifykit wrote the store."""
    try:
        schema.require_known(schema.applied(connection), name)
    except StoreError as error:
        raise PreflightError(str(error)) from error


def read_rows(connection: sqlite3.Connection) -> Iterator[Row]:
    """Yield the rows that no campaign owns, in id order."""
    for row in StoredOutbox(connection).foreign_rows():
        yield Row(
            id=row.id,
            task_type=str(row.task_type),
            recipient=str(row.recipient),
            text=str(row.text),
            status=str(row.status),
            created_at=str(row.created_at),
            updated_at=str(row.updated_at),
        )


def read_owned(connection: sqlite3.Connection) -> Owned:
    """Return what the outbox has already, where the table is one."""
    owned: Owned = {}
    for campaign, key, message, round_ in StoredOutbox(connection).latest_rounds():
        owned.setdefault((campaign, key), {})[message] = round_
    return owned


def read_attempts(connection: sqlite3.Connection, stopped: Stopped, log: LegacyLog | None) -> Attempts:
    """Read what the order of ids says. What notifykit itself sent says nothing of the old scheduler's order."""
    completed: list[tuple[int, str]] = []
    latest = ""
    for id_, updated in StoredOutbox(connection).completed_unattempted():
        latest = max(latest, str(updated))
        completed.append((id_, latest))
    completed.reverse()
    highest = completed[-1][0] if completed else 0
    (first,) = connection.execute(
        "SELECT min(id) FROM tasks WHERE status = 'pending' AND id > ?", (highest,)
    ).fetchone()
    return Attempts(completed=completed, first_beyond=first, stopped=stopped, log=log)


def gap(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many ids were given of which there is no row, and how many were given."""
    (count,) = connection.execute("SELECT count(*) FROM tasks").fetchone()
    sequence = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone()
    given = int(sequence[0]) if sequence else 0
    return max(0, given - count), given


def purged(connection: sqlite3.Connection, vacant: int = 0) -> Reason | None:
    """Say by what it is seen that rows were deleted; None where none were.

    `vacant`: how many ids rollbacks left without a row.
    """
    gone, given = gap(connection)
    if gone <= vacant:
        return None
    (lowest,) = connection.execute("SELECT min(id) FROM tasks").fetchone()
    if lowest and lowest > 1:
        return warnings.FIRST_ROWS_GONE(gone=gone - vacant, given=given, lowest=lowest)
    return warnings.ROWS_GONE(gone=gone - vacant, given=given)


def epoch(text: str) -> float | None:
    """Return the time of a legacy column, which is local; None where it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
