"""The SQLite outbox as one end of a copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from notifykit.errors import StoreError
from notifykit.keys.normal import normal_form
from notifykit.outbox.copying import KINDS, CopyState, Row, Turn, as_bytes, as_text
from notifykit.outbox.sqlite import lanes, schema
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.wording.translation import gettext

_ORDER = {
    "tasks": "id",
    "contents": "sha256",
    "attached": "task_id, sha256",
    "attempts": "task_id, number",
    "events": "id",
    "starts": "channel, at, task_id, number",
    "campaign_data": "id",
    "distinct_keys": "campaign, one, other",
    "held_campaigns": "campaign",
    "campaigns": "campaign",
    "pauses": "channel",
    "outages": "channel",
    "decisions": "id",
    "decided": "decision, task_id",
    "notes": "topic, name",
    "totals": "name, campaign, channel, detail",
    "uncounted": "task_id, number",
    "digests": "task_id",
    "digest_members": "task_id, digest",
    "archives": "path, host",
}
"""The kinds that are tables, and the order of their rows."""

_CELLS = {
    "text": "message",
    "metadata": "coalesce(metadata, '{}')",
    "not_before": "coalesce(not_before, 0.0)",
    "period": "coalesce(period, '')",
}
"""How columns of a task are read that are called otherwise here, or may hold nothing."""

# `state`: why nobody works with the outbox.
_STATE = "SELECT state, other, copy, at FROM outbox_copy"

# `mark`: keep that.
_MARK = "INSERT INTO outbox_copy (state, other, copy, at) VALUES (?, ?, ?, ?)"

# `mark`: it is in use.
_UNMARK = "DELETE FROM outbox_copy"

# `copy_identity`: be this outbox.
_IDENTITY = "UPDATE outbox_identity SET id = ?"

# `rows`: the highest id that was ever given.
_SEQUENCE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'tasks'"

# `rows`: the keys that are not their own normal forms.
_KEYS = "SELECT campaign, record_key FROM key_forms ORDER BY campaign, record_key"

# `add`: likewise.
_KEEP_KEY = "INSERT INTO key_forms (campaign, form, record_key) VALUES (?, ?, ?)"

# `rows`: what is in an archive.
_PRUNED = """
SELECT campaign, record_key, message_name, max(rounds), max(period)
  FROM pruned JOIN pruned_messages ON pruned_messages.id = message
 GROUP BY campaign, record_key, message_name ORDER BY campaign, record_key, message_name
"""

# `add`: the name of a message that is in an archive, unless it is known.
_NAME_PRUNED = """
INSERT INTO pruned_messages (campaign, message_name) SELECT :campaign, :name
 WHERE NOT EXISTS (SELECT 1 FROM pruned_messages WHERE campaign = :campaign AND message_name = :name)
"""

# `add`: what is in an archive.
_ADD_PRUNED = """
INSERT INTO pruned (record_key, message, rounds, period)
SELECT :key, id, :rounds, :period FROM pruned_messages WHERE campaign = :campaign AND message_name = :name
"""

# `add`: where no row has that id.
_DROP_SEQUENCE = "DELETE FROM sqlite_sequence WHERE name = 'tasks'"

# `add`: the highest id that was ever given.
_SET_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) VALUES ('tasks', ?)"

# `_carried`: all that others made: tables first, so that what hangs on them finds them.
_OTHERS = """
SELECT name, sql, type FROM sqlite_master
 WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' AND tbl_name <> '_sqlite_migrations'
 ORDER BY type <> 'table', rowid
"""

# `add`: the cells of a task that are made from others.
_LOCAL_TIMES = """
UPDATE tasks SET created_at = datetime(queued_at, 'unixepoch', 'localtime'),
                 updated_at = datetime(coalesce(completed_at, sent_at, queued_at), 'unixepoch', 'localtime')
"""

# `give_turns`: nobody's, to begin with.
_NO_TURNS = "UPDATE tasks SET due_at = NULL WHERE status = 'queued'"

# `give_turns`: every lane of which something waits.
_LANES = "SELECT DISTINCT channel, recipient FROM tasks INDEXED BY tasks_lane WHERE status = 'queued' AND ordered = 1"

# `give_turns`: what waits for no other.
_UNORDERED = "SELECT id FROM tasks WHERE status = 'queued' AND ordered = 0"

# `turns`: the first of each lane.
_TURNS = """
SELECT channel, recipient, due_at, id FROM (
    SELECT channel, recipient, due_at, id, row_number() OVER (
        PARTITION BY channel, CASE ordered WHEN 1 THEN recipient ELSE id END ORDER BY due_at, id) AS turn
      FROM tasks WHERE status = 'queued' AND due_at IS NOT NULL)
 WHERE turn = 1 ORDER BY id
