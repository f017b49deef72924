"""Restores what an archived outbox knew into a store whose tasks were made anew: attempts, events, counts, tasks.

The archive may be of an earlier version. `removed`, throughout: the archived tasks that are no rows of the store's
table any more; the others are rows under their ids.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from notifykit.outbox import cells
from notifykit.outbox.sqlite import contents, key_forms, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.schema import LEGACY_COLUMNS, columns_of
from notifykit.outbox.sqlite.stored import StoredOutbox

# `restore`: an attempt of a task, unless it is there.
_ATTEMPT = f"""
INSERT OR IGNORE INTO attempts ({rows.selected(cells.ATTEMPT_COLUMNS)})
VALUES ({", ".join("?" * len(cells.ATTEMPT_COLUMNS))})
"""

# `restore`: the events that the archive has.
_EVENTS = "SELECT at, task_id, kind, who, detail FROM events ORDER BY id"

# `restore`: an event of a task, unless it is there.
_EVENT = """
INSERT INTO events (at, task_id, kind, who, detail) SELECT :at, :id, :kind, :who, :detail
 WHERE NOT EXISTS (SELECT 1 FROM events WHERE task_id = :id AND at = :at AND kind = :kind AND who = :who
                                          AND detail = :detail)
"""

# `restore`: the numbers and times that the archive has.
_TIMES = "SELECT id, attempts, queued_at, sent_at, completed_at FROM tasks WHERE campaign IS NOT NULL"

# `restore`: a task has them again.
_MADE = """
UPDATE tasks SET attempts = max(coalesce(attempts, 0), :attempts), queued_at = coalesce(:queued_at, queued_at),
                 sent_at = CASE WHEN status IN ('sent', 'completed') THEN coalesce(:sent_at, sent_at) END,
                 completed_at = CASE WHEN status = 'completed' THEN coalesce(:completed_at, completed_at) END
 WHERE id = :id
