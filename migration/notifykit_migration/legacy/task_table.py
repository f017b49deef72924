"""The old task table: its rows, what was tried of it, and the signs that it was purged."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from zoneinfo import ZoneInfo

from notifykit.errors import StoreError
from notifykit.outbox.sqlite import schema
from notifykit.outbox.sqlite.database import HIGHEST_ID
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS
from notifykit.outbox.sqlite.stored import StoredOutbox
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError
from notifykit_migration.legacy.log import LegacyLog
from notifykit_migration.model import Attempt, Row, Stopped
from notifykit_migration.store import fence
from notifykit_migration.wording import holds, proven, warnings

AHEAD = 600.0
"""Seconds that another computer's clock may be ahead of this one's."""

Owned = dict[tuple[str, str], dict[str, int]]
"""(campaign, key) to message to its highest round."""


_AT_ONCE = 500
"""Rows that one statement asks for."""

_TEXTS = "SELECT id, CAST(message AS TEXT) FROM tasks WHERE id IN ({})"
"""`read_row_texts`: the texts of rows; the places of their ids come within."""


@dataclass(slots=True)
class _Order:
    """Rows that the old scheduler works through one at a time, by their ids."""

    completed: list[tuple[int, str]] = field(default_factory=list)
    """(id, latest `updated_at` of this and all higher completed rows), by rising id: each with which that rises."""
    first_beyond: int | None = None
    """The first pending row above the highest completed one."""
    last_behind: str = ""
    """The latest `updated_at` of completed rows of types whose turn comes later."""

    def add(self, id_: int, updated_at: str) -> None:
        """Add a completed row. They come by falling id."""
        if not self.completed or updated_at > self.completed[-1][1]:
            self.completed.append((id_, updated_at))

    def end(self, connection: sqlite3.Connection, which: str, values: Sequence[str]) -> None:
        """Every completed row was added. `which`: a term of SQL for the rows of this order."""
        self.completed.reverse()
        terms = f"status = 'pending' AND id > ? AND {which}"
        (self.first_beyond,) = connection.execute(
            f"SELECT min(id) FROM tasks WHERE {terms}", (self.highest, *values)
        ).fetchone()

    @property
    def highest(self) -> int:
        """The highest completed row; 0 where there is none."""
        return self.completed[-1][0] if self.completed else 0

    def of(self, id_: int, created_at: str, stopped: Stopped, *, to_the_end: bool) -> tuple[Attempt, Reason]:
        """Say whether a pending row was tried. `to_the_end`: there is a log of the last success, and it says no."""
        if id_ < self.highest:
            _, last = self.completed[bisect_right(self.completed, id_, key=itemgetter(0))]
            if last >= created_at:
                return Attempt.RAISED, holds.TRIED(row=self.highest)
            return Attempt.PERHAPS, holds.CLOCK_SET_BACK()
        if to_the_end:
            return Attempt.NEVER, proven.NOT_IN_LOG()
        if self.last_behind >= created_at:
            return Attempt.RAISED, holds.TRIED_BEFORE_ITS_TYPE()
        if id_ == self.first_beyond and stopped is Stopped.UNKNOWN:
            return Attempt.PERHAPS, holds.PERHAPS_IN_FLIGHT()
        return Attempt.NEVER, proven.NEVER_TRIED(row=self.highest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What the order in which the old scheduler works says about pending rows.

    It asks for them in no order, so it gets them by id; with the index (status, task_type) of the published upgrade
    plan, by type and id. Rows that name their contract in their metadata were all made when that index was there.
    """

    stopped: Stopped
    log: LegacyLog | None
    by_id: _Order = field(default_factory=_Order)
    by_type: Mapping[str, _Order] | None = None
    """None where there is no such index."""

    def of(self, id_: int, created_at: str, task_type: str, *, planned: bool) -> tuple[Attempt, Reason]:
        """Say whether a pending row was tried, and how that is known. `planned`: it names its contract."""
        if self.log is not None and (told := self._by_log(id_, self.log)) is not None:
            return told
        orders = [self.by_id] if self.by_type is None or not planned else []
        orders += [self.by_type.get(task_type, _Order())] if self.by_type is not None else []
        found = [order.of(id_, created_at, self.stopped, to_the_end=self._to_the_end(order)) for order in orders]
        return max(found, key=lambda one: _GRAVITY.index(one[0]))

    def _to_the_end(self, order: _Order) -> bool:
        """Whether there is a log that reaches beyond the old scheduler's last success."""
        return self.log is not None and (order.highest in self.log.begun or order.highest in self.log.done)

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


_GRAVITY = (Attempt.NEVER, Attempt.RAISED, Attempt.PERHAPS)


