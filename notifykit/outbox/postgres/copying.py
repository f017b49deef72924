"""The PostgreSQL outbox as one end of a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from notifykit.errors import StoreError
from notifykit.keys.normal import normal_form
from notifykit.outbox.copying import KINDS, CopyState, Row, Turn, as_bytes, as_text
from notifykit.outbox.postgres import channel_times, rows, schema
from notifykit.outbox.postgres.names import short
from notifykit.outbox.postgres.queueing import MOST_OF_A_KEY
from notifykit.outbox.postgres.store import PostgresOutbox
from notifykit.wording.translation import gettext

_TYPES = {
    **dict.fromkeys(
        ("id", "task_id", "duplicates_prevented", "highest", "decision", "digest", "members", "most"), "int8"
    ),
    "rounds": "int4",
    "size": "int8",
    "data": "bytea",
    **dict.fromkeys(("round", "ordered", "attempts", "tries", "number", "failures", "several"), "int4"),
    **dict.fromkeys(
        ("queued_at", "not_before", "hold_until", "sent_at", "completed_at", "doubted_at", "expires_at"), "float8"
    ),
    **dict.fromkeys(("started_at", "finished_at", "call_seconds", "at", "set_at", "until", "receipt_at"), "float8"),
    # `tasks` of an archive is how many.
    "tasks": "int8",
    **dict.fromkeys(("flagged", "undone", "was_tries", "stands"), "int4"),
    **dict.fromkeys(("since", "last_at", "lasted", "wait", "undone_at"), "float8"),
    **dict.fromkeys(("was_not_before", "was_hold_until", "was_doubted_at", "was_sent_at", "value"), "float8"),
}
"""Of the columns that are no texts."""

_OF_MESSAGES = (
    *("record_key", "message_name", "round", "task_type", "recipient", "text", "metadata", "options"),
    "period",
)

_KEY = KINDS["tasks"].index("record_key")

_ORDER = {
    "contents": "sha256",
    "attached": "task_id, sha256",
    "attempts": "task_id, number",
    "events": "id",
    "starts": "channel, at, task_id, number",
    "pauses": "channel",
    "outages": "channel",
    "campaigns": "campaign",
    "campaign_data": "id",
    "held_campaigns": "campaign",
    "distinct_keys": "campaign, one, other",
    "decisions": "id",
    "decided": "decision, task_id",
    "notes": "topic, name",
    "totals": "name, campaign, channel, detail",
    "uncounted": "task_id, number",
    "digests": "task_id",
    "digest_members": "task_id, digest",
    "archives": "path, host",
    "sources": "id",
    "carried": "position",
}
"""The kinds that are tables here, too, and the order of their rows."""

_TABLES = (*_ORDER, "pruned", "pruned_messages", "key_forms", "channels", "settling", "lanes", "tasks", "messages")

# `held`: nobody else writes.
_HOLD = f"LOCK TABLE {', '.join(f'outbox.{name}' for name in reversed(_TABLES))} IN EXCLUSIVE MODE"

# `clear`: no rows of any kind.
_CLEAR = f"TRUNCATE {', '.join(f'outbox.{name}' for name in _TABLES)}"

# `mark`: why nobody works with the outbox.
_MARK = "INSERT INTO outbox.copy (state, other, copy, at) VALUES (%s, %s, %s, %s)"

# `mark`: it is in use.
_UNMARK = "DELETE FROM outbox.copy"

# `copy_identity`: be this outbox.
_IDENTITY = "UPDATE outbox.about SET identity = %s"

# `rows`: the highest id that was ever given.
_SEQUENCE = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox.message_ids"

# `add`: likewise.
_SET_SEQUENCE = "SELECT setval('outbox.message_ids', greatest(%(highest)s, 1), %(highest)s > 0)"

# `add`: the next decision comes after those that were copied.
_NEXT_DECISION = """
SELECT setval(pg_get_serial_sequence('outbox.decisions', 'id'), greatest(max(id), 1), max(id) IS NOT NULL)
  FROM outbox.decisions
"""

# `add`: what is in an archive; gone with the transaction.
_ARRIVED_PRUNED = """
CREATE TEMPORARY TABLE arrived_pruned (
    campaign text, record_key text, message_name text, rounds integer, period text) ON COMMIT DROP