"""

# `restore`: what the archived tasks say beside their texts; earlier versions had no such column.
_OPTIONS = "SELECT id, options FROM tasks WHERE options IS NOT NULL"

# `restore`: a task says it again.
_SAY = "UPDATE tasks SET options = coalesce(options, :options) WHERE id = :id"

# `_carry`: the files that the archived tasks carry.
_ATTACHED = "SELECT task_id, sha256, size, data FROM attached JOIN contents USING (sha256)"

# `_carry`: a task carries one.
_ATTACH = "INSERT OR IGNORE INTO attached (task_id, sha256) VALUES (?, ?)"

# `restore`: what the archive counted.
_COUNTS = "SELECT campaign, duplicates_prevented FROM campaigns"

# `restore`: count no less than the archive did.
_PREVENTED = """
INSERT INTO campaigns (campaign, duplicates_prevented) VALUES (?, ?)
ON CONFLICT (campaign) DO UPDATE SET duplicates_prevented = max(duplicates_prevented, excluded.duplicates_prevented)
"""

# `restore`: whether the archive counted for monitors; earlier versions did not.
_HAS_TOTALS = "SELECT 1 FROM sqlite_master WHERE name = 'totals'"

# `restore`: what it counted.
_TOTALS = "SELECT name, campaign, channel, detail, value FROM totals"

# `restore`: the attempts that it had not counted.
_UNCOUNTED = "SELECT task_id, number FROM uncounted"

# `restore`: such an attempt is counted here.
_COUNT_LATER = "INSERT INTO uncounted (task_id, number) VALUES (?, ?)"

# `restore`: a total is no less than it was.
_TOTAL = """
INSERT INTO totals (name, campaign, channel, detail, value) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
"""

# `restore`: whether the archive kept what campaigns read and write; early versions did not.
_HAS_DATA = "SELECT 1 FROM sqlite_master WHERE name = 'campaign_data'"

# `restore`: what the archive kept of that.
_DATA = "SELECT campaign, source, target, record_key, writes FROM campaign_data ORDER BY id"

# `restore`: it is known again, unless it is.
_REMEMBER = """
INSERT OR IGNORE INTO campaign_data (campaign, source, target, record_key, writes) VALUES (?, ?, ?, ?, ?)
"""

# `restore`: the pairs of keys that were said to be different.
_ALL_DISTINCT = "SELECT campaign, one, other, at, who, why FROM distinct_keys"

# `restore`: such a pair, unless it is there.
_DISTINCT = "INSERT OR IGNORE INTO distinct_keys (campaign, one, other, at, who, why) VALUES (?, ?, ?, ?, ?, ?)"

# `restore_others`: the highest id before.
_LAST_ID = "SELECT coalesce(max(id), 0) FROM tasks"

# `_others`: every task of the archive, with all its columns.
_WHOLE = "SELECT * FROM tasks WHERE campaign IS NOT NULL ORDER BY id"


def restore(archived: sqlite3.Connection, removed: Collection[int], db: Database, names: Mapping[str, str]) -> None:
    """Restore the attempts and events of each task that the archive knows, and the count and data of each campaign.

    `names`: what campaigns are called now, by their names in the archive. For use inside a transaction. May be done
    twice.
    """
    with db.transaction():
        after = _present_ids(archived, removed, db, names)
        counts = archived.execute(_HAS_TOTALS).fetchone() is not None
        waiting = set(archived.execute(_UNCOUNTED)) if counts else set()
        for before in StoredOutbox(archived).attempt_rows():
            if (id_ := after.get(before[0])) is None or not db.execute(_ATTEMPT, (id_, *before[1:])).rowcount:
                continue
            if (before[0], before[1]) in waiting:
                db.execute(_COUNT_LATER, (id_, before[1]))
        for at, before_id, kind, who, detail in archived.execute(_EVENTS):
            if (id_ := after.get(before_id)) is not None:
                db.execute(_EVENT, {"at": at, "id": id_, "kind": kind, "who": who, "detail": detail})
        for before_id, attempts, queued_at, sent_at, completed_at in archived.execute(_TIMES):
            if (id_ := after.get(before_id)) is not None:
                db.execute(
                    _MADE,
                    {
                        "id": id_,
                        "attempts": attempts or 0,
                        "queued_at": queued_at,
                        "sent_at": sent_at,
                        "completed_at": completed_at,
                    },
                )
        if columns_of(archived, "attached"):
            for before_id, options in archived.execute(_OPTIONS):
                if (id_ := after.get(before_id)) is not None:
                    db.execute(_SAY, {"id": id_, "options": options})
            _carry(archived, db, after)
        db.executemany(_PREVENTED, [(names.get(name, name), number) for name, number in archived.execute(_COUNTS)])
        if counts:
            totals = [(what, names.get(name, name), *of) for what, name, *of in archived.execute(_TOTALS)]
            db.executemany(_TOTAL, totals)
        if archived.execute(_HAS_DATA).fetchone() is not None:
            db.executemany(_REMEMBER, [(names.get(name, name), *data) for name, *data in archived.execute(_DATA)])
        if columns_of(archived, "distinct_keys"):
            db.executemany(
                _DISTINCT, [(names.get(name, name), *pair) for name, *pair in archived.execute(_ALL_DISTINCT)]
            )


def _present_ids(
    archived: sqlite3.Connection, removed: Collection[int], db: Database, names: Mapping[str, str]
) -> Mapping[int, int]:
    """Return the ids that the archived tasks have now.

    A row that stayed in the table is the same where id, recipient and text are; one that did not is found by what
    it is about.
    """
    there: dict[int, int] = {}
    tasks: dict[tuple[str, str, str, int], int] = {}
    for task in StoredOutbox(db.connection).tasks_in_brief():
        there[task.id] = hash((task.recipient, task.text))
        tasks[task.campaign, task.key, task.name, task.round] = task.id
    after: dict[int, int] = {}
    for task in StoredOutbox(archived).tasks_in_brief():
        if task.id not in removed and there.get(task.id) == hash((task.recipient, task.text)):
            after[task.id] = task.id
            continue
        campaign = names.get(task.campaign, task.campaign)
        if (now := tasks.get((campaign, task.key, task.name, task.round))) is not None:
            after[task.id] = now
    return after


def restore_others(
    archived: sqlite3.Connection, removed: Collection[int], db: Database, campaigns: Collection[str]
) -> int:
    """Put the tasks of these campaigns back: those that no plan decides about, without old state, or keeping it.

    What stayed in the table as completed is known again, under its id; what did not is queued, held or cancelled as
    it was. Pending rows stay the old scheduler's. Returns how many. For use inside a transaction. May be done twice.
    """
    added = columns_of(archived)[len(LEGACY_COLUMNS) :]
    count = 0
    after: dict[int, int] = {}
    with db.transaction():
        last = db.one(_LAST_ID)[0]
        for row in _others(archived, campaigns):
            if row["id"] in removed:
                count += _put(db, row, added, after)
            else:
                count += _know(db, row, added)
                after[row["id"]] = row["id"]
        if columns_of(archived, "attached"):
            _carry(archived, db, after)
        lanes.place_new(db, last)
        with db.explaining():
            key_forms.fill(db.connection)
    return count


def _others(archived: sqlite3.Connection, campaigns: Collection[str]) -> Iterator[dict[str, Any]]:
    cursor = archived.execute(_WHOLE)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        if row["campaign"] in campaigns:
            yield row


def _carry(archived: sqlite3.Connection, db: Database, after: Mapping[int, int]) -> None:
    """Let tasks carry what they did, by the ids that they have now."""
    for before_id, *content in archived.execute(_ATTACHED):
        if (id_ := after.get(before_id)) is not None:
            db.execute(_ATTACH, (id_, content[0]))
            contents.add_rows(db, [content])


def _put(db: Database, row: dict[str, Any], added: Sequence[str], after: dict[int, int]) -> int:
    """Make a task anew, and note its id. Nobody knows what came of one that was being sent."""
    status = "in_doubt" if row["status"] == "sending" else row["status"]
    values = {**row, "status": status, "due_at": None, "worker": None, "lease": None}
    columns = [*LEGACY_COLUMNS[1:], *added]
    marks = ", ".join(f":{name}" for name in columns)
    made = db.execute(f"INSERT INTO tasks ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING", values)
    if made.rowcount and made.lastrowid is not None:
        after[row["id"]] = made.lastrowid
    return made.rowcount


def _know(db: Database, row: dict[str, Any], added: Sequence[str]) -> int:
    """Recognize a completed row; where its flag was still owed, it is owed again."""
    settings = ", ".join(f"{name} = :{name}" for name in added)
    status = "sent" if row["status"] == "sent" else "completed"
    now = db.clock.now()
    sent_at = now if row["sent_at"] is None else row["sent_at"]
    completed_at = now if row["completed_at"] is None and status == "completed" else row["completed_at"]
    return db.execute(
        f"UPDATE tasks SET {settings}, status = :status WHERE id = :id AND campaign IS NULL AND status = 'completed'"
        " AND recipient = :recipient AND message = :message",
        {**row, "status": status, "sent_at": sent_at, "completed_at": completed_at},
    ).rowcount
