"""Pruning the SQLite outbox."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from notifykit.errors import StoreError
from notifykit.outbox.pruning import Moved, Rows, Shelf
from notifykit.outbox.sqlite import rows, schema
from notifykit.outbox.sqlite.database import Database

# Part of `_IDS`, `_COUNT` and `_STILL`: what is finished since before a moment.
_FINISHED = f"""status = 'completed' AND campaign IS NOT NULL AND completed_at < :before AND NOT {rows.overwritten()}
   AND typeof(record_key) = 'text' AND typeof(message_name) = 'text' AND typeof(round) = 'integer'
   AND NOT EXISTS (SELECT 1 FROM settling WHERE settling.campaign = tasks.campaign)
   AND NOT EXISTS (
       SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
        WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
          AND (sibling.status NOT IN ('completed', 'cancelled') OR {rows.overwritten("sibling")}
               OR (sibling.status = 'completed' AND sibling.completed_at >= :before)
               OR EXISTS (SELECT 1 FROM decided INDEXED BY decided_task WHERE decided.task_id = sibling.id)))"""

# `finished`: a page of it.
_IDS = f"SELECT id FROM tasks NOT INDEXED WHERE id > :after AND {_FINISHED} ORDER BY id LIMIT :most"

# `count_finished`: all of it.
_COUNT = f"SELECT count(*) FROM tasks NOT INDEXED WHERE {_FINISHED}"

# `prune`: those of some that are still finished.
_STILL = f"SELECT id FROM tasks NOT INDEXED WHERE id IN (SELECT value FROM json_each(:ids)) AND {_FINISHED} ORDER BY id"

# `rows_of`: their rows. The columns, of which table, and the order come within.
_ROWS = "SELECT {} FROM {} WHERE {} IN (SELECT value FROM json_each(?)) ORDER BY {}"

# `name_of_now`: the campaigns that have such a message in an archive.
_CAMPAIGNS = """
SELECT campaign FROM pruned CROSS JOIN pruned_messages ON pruned_messages.id = message
 WHERE record_key = ? AND message_name = ?
"""

# `take_back`: whether a task is there.
_THERE = "SELECT 1 FROM tasks WHERE id = ?"

# `take_back`: a row. The table, its columns and places come within.
_TAKE_BACK = "INSERT INTO {} ({}) VALUES ({})"

# `take_back`: rows of the old program have no metadata; triggers of a migration know others' inserts by that.
_NO_METADATA = "UPDATE tasks SET metadata = NULL WHERE id = ?"

# `forget_pruned`: keys of which no task is there.
_MISSING = """
SELECT count(*) FROM pruned CROSS JOIN pruned_messages ON pruned_messages.id = message
 WHERE NOT EXISTS (SELECT 1 FROM tasks INDEXED BY tasks_dedup
                    WHERE tasks.campaign = pruned_messages.campaign AND tasks.record_key = pruned.record_key
                      AND tasks.message_name = pruned_messages.message_name)
"""

# `forget_pruned`: nothing is in an archive. Of which table comes within.
_FORGET = "DELETE FROM {}"

# `prune`: the name of a message, unless it is known.
_NAME = """
INSERT INTO pruned_messages (campaign, message_name)
SELECT DISTINCT campaign, message_name FROM tasks
 WHERE id IN (SELECT value FROM json_each(?))
   AND NOT EXISTS (SELECT 1 FROM pruned_messages AS known
                    WHERE known.campaign = tasks.campaign AND known.message_name = tasks.message_name)
"""

# `prune`: their keys stay.
_KEEP_KEYS = """
INSERT INTO pruned (record_key, message, rounds)
SELECT record_key, (SELECT min(id) FROM pruned_messages AS known
                     WHERE known.campaign = tasks.campaign AND known.message_name = tasks.message_name), max(round)
  FROM tasks WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (record_key, message) DO UPDATE SET rounds = max(rounds, excluded.rounds)
"""

# `prune`: where they went.
_KEEP_PLACE = """
INSERT INTO archives (path, host, since, until, tasks) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (path, host) DO UPDATE SET until = excluded.until, tasks = tasks + excluded.tasks
"""

# `prune`: they are gone. Of which table comes within.
_DELETE = "DELETE FROM {} WHERE {} IN (SELECT value FROM json_each(?))"

_WHOLE = "put the whole archive back; `notifykit store info` says where it is"

TABLES = {"tasks": "id", "attempts": "task_id", "events": "task_id"}
"""What is moved, and by which column it is a task's."""


