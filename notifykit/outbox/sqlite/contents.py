"""The files that messages carry, in the SQLite outbox: each content once, and which tasks carry it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from notifykit.model import Draft
from notifykit.outbox.sqlite.database import Database

if TYPE_CHECKING:
    from notifykit.messages.attachments import Attachment

# `attach_new`: a task that was just queued for a draft carries a file.
_ATTACH_NEW = """
INSERT INTO attached (task_id, sha256)
SELECT id, :sha256 FROM tasks INDEXED BY tasks_dedup
 WHERE campaign = :campaign AND record_key = :key AND message_name = :name AND round = :round AND id > :last
ON CONFLICT DO NOTHING
"""

# `attach`: a task carries a file.
_ATTACH = "INSERT INTO attached (task_id, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING"

# `attach_like`: a new round carries what the round before it does, of the same period.
_ATTACH_LIKE = """
INSERT INTO attached (task_id, sha256)
SELECT new.id, sha256 FROM tasks AS new
  JOIN tasks AS old INDEXED BY tasks_dedup
    ON old.campaign = new.campaign AND old.record_key = new.record_key AND old.message_name = new.message_name
   AND old.round = new.round - 1 AND coalesce(old.period, '') = coalesce(new.period, '')
  JOIN attached ON attached.task_id = old.id
 WHERE new.id = ?
"""

# `_keep`, `add_rows`: what a file holds, unless it is known.
_KEEP = "INSERT INTO contents (sha256, size, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"

# `of_tasks`: the hashes of what tasks carry.
_OF_TASKS = "SELECT DISTINCT sha256 FROM attached WHERE task_id IN (SELECT value FROM json_each(?)) ORDER BY sha256"

# `detach`: tasks carry nothing any more.
_DETACH = "DELETE FROM attached WHERE task_id IN (SELECT value FROM json_each(?))"

# `drop_unused`: contents that no task carries.
_DROP_UNUSED = """
DELETE FROM contents
 WHERE sha256 IN (SELECT value FROM json_each(?))
   AND NOT EXISTS (SELECT 1 FROM attached INDEXED BY attached_contents WHERE attached.sha256 = contents.sha256)
"""

# `rows_of`: what is kept under a hash, as an archive keeps it.
_ROW = "SELECT sha256, size, data FROM contents WHERE sha256 = ?"

# `read`: what is kept under a hash.
_READ = "SELECT data FROM contents WHERE sha256 = ?"


def attach_new(db: Database, drafts: Sequence[Draft], last: int) -> None:
    """Keep what the new tasks of drafts carry, and that they do. `last`: the highest id before these."""
    for draft in drafts:
        message = {"campaign": draft.campaign, "key": draft.key, "name": draft.name, "round": draft.round, "last": last}
        for one in draft.attachments:
            if db.execute(_ATTACH_NEW, {**message, "sha256": one.sha256}).rowcount:
                _keep(db, one)


def attach(db: Database, task_id: int, attachments: Sequence[Attachment]) -> None:
    """Keep what a task carries from now on."""
    for one in attachments:
        db.execute(_ATTACH, (task_id, one.sha256))
        _keep(db, one)


def attach_like(db: Database, task_id: int) -> None:
    """Let a new round of a message carry what the round before it does."""
    db.execute(_ATTACH_LIKE, (task_id,))


def of_tasks(db: Database, ids: Collection[int]) -> list[str]:
    """Return the hashes of what tasks carry."""
    return [sha256 for (sha256,) in db.all(_OF_TASKS, (json.dumps(list(ids)),))]


def rows_of(db: Database, hashes: Collection[str]) -> Iterator[tuple[str, int, bytes]]:
    """Yield what is kept under hashes, with its size, one after the other."""
    for sha256 in hashes:
        yield from db.all(_ROW, (sha256,))


def add_rows(db: Database, rows: Iterable[Sequence[Any]]) -> None:
    """Keep such rows, unless they are known."""
    db.executemany(_KEEP, rows)


def detach(db: Database, ids: Collection[int]) -> list[str]:
    """Let tasks carry nothing any more; returns the hashes of what they carried."""
    carried = of_tasks(db, ids)
    if carried:
        db.execute(_DETACH, (json.dumps(list(ids)),))
    return carried


def drop_unused(db: Database, hashes: Collection[str]) -> None:
    """Remove those of these contents that no task carries."""
    if hashes:
        db.execute(_DROP_UNUSED, (json.dumps(list(hashes)),))


def read(db: Database, sha256: str) -> bytes:
    """Return what is kept under a hash. Raises LookupError where nothing is."""
    found = db.one(_READ, (sha256,))
    if found is None:
        raise LookupError(sha256)
    return bytes(found[0])


def _keep(db: Database, one: Attachment) -> None:
    db.execute(_KEEP, (one.sha256, one.size, one.read()))
