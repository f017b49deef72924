"""Messages that are not to be sent now, or not any more."""

from __future__ import annotations

import json
from collections.abc import Sequence

from notifykit.model import Claim, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.cells import EXPIRED_EVENT
from notifykit.outbox.sqlite import channel_times, events, lanes, rates, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import Transition
from notifykit.wording.host import EXPIRED

# `give_back`: a claimed task goes where its transition says, as if it had not been claimed. Its reason stays where
# there is no other.
_GIVE_BACK = """
UPDATE tasks SET status = :status, updated_at = :local, not_before = :not_before, worker = NULL, lease = NULL,
                 beat = NULL, tries = tries - 1, reason = coalesce(:reason, reason),
                 reason_code = CASE WHEN :reason IS NULL THEN reason_code ELSE :reason_code END,
                 reason_params = CASE WHEN :reason IS NULL THEN reason_params ELSE :reason_params END
 WHERE id = :id AND attempts = :token AND status = 'sending'
"""

# `cancel_expired`: what waits and has expired, the first ones first, in a digest as well. What may have been accepted
# is tried until that is known.
_EXPIRED = f"""
SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks INDEXED BY tasks_expiring
 WHERE status = 'queued' AND expires_at IS NOT NULL AND expires_at <= ? AND campaign IS NOT NULL
   AND doubted_at IS NULL AND NOT EXISTS (
       SELECT 1 FROM digest_members JOIN digests ON digests.task_id = digest JOIN tasks AS whole ON whole.id = digest
        WHERE digest_members.task_id = tasks.id AND stands = 1 AND members IS NOT NULL
          AND (whole.status = 'sending' OR (whole.status = 'queued' AND whole.doubted_at IS NOT NULL)))
 ORDER BY expires_at, id LIMIT ?
"""

# `cancel_expired`: one of these.
_CANCEL = """
UPDATE tasks SET status = 'cancelled', updated_at = :local, due_at = NULL, hold_until = NULL, not_before = 0.0,
                 reason = :reason, reason_code = :reason_code, reason_params = :reason_params
 WHERE id = :id
"""


# `_reopen`: digests that wait for another try, in which some messages are fixed.
_FIXED = """
SELECT DISTINCT digest FROM digest_members JOIN digests ON digests.task_id = digest JOIN tasks ON tasks.id = digest
 WHERE digest_members.task_id IN (SELECT value FROM json_each(:ids))
   AND stands = 1 AND members IS NOT NULL AND status = 'queued'
"""

# `_reopen`: what they hold is fixed no more.
_UNFIX = "UPDATE digests SET members = NULL WHERE task_id IN (SELECT value FROM json_each(:digests))"

# `_reopen`: they say nothing yet, and are other calls than those before.
_UNSAY = "UPDATE tasks SET message = '', round = round + 1 WHERE id IN (SELECT value FROM json_each(:digests))"

# `_reopen`: the messages go with them no more.
_DROP = """
UPDATE digest_members SET stands = 0
 WHERE task_id IN (SELECT value FROM json_each(:ids)) AND digest IN (SELECT value FROM json_each(:digests))
"""


def give_back(db: Database, back: Sequence[tuple[Claim, Transition]]) -> None:
    """Give back claims whose calls were never begun, each to where its transition says."""
    with db.transaction():
        now = db.clock.now()
        local = db.local_time(now)
        for claim, then in back:
            task = claim.task
            where = {"status": then.status.value, "not_before": then.not_before or 0.0, "local": local}
            values = {"id": task.id, "token": claim.token, **where, **cells.reason_values(then.reason)}
            if not db.execute(_GIVE_BACK, values).rowcount:
                continue
            rates.not_started(db, claim)
            channel_times.lower(db, [(task.channel, 0.0, 0)])
            lanes.find_turn(db, task, queued=then.status is Status.QUEUED)
            if then.status is Status.CANCELLED:
                events.record(db, task.id, *EXPIRED_EVENT, at=now)


def cancel_expired(db: Database, most: int) -> list[Task]:
    """Cancel what waits and has expired, up to so many; returns these as they were."""
    now = db.clock.now()
    if db.one(_EXPIRED, (now, 1)) is None:
        return []
    with db.transaction():
        found = [rows.task(row) for row in db.all(_EXPIRED, (now, most))]
        expired = [task for task in found if not task.damaged]
        values = {"local": db.local_time(now), **cells.reason_values(EXPIRED())}
        for task in expired:
            db.execute(_CANCEL, {"id": task.id, **values})
            events.record(db, task.id, *EXPIRED_EVENT, at=now)
        _reopen(db, [task.id for task in expired])
        lanes.advance(db, {(task.channel, task.recipient) for task in expired if task.ordered})
    return expired


def _reopen(db: Database, ids: Sequence[int]) -> None:
    """Have digests that wait for another try, in which these messages are fixed, go without them.

    Such a digest keeps its place, its tries and its wait. What it holds and says is fixed anew with the claim for its
    next call, which has another key: the service may remember the text that came with the one before.
    """
    which = {"ids": json.dumps(list(ids))}
    if found := [digest for (digest,) in db.all(_FIXED, which)]:
        for statement in (_UNFIX, _UNSAY, _DROP):
            db.execute(statement, {**which, "digests": json.dumps(found)})
