"""Another text for what waits in the SQLite outbox."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.model import Task
from notifykit.outbox import cells
from notifykit.outbox.digests import goes_elsewhere
from notifykit.outbox.sqlite import contents, deciding, digests, events, lanes
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import Rewrite

# `rewrite`: whether a task waits, is what it was, was never tried, and is fixed in no digest.
_IS_AS_IT_WAS = """
SELECT 1 FROM tasks
 WHERE id = :id AND status = 'queued' AND recipient = :before_recipient AND message = :before_text
   AND options IS :before_options
   AND NOT EXISTS (SELECT 1 FROM attempts WHERE task_id = tasks.id)
   AND NOT EXISTS (SELECT 1 FROM digests WHERE digests.task_id = tasks.id)
   AND NOT EXISTS (SELECT 1 FROM digest_members JOIN digests ON digests.task_id = digest
                    WHERE digest_members.task_id = tasks.id AND stands = 1 AND members IS NOT NULL)
"""

# `rewrite`: its new text, options and recipient. Whose turn it is comes after.
_REWRITE = """
UPDATE tasks SET recipient = :recipient, message = :text, options = :options, limit_key = :limit_key,
                 updated_at = :local, due_at = NULL
 WHERE id = :id
"""


def rewrite(db: Database, messages: Sequence[Sequence[Rewrite]], *, who: str, why: str) -> list[Task]:
    """Give messages that wait other texts and recipients."""
    changed: list[Task] = []
    with db.transaction():
        now = db.clock.now()
        for parts in messages:
            rows = [_row(one) | {"local": db.local_time(now)} for one in parts]
            if not all(db.one(_IS_AS_IT_WAS, row) for row in rows):
                continue
            for one, row in zip(parts, rows, strict=True):
                db.execute(_REWRITE, row)
                carried = contents.detach(db, [one.task.id])
                contents.attach(db, one.task.id, one.attachments)
                contents.drop_unused(db, carried)
                lanes.find_turn(db, one.task, queued=False)
                after = deciding.task_of(db, one.task.id)
                assert after is not None  # noqa: S101
                lanes.find_turn(db, after, queued=True)
                events.record(db, one.task.id, "rerendered", who, one.told(why), at=now)
                changed.append(after)
            moved = [one.task.id for one in parts if goes_elsewhere(one)]
            digests.leave(db, moved)
            digests.gather(db, moved)
    return changed


def _row(one: Rewrite) -> dict[str, object]:
    task = one.task
    before = {"before_recipient": task.recipient, "before_text": task.text}
    before_options = cells.encode_options(task.options)
    now = {"recipient": one.recipient, "text": one.text, "options": cells.encode_options(one.options)}
    return {"id": task.id, **now, "limit_key": one.limit_key, **before, "before_options": before_options}
