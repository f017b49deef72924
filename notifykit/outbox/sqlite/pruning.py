"""Pruning the SQLite outbox."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from notifykit.errors import StoreError
from notifykit.outbox.digests import digests_of, is_digest
from notifykit.outbox.pruned import ARCHIVE_NOTES, ArchivePlace, PrunedMessage, place_name
from notifykit.outbox.pruning import Contents, Moved, Rows, Shelf
from notifykit.outbox.sqlite import contents, key_forms, rows, schema
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.notes import keep_note
from notifykit.wording.translation import gettext, gettext_noop

# Part of `_IDS`, `_COUNT` and `_STILL`: the messages that are finished since before a moment. Digests go with these.
_FINISHED = f"""status = 'completed' AND campaign IS NOT NULL AND completed_at < :before AND NOT {rows.overwritten()}
   AND typeof(record_key) = 'text' AND typeof(message_name) = 'text' AND typeof(round) = 'integer'
   AND NOT EXISTS (SELECT 1 FROM digests WHERE digests.task_id = tasks.id)
   AND NOT EXISTS (SELECT 1 FROM settling WHERE settling.campaign = tasks.campaign)
   AND NOT EXISTS (
       SELECT 1 FROM tasks AS sibling INDEXED BY tasks_dedup
        WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
          AND sibling.period IS tasks.period
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

# `take_back`: whether a task is there, under whatever id.
_THERE = """
SELECT 1 FROM tasks INDEXED BY tasks_dedup
 WHERE campaign = :now AND record_key = :record_key AND message_name = :message_name AND period IS :period
   AND queued_at IS :queued_at AND sent_at IS :sent_at AND attempts IS :attempts
"""

# `take_back`: whether an id is given; and the first round from that of a task on that is not.
_FREE = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE id = :id),
       max(:round, coalesce((SELECT max(round) + 1 FROM tasks INDEXED BY tasks_dedup
                              WHERE campaign = :now AND record_key = :record_key AND message_name = :message_name
                                AND period IS :period AND round >= :round), :round))
"""

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
INSERT INTO pruned (record_key, message, rounds, period)
SELECT record_key, (SELECT min(id) FROM pruned_messages AS known
                     WHERE known.campaign = tasks.campaign AND known.message_name = tasks.message_name), max(round),
       max(coalesce(period, ''))
  FROM tasks WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (record_key, message) DO UPDATE
   SET rounds = max(rounds, excluded.rounds), period = max(period, excluded.period)
"""

# `prune`: where they went.
_KEEP_PLACE = """
INSERT INTO archives (path, host, since, until, tasks) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (path, host) DO UPDATE SET until = excluded.until, tasks = tasks + excluded.tasks
"""

# `know`: a name of a message, unless it is known.
_KNOW_NAME = """
INSERT INTO pruned_messages (campaign, message_name) SELECT :campaign, :name
 WHERE NOT EXISTS (SELECT 1 FROM pruned_messages WHERE campaign = :campaign AND message_name = :name)
"""

# `know`: a key.
_KNOW = """
INSERT INTO pruned (record_key, message, rounds, period)
SELECT :key, min(id), :rounds, :period FROM pruned_messages WHERE campaign = :campaign AND message_name = :name
ON CONFLICT (record_key, message) DO UPDATE
   SET rounds = max(rounds, excluded.rounds), period = max(period, excluded.period)
"""

# `forget_archives`: one of them.
_FORGET_PLACE = "DELETE FROM archives WHERE path = ? AND host = ?"

# `prune`: digests that messages are or were in, and that are not to be sent.
_DIGESTS = """
SELECT DISTINCT digest FROM digest_members JOIN digests ON digests.task_id = digest JOIN tasks ON tasks.id = digest
 WHERE digest_members.task_id IN (SELECT value FROM json_each(?)) AND status NOT IN ('queued', 'sending')
"""

# `prune`: those of some digests of which no message is left.
_EMPTY = """
SELECT task_id FROM digests
 WHERE task_id IN (SELECT value FROM json_each(?))
   AND NOT EXISTS (SELECT 1 FROM digest_members WHERE digest = digests.task_id AND stands = 1)
   AND NOT EXISTS (SELECT 1 FROM decided INDEXED BY decided_task WHERE decided.task_id = digests.task_id)
"""

# `take_back`: the campaign of a digest whose messages are back.
_OF_DIGEST = """
SELECT campaign FROM tasks WHERE id IN (SELECT task_id FROM digest_members WHERE digest = ? AND stands = 1) LIMIT 1
"""

# `prune`: they are gone. Of which table comes within.
_DELETE = "DELETE FROM {} WHERE {} IN (SELECT value FROM json_each(?))"

_WHOLE = gettext_noop("put the whole archive back; `notifykit store info` says where it is")

TABLES = {
    "tasks": "id",
    **dict.fromkeys(("attempts", "events", "attached", "digests", "digest_members"), "task_id"),
}
"""What is moved, and by which column it is a task's."""


_ORDER = {
    "tasks": "id",
    "attempts": "task_id, number",
    "events": "id",
    "attached": "task_id, sha256",
    "digests": "task_id",
    "digest_members": "task_id, digest",
}


def rows_of(db: Database, ids: Sequence[int]) -> Moved:
    """Return all rows about some tasks, but for the ids of events, which are each store's own."""
    moved: dict[str, Rows] = {}
    for table, column in TABLES.items():
        with db.explaining():
            columns = [name for name in schema.columns_of(db.connection, table) if (table, name) != ("events", "id")]
        statement = _ROWS.format(", ".join(columns), table, column, _ORDER[table])
        moved[table] = (columns, db.all(statement, (json.dumps(ids),)))
    return moved


