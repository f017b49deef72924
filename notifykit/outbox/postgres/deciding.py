"""What people decided on the PostgreSQL outbox, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifykit.model import Status, Task
from notifykit.outbox import cells
from notifykit.outbox.decided import Decided, Decision, Standing, Undoing
from notifykit.outbox.postgres import advisory, events, gathering, pausing, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.postgres.pausing import Pausing
from notifykit.outbox.values import Event, Pause
from notifykit.wording.host import DECIDED

# `begin`: a decision.
_DECISION = """
INSERT INTO outbox.decisions (at, kind, who, why, channel, until, reason, reason_code, reason_params)
VALUES (%(at)s, %(kind)s, %(who)s, %(why)s, %(channel)s, %(until)s, %(reason)s, %(reason_code)s, %(reason_params)s)
RETURNING id
"""

_FLAGGED = """(
       SELECT count(*) FROM outbox.messages AS sibling JOIN outbox.tasks AS flagged ON flagged.id = sibling.id
        WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key AND flagged.status = 'completed')"""

# `note`: what tasks are, before they are moved.
_NOTE = f"""
INSERT INTO outbox.decided (decision, task_id, became, number, flagged, was, was_tries, was_not_before, was_hold_until,
                            was_doubted_at, was_sent_at, was_reason, was_reason_code, was_reason_params)
SELECT %(decision)s, t.id, %(became)s, t.attempts, {_FLAGGED}, CASE WHEN %(new)s THEN NULL ELSE t.status END, t.tries,
       t.not_before, t.hold_until, t.doubted_at, t.sent_at, t.reason, t.reason_code, t.reason_params
  FROM {rows.TASKS} WHERE t.id = ANY (%(ids)s::bigint[])
"""

# `move`: put tasks where a person wants them. One that is queued again has its tries anew, and where
# it has expired, it does so no more.
_MOVE = """
UPDATE outbox.tasks
   SET status = %(status)s, reason = %(reason)s, reason_code = %(reason_code)s, reason_params = %(reason_params)s,
       worker = NULL, started_at = NULL, lease = NULL, beat = NULL, hold_until = NULL, not_before = 0,
       tries = CASE WHEN %(status)s = 'queued' THEN 0 ELSE tries END,
       doubted_at = CASE WHEN %(status)s = 'queued' THEN NULL ELSE doubted_at END,
       expires_at = CASE WHEN %(status)s = 'queued' AND expires_at <= %(now)s THEN NULL ELSE expires_at END,
       sent_at = CASE %(status)s WHEN 'sent' THEN %(now)s::double precision WHEN 'queued' THEN NULL ELSE sent_at END
 WHERE id = ANY (%(ids)s::bigint[])
"""

# `tasks_of`: tasks as they are now.
_TASKS = f"SELECT {rows.TASK} FROM {rows.TASKS} WHERE t.id = ANY (%s::bigint[])"

_DECIDED = """id, at, kind, who, why, (
       SELECT count(*) FROM outbox.decided WHERE decision = decisions.id
          AND NOT EXISTS (SELECT 1 FROM outbox.digests WHERE digests.task_id = decided.task_id)), channel,
       undone_at, undone_by, undone_why"""

# `decisions`: the latest ones first, of all tasks or of one.
_DECISIONS = f"""
SELECT {_DECIDED} FROM outbox.decisions
 WHERE %(task)s::bigint IS NULL OR id IN (SELECT decision FROM outbox.decided WHERE task_id = %(task)s)
 ORDER BY id DESC LIMIT %(limit)s
