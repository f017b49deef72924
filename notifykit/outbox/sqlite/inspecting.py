"""A look at a whole SQLite outbox: how large it is, and whether it is sound."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from notifykit.errors import StoreDamagedError
from notifykit.model import Status
from notifykit.outbox.inspection import Finding, StoreFacts, unreadable
from notifykit.outbox.sqlite import rows, schema
from notifykit.outbox.sqlite.looking import Looking
from notifykit.outbox.values import Filter
from notifykit.wording.translation import gettext, gettext_noop

# `facts`: how many tasks are where. Rows of no campaign are another program's.
_BY_STATUS = f"""
SELECT CASE WHEN campaign IS NULL THEN 'pending' WHEN {rows.overwritten()} THEN 'foreign' ELSE status END, count(*)
  FROM tasks GROUP BY 1
"""

# `facts`: when the oldest was queued of what is neither sent nor cancelled, and when the first was completed.
_AGES = f"""
SELECT min(CASE WHEN status IN ('queued', 'sending', 'failed', 'in_doubt') AND queued_at {rows.IS_TIME}
                THEN queued_at END),
       min(CASE WHEN status = 'completed' AND completed_at {rows.IS_TIME} THEN completed_at END)
  FROM tasks WHERE campaign IS NOT NULL
"""

# `facts`: rows of a table.
_COUNT = "SELECT count(*) FROM {}"

# `_physical`: what SQLite itself finds, at most.
_QUICK_CHECK = "PRAGMA quick_check(20)"

# `_physical`: the tables, and what SQLite finds in one of them. Its name comes within.
_ALL_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
_CHECK_TABLE = "PRAGMA quick_check('{}')"

# `_foreign_keys`: rows that name what is not there. No table of an outbox does by a foreign key; others' may.
_FOREIGN_KEYS = "PRAGMA foreign_key_check"

# `findings`: attempts of no task.
_LOST_ATTEMPTS = """
SELECT count(*) FROM attempts WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id)
"""

# `findings`: events of no task.
_LOST_EVENTS = "SELECT count(*) FROM events WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id)"

# `findings`: decisions about no task.
_LOST_DECISIONS = "SELECT count(*) FROM decided WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id)"

# `findings`: tasks with an attempt of a higher number than their latest: the fence would let a late result pass.
_UNFENCED = """
SELECT count(*) FROM tasks
 WHERE campaign IS NOT NULL AND typeof(attempts) = 'integer'
   AND attempts < (SELECT max(number) FROM attempts WHERE task_id = tasks.id)
"""

# `findings`: lanes in which something waits, nothing is on the wire, and nobody has the turn.
_NO_TURN = """
SELECT count(*) FROM (
    SELECT channel, recipient FROM tasks INDEXED BY tasks_lane WHERE status = 'queued' AND ordered = 1
     GROUP BY channel, recipient
    HAVING max(due_at) IS NULL AND NOT EXISTS (
           SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
            WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = tasks.channel
              AND busy.recipient = tasks.recipient))