"""

# `add`: the names of these messages.
_PRUNED_NAMES = """
INSERT INTO outbox.pruned_messages (campaign, message_name)
SELECT DISTINCT campaign, message_name FROM arrived_pruned ORDER BY 1, 2
"""

# `add`: their keys.
_PRUNED_KEYS = """
INSERT INTO outbox.pruned (record_key, message, rounds, period)
SELECT record_key, id, rounds, period FROM arrived_pruned JOIN outbox.pruned_messages USING (campaign, message_name)
"""

# `_add_tasks`: all that is known of a task, with the name of its lane; gone with the transaction.
_ARRIVED = f"""
CREATE TEMPORARY TABLE arrived_tasks ON COMMIT DROP AS
SELECT {", ".join(f"NULL::{_TYPES.get(name, 'text')} AS {name}" for name in (*KINDS["tasks"], "lane_name"))} LIMIT 0
"""

# `_add_tasks`: lanes of recipients, and of each task without an order.
_LANES = """
WITH named AS (
    SELECT DISTINCT channel, lane_name FROM arrived_tasks WHERE ordered = 1)
INSERT INTO outbox.lanes (channel, name) SELECT channel, lane_name FROM named
"""

# `_add_tasks`: of each task without an order.
_OWN_LANES = """
INSERT INTO outbox.lanes (id, channel, name) SELECT -id, channel, '' FROM arrived_tasks WHERE ordered = 0
"""

# `_add_tasks`: what is written once.
_MESSAGES = f"""
INSERT INTO outbox.messages (id, campaign, {", ".join(_OF_MESSAGES)})
SELECT id, campaign, {", ".join(_OF_MESSAGES)} FROM arrived_tasks
"""

_OF_TASKS = [name for name in KINDS["tasks"] if name not in {*_OF_MESSAGES, "ordered"}]

# `_add_tasks`: what changes.
_TASKS = f"""
INSERT INTO outbox.tasks (lane, {", ".join(_OF_TASKS)})
SELECT CASE ordered WHEN 1 THEN lanes.id ELSE -one.id END, {", ".join(f"one.{name}" for name in _OF_TASKS)}
  FROM arrived_tasks AS one
  LEFT JOIN outbox.lanes ON ordered = 1 AND lanes.id > 0 AND lanes.channel = one.channel AND lanes.name = lane_name
"""

# `add`: what goes in a digest has no turn.
_NO_LANES = "DELETE FROM outbox.lanes USING outbox.digest_members WHERE lanes.id = -task_id"

# `give_turns`: nobody's, to begin with.
_NO_TURNS = "UPDATE outbox.lanes SET due_at = NULL, next_id = NULL WHERE due_at IS NOT NULL"

# `give_turns`: all lanes of which something waits.
_WAITING = "SELECT DISTINCT lane FROM outbox.tasks WHERE status = 'queued'"

# `give_turns`: the channels of those.
_CHANNELS = "SELECT DISTINCT channel FROM outbox.lanes"

# `turns`: the first turn of each lane.
_TURNS = """
SELECT lanes.channel, recipient, due_at, next_id FROM outbox.lanes JOIN outbox.messages ON messages.id = next_id
 WHERE due_at IS NOT NULL ORDER BY next_id