"""


class SqliteCopyEnd:
    """See `notifykit.outbox.copying.CopyEnd`."""

    def __init__(self, outbox: SqliteOutbox) -> None:
        self.outbox = outbox
        self._db = outbox.db

    def held(self) -> AbstractContextManager[None]:
        """Begin a transaction that writes."""
        return self._db.transaction()

    def state(self) -> CopyState | None:
        """Read the mark."""
        with self._db.explaining():
            return schema.copy_state(self._db.connection)

    def mark(self, state: CopyState | None) -> None:
        """Write the mark."""
        self._db.execute(_UNMARK)
        if state is not None:
            self._db.execute(_MARK, state)

    def copy_identity(self, identity: str) -> None:
        """Be this outbox."""
        self._db.execute(_IDENTITY, (identity,))

    def clear(self) -> None:
        """Remove all rows, and what others made."""
        for name, _, kind in self._others():
            self._db.execute(f'DROP {kind} IF EXISTS "{name}"')
        for table in (*_ORDER, "key_forms", "channels", "settling", "pruned", "pruned_messages"):
            self._db.execute(f"DELETE FROM {table}")
        self._db.execute(_DROP_SEQUENCE)

    def kept(self, kind: str, row: Row) -> Row | None:
        """Return the row: SQLite keeps every text. A file is on one machine, so it has no places."""
        return None if kind == "sources" else row

    def rows(self, kind: str) -> Iterator[Row]:
        """Yield the rows of a kind."""
        if kind == "sequence":
            return iter(self._db.all(_SEQUENCE))
        if kind == "carried":
            return self._carried()
        if kind == "sources":
            return iter(())
        if kind == "keys":
            return self._db.each(_KEYS)
        if kind == "pruned":
            return self._db.each(_PRUNED)
        cells = ", ".join(_CELLS.get(name, name) if kind == "tasks" else name for name in KINDS[kind])
        found = self._db.each(f"SELECT {cells} FROM {kind} ORDER BY {_ORDER[kind]}")
        return as_text(found) if kind == "contents" else found

    def add(self, kind: str, rows: Iterable[Row]) -> None:
        """Add rows of a kind."""
        if kind == "sequence":
            self._db.execute(_DROP_SEQUENCE)
            self._db.executemany(_SET_SEQUENCE, rows)
        elif kind == "carried":
            self._carry(rows)
        elif kind == "sources":
            assert not list(rows)  # noqa: S101 - see `kept`
        elif kind == "keys":
            self._db.executemany(_KEEP_KEY, ((campaign, normal_form(key), key) for campaign, key in rows))
        elif kind == "pruned":
            for campaign, key, name, rounds, period in rows:
                values = {"campaign": campaign, "key": key, "name": name, "rounds": rounds, "period": period}
                self._db.execute(_NAME_PRUNED, values)
                self._db.execute(_ADD_PRUNED, values)
        else:
            names = ["message" if kind == "tasks" and name == "text" else name for name in KINDS[kind]]
            places = ", ".join("nullif(?, '')" if name == "period" else "?" for name in names)
            rows = as_bytes(rows) if kind == "contents" else rows
            self._db.executemany(f"INSERT INTO {kind} ({', '.join(names)}) VALUES ({places})", rows)
            if kind == "tasks":
                self._db.execute(_LOCAL_TIMES)

    def give_turns(self) -> None:
        """Find whose turn it is, in every lane."""
        db = self._db
        db.execute(_NO_TURNS)
        lanes.advance(db, db.all(_LANES), free=True)
        lanes.place_unordered(db, [id_ for (id_,) in db.all(_UNORDERED)])

    def turns(self) -> Iterator[Turn]:
        """Yield the first turn of each lane."""
        return map(Turn._make, self._db.each(_TURNS))

    def _others(self) -> list[tuple[str, str, str]]:
        own = {*schema.objects(), "tasks"}
        return [found for found in self._db.all(_OTHERS) if found[0] not in own]

    def _carried(self) -> Iterator[Row]:
        for name, sql, kind in self._others():
            found = self._db.all(f'SELECT * FROM "{name}"') if kind == "table" else []
            if any(isinstance(cell, bytes) for row in found for cell in row):
                raise StoreError(
                    gettext('has a table "{name}" of another program, which holds what is no text', name=name),
                    mend=gettext("move it to another file, or delete it"),
                    where=self._db.path,
                )
            yield name, sql, json.dumps(found, ensure_ascii=False)

    def _carry(self, rows: Iterable[Row]) -> None:
        for name, sql, stored in rows:
            self._db.execute(sql)
            if found := json.loads(stored):
                self._db.executemany(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(found[0]))})', found)