"""

_RESTORE = gettext_noop(
    "stop everything and go back to a backup, or copy what can be read with `sqlite3 FILE .recover`"
)

_KINDS = ("tasks", "attempts", "events", "decisions")

_LOST = gettext_noop("delete them, where another program deleted their messages; otherwise go back to a backup")

_RULES = (
    ("attempts_of_nothing", _LOST_ATTEMPTS, gettext_noop("attempts of messages that are not there"), _LOST),
    ("events_of_nothing", _LOST_EVENTS, gettext_noop("events of messages that are not there"), _LOST),
    ("decisions_of_nothing", _LOST_DECISIONS, gettext_noop("decisions about messages that are not there"), _LOST),
    (
        "unfenced",
        _UNFENCED,
        gettext_noop("messages whose number of attempts is lower than that of an attempt"),
        gettext_noop("another program wrote it; cancel them, or go back to a backup"),
    ),
    (
        "no_turn",
        _NO_TURN,
        gettext_noop("recipients with messages that wait for nobody's turn"),
        gettext_noop("`notifykit dispatch --once` gives them their turns"),
    ),
)


class SqliteInspection:
    """See `notifykit.outbox.inspection.StoreInspection`."""

    def __init__(self, outbox: Looking) -> None:
        self._outbox = outbox
        self._db = outbox.db

    def facts(self) -> StoreFacts:
        """Return how large the files are, and what is in them."""
        db = self._db
        by_status = Counter[Status]()
        for status, number in db.all(_BY_STATUS):
            by_status[rows.status(status)] += number
        waiting, finished = db.one(_AGES)
        sizes: dict[str, int] = {}
        for suffix in ("", "-wal"):
            with suppress(OSError):
                sizes[f"file{suffix}"] = db.path.with_name(db.path.name + suffix).stat().st_size
        return StoreFacts(
            bytes=sizes,
            rows={kind: db.one(_COUNT.format(kind))[0] for kind in _KINDS},
            by_status=by_status,
            oldest_waiting=waiting,
            oldest_finished=finished,
        )

    def findings(self) -> Iterator[Finding]:
        """Yield what SQLite finds, what the schema lacks, and what the outbox's own rules are broken by."""
        found = damage(self._db.connection)
        yield from found
        looks: list[Callable[[], Iterable[Finding]]] = [self._foreign_keys, self._overwritten]
        looks[1:1] = [partial(self._broken, *rule) for rule in _RULES]
        for look in looks:
            try:
                yield from look()
            except StoreDamagedError as error:
                if not found:  # what is damaged need not be told once for each that needs it
                    found.append(_damaged(error.what))
                    yield found[0]

    def _foreign_keys(self) -> Iterator[Finding]:
        if lost := self._db.all(_FOREIGN_KEYS):
            tables = ", ".join(sorted({str(row[0]) for row in lost}))
            what = gettext("rows of {tables} that name a row which is not there", tables=tables)
            yield Finding(rule="foreign_keys", number=len(lost), what=what, mend=gettext("its program is to mend that"))

    def _broken(self, rule: str, statement: str, what: str, mend: str) -> Iterator[Finding]:
        if number := self._db.one(statement)[0]:
            yield Finding(rule=rule, number=number, what=gettext(what), mend=gettext(mend))

    def _overwritten(self) -> Iterator[Finding]:
        if foreign := sum(bool(task.campaign) for task in self._outbox.tasks(Filter(statuses=(Status.FOREIGN,)))):
            yield unreadable(foreign)


def damage_of(path: Path) -> Iterator[Finding]:
    """Yield what is damaged of an outbox that cannot be opened as one. Nothing is written."""
    if not path.stat().st_size:
        return  # which SQLite takes for a sound database
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield from damage(connection)
    except sqlite3.Error as error:
        yield _damaged(str(error))


def damage(connection: sqlite3.Connection) -> list[Finding]:
    """Return each line that SQLite's own check says, and what is missing of the schema."""
    found: dict[Finding, None] = {}
    for look in (_physical, _schema):
        try:
            found |= dict.fromkeys(look(connection))
        except sqlite3.Error as error:
            found[_damaged(str(error))] = None
    return list(found)


def _physical(connection: sqlite3.Connection) -> Iterator[Finding]:
    try:
        yield from _lines(connection.execute(_QUICK_CHECK))
    except sqlite3.DatabaseError:  # it ends at the first thing that it cannot pass; then each table is asked alone
        for (table,) in connection.execute(_ALL_TABLES).fetchall():
            try:
                yield from _lines(connection.execute(_CHECK_TABLE.format(table.replace("'", "''"))), f"{table}: ")
            except sqlite3.DatabaseError as error:
                yield _damaged(f"{table}: {error}")


def _lines(found: Iterable[tuple[str]], of: str = "") -> Iterator[Finding]:
    for (said,) in found:
        for line in said.splitlines() if said != "ok" else ():
            if not line.startswith("***"):  # a heading
                yield _damaged(f"{of}{line}")


def _schema(connection: sqlite3.Connection) -> Iterator[Finding]:
    for line in schema.missing(connection):
        yield Finding(rule="schema", number=1, what=line, mend=gettext(_RESTORE))


def _damaged(line: str) -> Finding:
    return Finding(rule="damaged", number=1, what=gettext("SQLite says: {line}", line=line), mend=gettext(_RESTORE))