"""


class PostgresCopyEnd:
    """See `notifykit.outbox.copying.CopyEnd`."""

    def __init__(self, outbox: PostgresOutbox) -> None:
        self.outbox = outbox
        self._db = outbox.db

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin a transaction, and keep others from writing."""
        with self._db.transaction():
            self._db.execute(_HOLD)
            yield

    def state(self) -> CopyState | None:
        """Read the mark."""
        return schema.copy_state(self._db)

    def mark(self, state: CopyState | None) -> None:
        """Write the mark."""
        self._db.execute(_UNMARK)
        if state is not None:
            self._db.execute(_MARK, state)

    def copy_identity(self, identity: str) -> None:
        """Be this outbox."""
        self._db.execute(_IDENTITY, (identity,))

    def clear(self) -> None:
        """Remove all rows."""
        self._db.execute(_CLEAR)

    def kept(self, kind: str, row: Row) -> Row:
        """Return a row as PostgreSQL can keep it: what somebody said loses its NULs, and a message may have none."""
        if kind == "tasks" and len(row[_KEY].encode()) > MOST_OF_A_KEY:
            what = gettext(
                "the key of message {id} has more than {most} bytes: too many for PostgreSQL",
                id=row[0],
                most=MOST_OF_A_KEY,
            )
            raise StoreError(what, mend=gettext("stay with a file"), where=self._db.where)
        if not any(isinstance(cell, str) and "\0" in cell for cell in row):
            return row
        if kind == "tasks" and any(
            "\0" in cell
            for name, cell in zip(KINDS[kind], row, strict=True)
            if isinstance(cell, str) and not name.startswith(("reason", "refusal"))
        ):
            what = gettext("message {id} has a NUL character (U+0000), which PostgreSQL cannot keep", id=row[0])
            raise StoreError(what, mend=gettext("cancel it, or stay with a file"), where=self._db.where)
        return tuple(rows.clean(cell) if isinstance(cell, str) else cell for cell in row)

    def rows(self, kind: str) -> Iterator[Row]:
        """Yield the rows of a kind."""
        if kind == "sequence":
            return iter(self._db.all(_SEQUENCE))
        names = KINDS[kind]
        if kind == "tasks":
            source, order = rows.TASKS, "t.id"
            cells = [_cell_of_task(name) for name in names]
        elif kind == "keys":
            source, order = "outbox.key_forms", "campaign, record_key"
            cells = list(names)
        elif kind == "pruned":
            source = "outbox.pruned JOIN outbox.pruned_messages ON pruned_messages.id = message"
            order = "campaign, record_key, message_name"
            cells = list(names)
        else:
            source, order = f"outbox.{kind}", _ORDER[kind]
            cells = ["several::int4" if name == "several" else name for name in names]
        found = self._db.copy_out(f"SELECT {', '.join(cells)} FROM {source} ORDER BY {order}", _types(names))
        return as_text(found) if kind == "contents" else found

    def add(self, kind: str, rows: Iterable[Row]) -> None:
        """Add rows of a kind."""
        if kind == "sequence":
            for (highest,) in rows:
                self._db.one(_SET_SEQUENCE, {"highest": highest})
        elif kind == "tasks":
            self._add_tasks(rows)
        elif kind == "pruned":
            self._db.execute(_ARRIVED_PRUNED)
            self._db.copy_in(f"arrived_pruned ({', '.join(KINDS[kind])})", _types(KINDS[kind]), rows)
            self._db.execute(_PRUNED_NAMES)
            self._db.execute(_PRUNED_KEYS)
        elif kind == "keys":
            new = ((campaign, short(normal_form(key)), key) for campaign, key in rows)
            self._db.copy_in("outbox.key_forms (campaign, form, record_key)", ["text"] * 3, new)
        else:
            names = KINDS[kind]
            types = _types(names)
            if kind == "outages":
                at = names.index("several")
                types[at] = "bool"
                rows = ((*row[:at], bool(row[at]), *row[at + 1 :]) for row in rows)
            elif kind == "contents":
                rows = as_bytes(rows)
            self._db.copy_in(f"outbox.{kind} ({', '.join(names)})", types, rows)
            if kind == "decisions":
                self._db.one(_NEXT_DECISION)
            elif kind == "digest_members":
                self._db.execute(_NO_LANES)

    def _add_tasks(self, rows: Iterable[Row]) -> None:
        names = (*KINDS["tasks"], "lane_name")
        recipient = names.index("recipient")
        self._db.execute(_ARRIVED)
        self._db.copy_in(
            f"arrived_tasks ({', '.join(names)})", _types(names), ((*row, short(row[recipient])) for row in rows)
        )
        for statement in (_LANES, _OWN_LANES, _MESSAGES, _TASKS):
            self._db.execute(statement)

    def give_turns(self) -> None:
        """Find whose turn it is, in every lane."""
        db = self._db
        db.execute(_NO_TURNS)
        channel_times.know(db, [channel for (channel,) in db.all(_CHANNELS)])
        self.outbox.lanes.find_turns([lane for (lane,) in db.all(_WAITING)])

    def turns(self) -> Iterator[Turn]:
        """Yield the first turn of each lane."""
        return map(Turn._make, self._db.copy_out(_TURNS, ["text", "text", "float8", "int8"]))


def _cell_of_task(name: str) -> str:
    if name == "ordered":
        return "(t.lane > 0)::int4"
    return f"m.{name}" if name in _OF_MESSAGES else f"t.{name}"


def _types(names: Sequence[str]) -> list[str]:
    return [_TYPES.get(name, "text") for name in names]