def of_tasks(
    columns: Sequence[str], found: Sequence[Sequence[Any]], column: str, ids: Mapping[int, int]
) -> Iterator[list[Any]]:
    """Yield the rows that are of some tasks, with the ids that these, and digests among them, have where they go."""
    of_ids = [name in (column, "digest") for name in columns]
    at = list(columns).index(column)
    for row in found:
        if row[at] in ids:
            yield [ids.get(cell, cell) if is_id else cell for cell, is_id in zip(row, of_ids, strict=True)]


def _delete(db: Database, ids: Sequence[int]) -> None:
    """Remove all rows about some tasks."""
    for table, column in TABLES.items() if ids else ():
        db.execute(_DELETE.format(table, column), (json.dumps(ids),))


def _take_back(table: str, columns: Sequence[str]) -> str:
    return _TAKE_BACK.format(table, ", ".join(columns), ", ".join("?" * len(columns)))


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
            carried = contents.of_tasks(db, still)
            digests = [id_ for (id_,) in db.all(_DIGESTS, which)]  # they go along with each of their messages
            state = shelf.put(rows_of(db, [*still, *digests]), contents.rows_of(db, carried))
            now = db.clock.now()
            db.execute(_NAME, which)
            db.execute(_KEEP_KEYS, which)
            db.execute(_KEEP_PLACE, (*shelf.place, now, now, len(still)))
            keep_note(db, ARCHIVE_NOTES, place_name(*shelf.place), state)
            _delete(db, still)
            _delete(db, [id_ for (id_,) in db.all(_EMPTY, (json.dumps(digests),))])
            contents.drop_unused(db, carried)
        return len(still)

    def know(self, messages: Sequence[PrunedMessage], place: tuple[str, str]) -> None:
        """Know messages as moved to an archive."""
        db = self.db
        with db.transaction():
            for one in messages:
                values = {name: getattr(one, name) for name in ("campaign", "name", "key", "rounds", "period")}
                db.execute(_KNOW_NAME, values)
                db.execute(_KNOW, values)
            key_forms.keep_forms(db, ((one.campaign, one.key) for one in messages))
            now = db.clock.now()
            db.execute(_KEEP_PLACE, (*place, now, now, len(messages)))

    def forget_archives(self, places: Sequence[ArchivePlace]) -> None:
        """Know of these archives no more."""
        self.db.executemany(_FORGET_PLACE, [(place.path, place.host) for place in places])

    def take_back(self, moved: Moved, files: Contents) -> int:
        """Put rows back that are not there, in one transaction; returns how many messages. Their keys stay known twice.

        A task whose id another one has by now gets a new one. Where its message was sent once more meanwhile, it is
        another round of it.
        """
        db = self.db
        columns, found = moved["tasks"]
        members, pairs = moved["digest_members"]
        of_digests = [(row[list(members).index("digest")], row[list(members).index("task_id")]) for row in pairs]
        now_of: dict[int, str] = {}
        back: dict[int, int] = {}
        tasks = [dict(zip(columns, row, strict=True)) for row in found]
        tasks.sort(key=lambda cells: is_digest(cells["campaign"]))  # stable; a digest has the campaign of its messages
        with db.transaction():
            for cells in tasks:
                if is_digest(cells["campaign"]):
                    its = (now_of[id_] for digest, id_ in of_digests if digest == cells["id"] and id_ in now_of)
                    of = next(its, None) or next((name for (name,) in db.all(_OF_DIGEST, (cells["id"],))), None)
                    now = None if of is None else digests_of(of)
                else:
                    with db.explaining():
                        now = name_of_now(db.connection, cells["record_key"], cells["message_name"], cells["campaign"])
                    if now is not None:
                        now_of[cells["id"]] = now
                asked = {"period": None, **cells, "now": now}
                if now is None or db.one(_THERE, asked) is not None:
                    continue
                taken, round_ = db.one(_FREE, asked)
                values = {**cells, "id": None if taken else cells["id"], "campaign": now, "round": round_}
                if cells["metadata"] is None:
                    values["metadata"] = "{}"
                id_ = db.execute(_take_back("tasks", columns), [values[name] for name in columns]).lastrowid
                assert id_ is not None  # noqa: S101 - a row was inserted
                if cells["metadata"] is None:
                    db.execute(_NO_METADATA, (id_,))
                back[cells["id"]] = id_
            for table in (name for name in TABLES if name != "tasks"):
                names, others = moved[table]
                db.executemany(_take_back(table, names), of_tasks(names, others, "task_id", back))
            for file in files:
                contents.add_rows(db, [file])
                contents.drop_unused(db, [file[0]])  # where the task that carries it is not put back
        return len(now_of.keys() & back.keys())

    def forget_pruned(self) -> None:
        """Know of no archive any more: all is back. Raises StoreError, and changes nothing, where anything is not."""
        db = self.db
        with db.transaction():
            if missing := db.one(_MISSING)[0]:
                raise StoreError(
                    gettext("{missing:,} messages are not in the archive that is here", missing=missing),
                    mend=gettext(_WHOLE),
                    where=db.path,
                )
            for table in ("pruned", "pruned_messages", "archives"):
                db.execute(_FORGET.format(table))