_ORDER = {"tasks": "id", "attempts": "task_id, number", "events": "id"}


def archive_of(store: Path) -> Path:
    """Return the name of the archive beside a store, or beside the project file of one that a server keeps."""
    return store.with_name(f"{store.stem}-archive.db")


def rows_of(db: Database, ids: Sequence[int]) -> Moved:
    """Return all rows about some tasks, but for the ids of events, which are each store's own."""
    moved: dict[str, Rows] = {}
    for table, column in TABLES.items():
        columns = [name for name in schema.columns_of(db.connection, table) if (table, name) != ("events", "id")]
        statement = _ROWS.format(", ".join(columns), table, column, _ORDER[table])
        moved[table] = (columns, db.all(statement, (json.dumps(ids),)))
    return moved


def name_of_now(connection: sqlite3.Connection, key: str, name: str, campaign: str) -> str | None:
    """Return what the campaign of an archived message is called now; None where the message is in the store.

    Raises sqlite3.Error.
    """
    known = [row[0] for row in connection.execute(_CAMPAIGNS, (key, name))]
    return campaign if campaign in known else next(iter(known), None)


class SqlitePruning:
    """See `notifykit.outbox.pruning.Pruning`."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def finished(self, before: float, *, after: int, most: int) -> list[int]:
        """Return the ids of tasks that are finished, in order."""
        return [id_ for (id_,) in self.db.all(_IDS, {"before": before, "after": after, "most": most})]

    def count_finished(self, before: float) -> int:
        """Return how many there are."""
        return int(self.db.one(_COUNT, {"before": before})[0])

    def prune(self, ids: Sequence[int], before: float, shelf: Shelf) -> int:
        """Move those of the tasks that are still finished."""
        db = self.db
        with db.transaction():
            still = [id_ for (id_,) in db.all(_STILL, {"ids": json.dumps(ids), "before": before})]
            if not still:
                return 0
            which = (json.dumps(still),)
            shelf.put(rows_of(db, still))
            now = db.clock.now()
            db.execute(_NAME, which)
            db.execute(_KEEP_KEYS, which)
            db.execute(_KEEP_PLACE, (*shelf.place, now, now, len(still)))
            for table, column in TABLES.items():
                db.execute(_DELETE.format(table, column), which)
        return len(still)

    def take_back(self, moved: Moved) -> int:
        """Put rows back that are not there, in one transaction; returns how many tasks. Their keys stay known twice."""
        db = self.db
        columns, found = moved["tasks"]
        at = {name: place for place, name in enumerate(columns)}
        back: set[int] = set()
        with db.transaction():
            for row in found:
                key, name, campaign = (row[at[what]] for what in ("record_key", "message_name", "campaign"))
                now = name_of_now(db.connection, key, name, campaign)
                if now is None or db.one(_THERE, (row[at["id"]],)) is not None:
                    continue
                values = list(row)
                values[at["campaign"]] = now
                if row[at["metadata"]] is None:
                    values[at["metadata"]] = "{}"
                self._insert_back("tasks", columns, [values])
                if row[at["metadata"]] is None:
                    db.execute(_NO_METADATA, (row[at["id"]],))
                back.add(row[at["id"]])
            for table in ("attempts", "events"):
                names, others = moved[table]
                of_task = list(names).index("task_id")
                self._insert_back(table, names, [row for row in others if row[of_task] in back])
        return len(back)

    def _insert_back(self, table: str, columns: Sequence[str], found: Sequence[Sequence[object]]) -> None:
        statement = _TAKE_BACK.format(table, ", ".join(columns), ", ".join("?" * len(columns)))
        self.db.executemany(statement, found)

    def forget_pruned(self) -> None:
        """Know of no archive any more: all is back. Raises StoreError, and changes nothing, where anything is not."""
        db = self.db
        with db.transaction():
            if missing := db.one(_MISSING)[0]:
                raise StoreError(
                    f"{missing:,} messages are not in the archive that is here", mend=_WHOLE, where=db.path
                )
            for table in ("pruned", "pruned_messages", "archives"):
                db.execute(_FORGET.format(table))