def tasks_table(connection: sqlite3.Connection) -> bool:
    """Whether there is a table `tasks`. Raises PreflightError where it is none of the old program's."""
    columns = schema.columns_of(connection)
    if columns[: len(LEGACY_COLUMNS)] != LEGACY_COLUMNS and columns:
        raise PreflightError(
            gettext(
                "the table `tasks` has the columns {columns}; the old program's begin with {legacy_columns}",
                columns=", ".join(columns),
                legacy_columns=", ".join(LEGACY_COLUMNS),
            ),
            mend=gettext("check `store:` in notifykit.yaml"),
        )
    more = columns[len(LEGACY_COLUMNS) :]
    old = columns in schema.OLD_TABLES
    if more and not old and columns != schema.expected_columns(schema.applied(connection)):
        raise PreflightError(
            gettext(
                "the table `tasks` has columns that neither the old program nor notifykit makes: {more}",
                more=", ".join(more),
            ),
            mend=gettext(
                "take them away (`ALTER TABLE tasks DROP COLUMN {column}`, indexes on it first), and plan again",
                column=more[0],
            ),
        )
    if old and (taken := sorted(_names(connection) & {*schema.objects(), *fence.TABLES, *fence.TRIGGERS})):
        raise PreflightError(
            gettext(
                "another program's table, index or view in the database is called {taken}, and "
                "notifykit needs that name",
                taken=taken[0],
            ),
            mend=gettext("rename it, or move it to a file of its own, and plan again"),
        )
    if columns and gap(connection)[1] == HIGHEST_ID:
        raise PreflightError(
            gettext(
                "the table `tasks` has had a row with the id {highest_id}, so no higher one is left",
                highest_id=HIGHEST_ID,
            ),
            mend=gettext(
                "delete that row, then `UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM tasks) WHERE name = "
                "'tasks'`, and plan again"
            ),
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
            metadata=row.metadata if isinstance(row.metadata, str) else None,
        )


def read_row_texts(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of these rows."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found.update(connection.execute(_TEXTS.format(",".join("?" * len(some))), some))
    return found


def read_owned(connection: sqlite3.Connection) -> Owned:
    """Return what the outbox has already, where the table is one."""
    owned: Owned = {}
    for campaign, key, message, round_ in StoredOutbox(connection).latest_rounds():
        owned.setdefault((campaign, key), {})[message] = round_
    return owned


def read_attempts(connection: sqlite3.Connection, stopped: Stopped, log: LegacyLog | None) -> Attempts:
    """Read what the order of rows says. What notifykit itself sent says nothing of the old scheduler's order."""
    by_id = _Order()
    types = connection.execute("SELECT DISTINCT task_type FROM tasks ORDER BY 1 DESC")
    by_type = {kind: _Order() for (kind,) in types} if _is_by_type(connection) else None
    for id_, updated, kind, planned in StoredOutbox(connection).completed_unattempted():
        if by_type is None or not planned:
            by_id.add(id_, str(updated))
        if by_type is not None:
            by_type[kind].add(id_, str(updated))
    by_id.end(connection, "1", ())
    behind = ""
    for kind, order in (by_type or {}).items():
        order.end(connection, "task_type = ?", (kind,))
        order.last_behind = behind
        behind = max(behind, *(updated for _, updated in order.completed[:1]), "")
    return Attempts(by_id=by_id, by_type=by_type, stopped=stopped, log=log)


def _is_by_type(connection: sqlite3.Connection) -> bool:
    """Whether an index gives the old scheduler its rows by type: one that begins with status and task type."""
    for _, name, *_ in connection.execute("PRAGMA index_list(tasks)").fetchall():
        columns = [column for _, _, column in connection.execute("SELECT * FROM pragma_index_info(?)", (name,))]
        if columns[:2] == ["status", "task_type"]:
            return True
    return False


def gap(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many ids were given of which there is no row, and how many were given."""
    (count,) = connection.execute("SELECT count(*) FROM tasks").fetchone()
    sequence = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tasks'").fetchone()
    given = int(sequence[0]) if sequence else 0
    return max(0, given - count), given


def ahead(connection: sqlite3.Connection, now: float, timezone: str) -> Reason | None:
    """Say that the newest row is of a time that has not come: the times are of another zone. None where it is not."""
    (newest,) = connection.execute("SELECT max(created_at) FROM tasks").fetchone()
    at = epoch(str(newest), timezone)
    if at is None or at - now < AHEAD:
        return None
    return warnings.TIMES_AHEAD(time=str(newest), hours=(at - now) / 3600.0)


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


def epoch(text: str, timezone: str) -> float | None:
    """Return the time of a legacy column, which is local to `timezone`; None where it is none.

    An empty zone is that of this computer.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=ZoneInfo(timezone)) if timezone and moment.tzinfo is None else moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def contract_named(metadata: str) -> str | None:
    """Return the contract that the metadata of a row name; None where they are of another kind."""
    try:
        said = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    key = said.get("contract_id") if isinstance(said, dict) else None
    return key if isinstance(key, str) else None
