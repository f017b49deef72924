"""What people decided on the SQLite outbox, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifykit.model import Status, Task
from notifykit.outbox import cells
from notifykit.outbox.decided import Decided, Decision, Standing, Undoing
from notifykit.outbox.sqlite import events, lanes, pausing, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.pausing import Pausing
from notifykit.outbox.values import Pause
from notifykit.wording import Reason
from notifykit.wording.host import DECIDED

_NUMBER = """CASE WHEN typeof(attempts) = 'integer' THEN attempts ELSE coalesce((
                     SELECT max(number) FROM attempts WHERE task_id = tasks.id), 0) END"""

# `begin`: a decision.
_DECISION = """
INSERT INTO decisions (at, kind, who, why, channel, until, reason, reason_code, reason_params)
VALUES (:at, :kind, :who, :why, :channel, :until, :reason, :reason_code, :reason_params)
"""

# `note`: what a task is, before it is moved. The number is as `move` leaves it.
_NOTE = f"""
INSERT INTO decided (decision, task_id, became, number, flagged, was, was_tries, was_not_before, was_hold_until,
                     was_doubted_at, was_sent_at, was_reason, was_reason_code, was_reason_params)
SELECT :decision, id, :became, {_NUMBER}, (
       SELECT count(*) FROM tasks AS sibling
        WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
          AND sibling.status = 'completed'),
       :was, :tries, :not_before, CASE typeof(hold_until) WHEN 'real' THEN hold_until END, :doubted_at, :sent_at,
       :reason, :reason_code, :reason_params
  FROM tasks WHERE id = :id
"""

# `move`: put a task where a person wants it. One that is queued again has its tries anew, and where another program
# wrote over the number of its attempts, that of the latest that is known. What has expired does so no more.
_MOVE = f"""
UPDATE tasks SET status = :status, updated_at = :local, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params, worker = NULL, started_at = NULL, attempts = {_NUMBER},
                 lease = NULL, beat = NULL, due_at = NULL, hold_until = NULL, not_before = 0.0,
                 tries = CASE WHEN :status = 'queued' THEN 0 ELSE tries END,
                 doubted_at = CASE WHEN :status = 'queued' THEN NULL ELSE doubted_at END,
                 expires_at = CASE WHEN :status = 'queued' AND expires_at <= :now THEN NULL ELSE expires_at END,
                 sent_at = CASE :status WHEN 'sent' THEN :now WHEN 'queued' THEN NULL ELSE sent_at END
 WHERE id = :id
"""

_MESSAGES = """(SELECT count(*) FROM decided
         WHERE decision = id AND NOT EXISTS (SELECT 1 FROM digests WHERE digests.task_id = decided.task_id))"""

# `decisions`: the latest ones first, of all tasks or of one.
_DECISIONS = f"""
SELECT id, at, kind, who, why, {_MESSAGES}, channel, undone_at, undone_by,
       undone_why
  FROM decisions
 WHERE :task IS NULL OR id IN (SELECT decision FROM decided WHERE task_id = :task)
 ORDER BY id DESC LIMIT :limit
"""

# `undoing`: a decision, and the pause that it ended.
_ONE = f"""
SELECT id, at, kind, who, why, {_MESSAGES}, channel, undone_at, undone_by,
       undone_why, until, reason, reason_code, reason_params
  FROM decisions WHERE id = ?
"""

# `undoing`: the tasks of a decision, and how they stand since.
_STANDING = f"""
SELECT was, became, decided.number, flagged, (
       SELECT coalesce(max(made.number), 0) FROM attempts AS made WHERE made.task_id = tasks.id), (
       SELECT count(*) FROM tasks AS sibling
        WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
          AND sibling.status = 'completed'),
       EXISTS (SELECT 1 FROM settling WHERE settling.campaign = tasks.campaign) AND EXISTS (
       SELECT 1 FROM tasks AS sibling
        WHERE sibling.campaign = tasks.campaign AND sibling.record_key = tasks.record_key
          AND sibling.status = 'sent'), (
       SELECT max(decision) FROM decided AS later
        WHERE later.task_id = tasks.id AND later.decision > decided.decision AND NOT later.undone),
       (SELECT whole.id FROM digest_members JOIN digests ON digests.task_id = digest
          JOIN tasks AS whole ON whole.id = digest
         WHERE digest_members.task_id = tasks.id AND stands = 1 AND (whole.status = 'sending' OR (
               whole.status = 'queued' AND members IS NOT NULL AND NOT EXISTS (
               SELECT 1 FROM decided AS its WHERE its.decision = decided.decision AND its.task_id = whole.id)))),
       {rows.selected(rows.TASK_COLUMNS)}
  FROM decided JOIN tasks ON tasks.id = decided.task_id WHERE decided.decision = ? ORDER BY decided.task_id
"""

# `_take_back`: a task is what it was before a decision.
_PUT_BACK = """
UPDATE tasks SET (status, tries, not_before, hold_until, doubted_at, sent_at, reason, reason_code, reason_params) = (
                     SELECT was, was_tries, was_not_before, was_hold_until, was_doubted_at, was_sent_at, was_reason,
                            was_reason_code, was_reason_params
                       FROM decided WHERE decision = :decision AND task_id = :id),
                 updated_at = :local, due_at = NULL
 WHERE id = :id
