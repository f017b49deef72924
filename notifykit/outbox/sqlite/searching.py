"""Looking for words in the messages of the SQLite outbox: a stretch of ids, the latest first."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.outbox.searched import Searched
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import HIGHEST_ID, Database

# `search`: the latest id before one.
_LATEST = "SELECT max(id) FROM tasks WHERE id < ?"

# `search`: what a stretch has of it.
_FOUND = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks NOT INDEXED
 WHERE id > ? AND id <= ? AND {{terms}} AND (instr(record_key, ?) OR instr(recipient, ?) OR instr(message, ?))
 ORDER BY id DESC LIMIT ?
"""


def search(
    db: Database, words: str, terms: str, values: Sequence[object], *, before: int | None, read: int, most: int
) -> Searched:
    """Look for words in a stretch of ids. `terms`, `values`: a filter, as SQL."""
    (latest,) = db.one(_LATEST, (HIGHEST_ID if before is None else before,))
    if latest is None:
        return Searched(tasks=(), before=None)
    after = latest - read
    found = db.all(_FOUND.format(terms=terms), (after, latest, *values, *(words,) * 3, most))
    (below,) = db.one(_LATEST, (after + 1,))
    last = found[-1][0] if len(found) == most else after + 1
    return Searched(
        tasks=[rows.task(row) for row in found], before=last if below is not None or last > after + 1 else None
    )
