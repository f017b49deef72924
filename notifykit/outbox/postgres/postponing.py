"""Messages that are not to be sent now, or not any more."""

from __future__ import annotations

from collections.abc import Sequence

from notifykit.model import Claim, Status, Task
from notifykit.outbox import cells
from notifykit.outbox.cells import EXPIRED_EVENT
from notifykit.outbox.postgres import deciding, events, gathering, rates, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Event, Transition
from notifykit.wording.host import EXPIRED

# `give_back`: claimed tasks go where their transitions say, as if they had not been claimed. Their reasons stay where
# there are no others.
_GIVE_BACK = """
UPDATE outbox.tasks AS t
   SET status = back.status, not_before = back.not_before, worker = NULL, lease = NULL, beat = NULL, tries = tries - 1,
       reason = coalesce(back.reason, t.reason),
       reason_code = CASE WHEN back.reason IS NULL THEN t.reason_code ELSE back.reason_code END,
       reason_params = CASE WHEN back.reason IS NULL THEN t.reason_params ELSE back.reason_params END
  FROM json_to_recordset(%s::json) AS back (
       id bigint, number integer, status text, not_before double precision, reason text, reason_code text,
       reason_params text)
 WHERE t.id = back.id AND t.attempts = back.number AND t.status = 'sending'
RETURNING t.id
"""

# Part of `_EXPIRED` and `_STILL`: it is fixed in a digest that is being sent, or may have been accepted.
_UNDER_WAY = """
EXISTS (SELECT 1 FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
          JOIN outbox.tasks AS whole ON whole.id = its.digest
         WHERE its.task_id = tasks.id AND its.stands = 1 AND members IS NOT NULL
           AND (whole.status = 'sending' OR (whole.status = 'queued' AND whole.doubted_at IS NOT NULL)))"""

# `cancel_expired`: what waits and has expired, the first ones first, in a digest as well. What may have been accepted
# is tried until that is known.
_EXPIRED = f"""
SELECT id FROM outbox.tasks
 WHERE status = 'queued' AND expires_at IS NOT NULL AND expires_at <= %s AND doubted_at IS NULL AND NOT {_UNDER_WAY}
 ORDER BY expires_at, id LIMIT %s
"""

# `cancel_expired`: those of some that are still so.
_STILL = f"""
SELECT id FROM outbox.tasks
 WHERE id = ANY (%s::bigint[]) AND status = 'queued' AND expires_at <= %s AND doubted_at IS NULL AND NOT {_UNDER_WAY}
 ORDER BY id FOR UPDATE
"""

# `cancel_expired`: these.
_CANCEL = """
UPDATE outbox.tasks
   SET status = 'cancelled', hold_until = NULL, not_before = 0, reason = %(reason)s, reason_code = %(reason_code)s,
       reason_params = %(reason_params)s
 WHERE id = ANY (%(ids)s::bigint[])
"""


# `_reopen`: digests that wait for another try, in which some messages are fixed, hold and say nothing yet, and go
# without these.
_REOPEN = """
WITH fixed AS (
    SELECT DISTINCT its.digest AS id
      FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
      JOIN outbox.tasks AS t ON t.id = its.digest
     WHERE its.task_id = ANY (%(ids)s::bigint[]) AND its.stands = 1 AND members IS NOT NULL AND t.status = 'queued'),
open AS (
    UPDATE outbox.digests SET members = NULL FROM fixed WHERE task_id = fixed.id),
unsaid AS (
    UPDATE outbox.messages AS m SET text = '', round = round + 1 FROM fixed WHERE m.id = fixed.id)
UPDATE outbox.digest_members AS its SET stands = 0 FROM fixed
 WHERE its.digest = fixed.id AND its.task_id = ANY (%(ids)s::bigint[])
"""


class Postponing:
    """Methods of the outbox for what is claimed and not sent."""

    db: Database
    lanes: Lanes

    def give_back(self, back: Sequence[tuple[Claim, Transition]]) -> None:
        """Give back claims whose calls were never begun, each to where its transition says."""
        db = self.db
        now = db.now()
        with db.transaction():
            self.lanes.announce({claim.task.channel for claim, _ in back})
            held = self.lanes.hold_of(claim.task.id for claim, _ in back)
            moved = {id_ for (id_,) in db.all(_GIVE_BACK, (rows.many(_back(*one) for one in back),))}
            if moved:
                self.lanes.find_turns(held)
            rates.not_started(db, [claim for claim, _ in back if claim.task.id in moved])
            gone = [claim.task.id for claim, then in back if then.status is Status.CANCELLED]
            _tell(db, [id_ for id_ in gone if id_ in moved], now)
            db.handed.end(claim for claim, _ in back)

    def cancel_expired(self, most: int = 1_000) -> list[Task]:
        """Cancel what waits and has expired, up to so many; returns these as they were."""
        db = self.db
        now = db.now()
        if not (found := [id_ for (id_,) in db.all(_EXPIRED, (now, most))]):
            return []
        with db.transaction():
            held, _ = gathering.hold(db, self.lanes, found)
            expired = deciding.tasks_of(db, [id_ for (id_,) in db.all(_STILL, (found, now))])
            ids = [task.id for task in expired]
            db.execute(_CANCEL, {"ids": ids, **cells.reason_values(EXPIRED())})
            _tell(db, ids, now)
            _reopen(db, ids)
            self.lanes.find_turns(held)
        return expired


def _back(claim: Claim, then: Transition) -> dict[str, object]:
    why = {name: rows.clean(text) for name, text in cells.reason_values(then.reason).items()}
    where = {"status": then.status.value, "not_before": then.not_before or 0.0}
    return {"id": claim.task.id, "number": claim.token, **where, **why}


def _tell(db: Database, ids: Sequence[int], now: float) -> None:
    kind, who, detail = EXPIRED_EVENT
    events.record(db, [Event(at=now, task_id=id_, kind=kind, who=who, detail=detail) for id_ in ids])


def _reopen(db: Database, ids: Sequence[int]) -> None:
    """Have digests that wait for another try, in which these messages are fixed, go without them. The lanes are held.

    Such a digest keeps its place, its tries and its wait. What it holds and says is fixed anew with the claim for its
    next call, which has another key: the service may remember the text that came with the one before.
    """
    db.execute(_REOPEN, {"ids": list(ids)})
