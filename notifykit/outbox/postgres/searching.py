"""Looking for words in the messages of the PostgreSQL outbox: a stretch of ids, the latest first."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.outbox.postgres import rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.searched import Searched

# `search`: the latest id before one.
_LATEST = "SELECT max(id) FROM outbox.tasks WHERE id < %s"

# `search`: what a stretch has of it. The terms begin with the id after which it begins.
_FOUND = f"""
SELECT {rows.TASK} FROM {rows.TASKS} WHERE {{terms}} AND t.id <= %s
   AND (strpos(m.record_key, %s) > 0 OR strpos(m.recipient, %s) > 0 OR strpos(m.text, %s) > 0)
 ORDER BY t.id DESC LIMIT %s
"""

_HIGHEST = 2**63 - 1


def search(
    db: Database,
    words: str,
    terms: str,
    values: Sequence[object],
    *,
    before: int | None,
    read: int,
    most: int,
) -> Searched:
    """Look for words in a stretch of ids. `terms`, `values`: a filter, as SQL; the first of them is the first id."""
    (latest,) = db.one(_LATEST, (_HIGHEST if before is None else before,))
    if latest is None:
        return Searched(tasks=(), before=None)
    after = latest - read
    text = rows.clean(words)
    found = db.all(_FOUND.format(terms=terms), (after, *values, latest, text, text, text, most))
    (below,) = db.one(_LATEST, (after + 1,))
    last = found[-1][0] if len(found) == most else after + 1
    return Searched(
        tasks=[rows.task(row) for row in found], before=last if below is not None or last > after + 1 else None
    )