"""

# `undoing`: a decision, and the pause that it ended.
_ONE = f"SELECT {_DECIDED}, until, reason, reason_code, reason_params FROM outbox.decisions WHERE id = %s"

# `undoing`: the tasks of a decision, and how they stand since.
_STANDING = f"""
SELECT was, became, number, flagged, (
       SELECT coalesce(max(made.number), 0) FROM outbox.attempts AS made WHERE made.task_id = t.id), {_FLAGGED},
       EXISTS (SELECT 1 FROM outbox.settling WHERE settling.campaign = t.campaign) AND EXISTS (
       SELECT 1 FROM outbox.messages AS sibling JOIN outbox.tasks AS owed ON owed.id = sibling.id
        WHERE sibling.campaign = m.campaign AND sibling.record_key = m.record_key AND owed.status = 'sent'), (
       SELECT max(decision) FROM outbox.decided AS later
        WHERE later.task_id = decided.task_id AND later.decision > decided.decision AND later.undone = 0),
       (SELECT whole.id FROM outbox.digest_members AS its JOIN outbox.digests ON digests.task_id = its.digest
          JOIN outbox.tasks AS whole ON whole.id = its.digest
         WHERE its.task_id = t.id AND stands = 1 AND (whole.status = 'sending' OR (
               whole.status = 'queued' AND members IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM outbox.decided AS same WHERE same.decision = decided.decision
                  AND same.task_id = whole.id)))),
       {rows.TASK}
  FROM outbox.decided JOIN {rows.TASKS} ON t.id = decided.task_id WHERE decided.decision = %s ORDER BY t.id
"""

# `undo`: a decision that stands. Nobody else undoes it meanwhile.
_HOLD = "SELECT 1 FROM outbox.decisions WHERE id = %s AND undone_at IS NULL FOR UPDATE"

# `undo`: the tasks of a decision.
_IDS = "SELECT task_id FROM outbox.decided WHERE decision = %s ORDER BY task_id"

# `undo`: the campaigns of these.
_CAMPAIGNS = "SELECT DISTINCT campaign FROM outbox.tasks WHERE id = ANY (%s::bigint[])"

# `undo`: nobody moves these meanwhile.
_HOLD_TASKS = "SELECT id FROM outbox.tasks WHERE id = ANY (%s::bigint[]) ORDER BY id FOR UPDATE"

# `_take_back`: tasks are what they were before a decision.
_PUT_BACK = """
UPDATE outbox.tasks AS t
   SET status = was, tries = was_tries, not_before = was_not_before, hold_until = was_hold_until,
       doubted_at = was_doubted_at, sent_at = was_sent_at, reason = was_reason, reason_code = was_reason_code,
       reason_params = was_reason_params
  FROM outbox.decided WHERE decision = %(decision)s AND task_id = t.id AND t.id = ANY (%(ids)s::bigint[])