"""

# `_take_back`: it is so.
_IS_BACK = "UPDATE decided SET undone = 1 WHERE decision = ? AND task_id = ?"

# `task_of`: a task as it is now.
_TASK = f"SELECT {rows.selected(rows.TASK_COLUMNS)} FROM tasks WHERE id = ?"

# `undo`: a decision was taken back.
_UNDONE = "UPDATE decisions SET undone_at = :now, undone_by = :who, undone_why = :why WHERE id = :id"


def begin(
    db: Database, kind: str, *, who: str, why: str, at: float, channel: str | None = None, pause: Pause | None = None
) -> int:
    """Record a decision, and return its id. `pause`: what it ends."""
    values = {"at": at, "kind": kind, "who": who, "why": why, "channel": channel, "until": pause and pause.until}
    made = db.execute(_DECISION, {**values, **cells.reason_values(pause.reason if pause else None)}).lastrowid
    assert made is not None  # noqa: S101
    return made


def note(db: Database, decision: int, task: Task, became: Status, *, new: bool = False) -> None:
    """Keep what a task was before a decision moves it; `new`: the decision made it."""
    was = "foreign" if task.damaged else task.status.value
    db.execute(
        _NOTE,
        {
            "decision": decision,
            "id": task.id,
            "became": became.value,
            "was": None if new else was,
            "tries": task.tries,
            "not_before": task.not_before,
            "doubted_at": task.doubted_at,
            "sent_at": task.sent_at,
            **cells.reason_values(task.reason),
        },
    )


def move(db: Database, task: Task, status: Status, reason: Reason, at: float) -> None:
    """Put a task where a person wants it, and find whose turn it is."""
    values = {"id": task.id, "status": status.value, "local": db.local_time(at), "now": at}
    db.execute(_MOVE, {**values, **cells.reason_values(reason)})
    lanes.find_turn(db, task, queued=status is Status.QUEUED)


def task_of(db: Database, id_: int) -> Task | None:
    """Return a task as it is now; None where there is none."""
    row = db.one(_TASK, (id_,))
    return rows.task(row) if row else None


class Deciding(Pausing):
    """Methods of the outbox for what was decided."""

    db: Database

    def decisions(self, limit: int | None = None, *, task: int | None = None) -> list[Decision]:
        """Return decisions, the latest first."""
        found = self.db.all(_DECISIONS, {"task": task, "limit": -1 if limit is None else limit})
        return [Decision._make(row) for row in found]

    def undoing(self, decision: int) -> Undoing | None:
        """Return what undoing a decision would do now."""
        db = self.db
        found = db.one(_ONE, (decision,))
        if found is None:
            return None
        *first, until, text, code, params = found
        made = Decision._make(first)
        if made.channel is not None:
            ended = (
                None
                if until is None
                else Pause(channel=made.channel, until=until, reason=cells.reason(text, code, params))
            )
            return Undoing.of_pause(made, ended, db.clock.now())
        return Undoing(decision=made, messages=[_decided(row) for row in db.all(_STANDING, (decision,))])

    def resume(self, channel: str, *, who: str, why: str) -> bool:
        """End a pause, or an outage."""
        db = self.db
        with db.transaction():
            now = db.clock.now()
            ended = pausing.end(db, channel, now)
            outage = self.end_outage(channel)
            if ended is None and not outage:
                return False
            begin(db, "resumed", who=who, why=why, at=now, channel=channel, pause=ended)
            return True

    def undo(self, decision: int, *, who: str, why: str) -> Undoing | None:
        """Take a decision back, as far as that can be done."""
        from notifykit.outbox.sqlite.digests import gather  # few commands ask

        db = self.db
        with db.transaction():
            done = self.undoing(decision)
            if done is None or done.decision.undone_at is not None or not done.possible:
                return done
            now = db.clock.now()
            messages = [self._take_back(decision, one, who, why, now) for one in done.messages]
            gather(db, [one.task.id for one in messages])
            if done.pause is not None:
                pausing.pause_until(db, done.pause, now)
            db.execute(_UNDONE, {"id": decision, "now": now, "who": who, "why": why})
            return done._replace(messages=messages)

    def _take_back(self, decision: int, one: Decided, who: str, why: str, now: float) -> Decided:
        db, task = self.db, one.task
        if one.kept is not None:
            return one
        if one.opened:
            move(db, task, one.back, DECIDED(why=why), now)
        else:
            db.execute(_PUT_BACK, {"decision": decision, "id": task.id, "local": db.local_time(now)})
            lanes.find_turn(db, task, queued=one.back is Status.QUEUED)
        db.execute(_IS_BACK, (decision, task.id))
        events.record(db, task.id, "undone", who, f"{task.status.value} to {one.back.value}: {why}", at=now)
        return one._replace(task=task_of(db, task.id) or task)


def _decided(row: Sequence[Any]) -> Decided:
    facts = len(Standing._fields)
    return Standing._make(row[:facts]).of(rows.task(row[facts:]))