"""

# `_take_back`: they are so.
_ARE_BACK = "UPDATE outbox.decided SET undone = 1 WHERE decision = %s AND task_id = ANY (%s::bigint[])"

# `undo`: a decision was taken back.
_UNDONE = """
UPDATE outbox.decisions SET undone_at = %(now)s, undone_by = %(who)s, undone_why = %(why)s WHERE id = %(id)s
"""


def begin(
    db: Database, kind: str, *, who: str, why: str, at: float, channel: str | None = None, pause: Pause | None = None
) -> int:
    """Record a decision, and return its id. `pause`: what it ends. Its tasks are held: a later one has a higher id."""
    values = {"at": at, "kind": kind, "who": rows.clean(who), "why": rows.clean(why), "channel": channel}
    ended = {"until": pause and pause.until, **cells.reason_values(pause.reason if pause else None)}
    (made,) = db.one(_DECISION, values | ended)
    return int(made)


def note(db: Database, decision: int, ids: Sequence[int], became: Status, *, new: bool = False) -> None:
    """Keep what tasks were before a decision moves them; `new`: the decision made them."""
    db.execute(_NOTE, {"decision": decision, "ids": ids, "became": became.value, "new": new})


def move(db: Database, ids: Sequence[int], status: Status, why: str, now: float) -> None:
    """Put tasks where a person wants them."""
    reason = {name: rows.clean(text) for name, text in cells.reason_values(DECIDED(why=why)).items()}
    db.execute(_MOVE, {"ids": ids, "status": status.value, "now": now, **reason})


def tasks_of(db: Database, ids: Sequence[int]) -> list[Task]:
    """Return tasks as they are now."""
    found = {task.id: task for task in map(rows.task, db.all(_TASKS, (list(ids),)))}
    return [found[id_] for id_ in ids]


class Deciding(Pausing):
    """Methods of the outbox for what was decided."""

    db: Database
    lanes: Lanes

    def resume(self, channel: str, *, who: str, why: str) -> bool:
        """End a pause, or an outage."""
        db = self.db
        with db.transaction():
            now = db.now()
            ended = pausing.end(db, channel, now)
            outage = self.end_outage(channel)
            if ended is None and not outage:
                return False
            begin(db, "resumed", who=who, why=why, at=now, channel=channel, pause=ended)
            return True

    def decisions(self, limit: int | None = None, *, task: int | None = None) -> list[Decision]:
        """Return decisions, the latest first."""
        return list(map(Decision._make, self.db.all(_DECISIONS, {"task": task, "limit": limit})))

    def undoing(self, decision: int) -> Undoing | None:
        """Return what undoing a decision would do now."""
        found = self.db.one(_ONE, (decision,))
        if found is None:
            return None
        *first, until, text, code, params = found
        made = Decision._make(first)
        if made.channel is not None:
            why = None if until is None else cells.reason(text, code, params)
            ended = None if why is None else Pause(channel=made.channel, until=until, reason=why)
            return Undoing.of_pause(made, ended, self.db.now())
        return Undoing(decision=made, messages=[_decided(row) for row in self.db.all(_STANDING, (decision,))])

    def undo(self, decision: int, *, who: str, why: str) -> Undoing | None:
        """Take a decision back, as far as that can be done."""
        db = self.db
        with db.transaction():
            if db.one(_HOLD, (decision,)) is None:
                return self.undoing(decision)
            ids = [id_ for (id_,) in db.all(_IDS, (decision,))]
            advisory.hold(db, "settling", [campaign for (campaign,) in db.all(_CAMPAIGNS, (ids,))])
            held, lane_of = gathering.hold(db, self.lanes, ids)
            db.all(_HOLD_TASKS, (ids,))
            done = self.undoing(decision)
            if done is None or not done.possible:
                return done
            now = db.now()
            messages = self._take_back(done, who, why, now)
            gathered = gathering.gather(db, [one.task.id for one in messages], held, lane_of)
            self.lanes.find_turns([*held, *gathered])
            if done.pause is not None:
                pausing.pause_until(db, done.pause, now)
            db.execute(_UNDONE, {"id": decision, "now": now, "who": rows.clean(who), "why": rows.clean(why)})
            return done._replace(messages=messages)

    def _take_back(self, done: Undoing, who: str, why: str, now: float) -> list[Decided]:
        db, decision = self.db, done.decision.id
        back = [one for one in done.messages if one.kept is None]
        ids = [one.task.id for one in back]
        move(db, [one.task.id for one in back if one.opened], Status.CANCELLED, why, now)
        db.execute(_PUT_BACK, {"decision": decision, "ids": [one.task.id for one in back if not one.opened]})
        db.execute(_ARE_BACK, (decision, ids))
        events.record(
            db,
            [
                Event(
                    at=now,
                    task_id=one.task.id,
                    kind="undone",
                    who=who,
                    detail=f"{one.task.status.value} to {one.back.value}: {why}",
                )
                for one in back
            ],
        )
        now_there = {task.id: task for task in tasks_of(db, ids)}
        return [one._replace(task=now_there.get(one.task.id, one.task)) for one in done.messages]


def _decided(row: Sequence[Any]) -> Decided:
    facts = len(Standing._fields)
    return Standing._make(row[:facts]).of(rows.task(row[facts:]))
