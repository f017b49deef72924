"""The dispatching side of the SQLite outbox: claim, finish, and what to do about lost claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from notifykit.model import Claim, Outcome, Status, Task
from notifykit.outbox.protocol import Pause, Transition
from notifykit.outbox.sqlite import events, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.roles import Rate

# `claim`: the due tasks of a channel that is not paused, each as it will be when it is claimed. A retry that waits and
# the task that overtook it can both be due: the lane is free only while none is sending.
_DUE = f"""
SELECT attempts + 1, due_at, {rows.selected(rows.TASK_COLUMNS, status="'sending'", tries="tries + 1")}
  FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = :channel AND due_at <= :now
   AND NOT EXISTS (SELECT 1 FROM pauses WHERE pauses.channel = :channel AND until > :now)
   AND NOT (ordered = 1 AND EXISTS (
       SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
        WHERE busy.status = 'sending' AND busy.channel = tasks.channel AND busy.recipient = tasks.recipient
          AND busy.ordered = 1))
 ORDER BY due_at, id LIMIT :room
"""

# `claim`: make a task durably `sending` before its call.
_SENDING = """
UPDATE tasks SET status = 'sending', updated_at = ?, due_at = NULL, attempts = ?, tries = ?, worker = ?,
                 started_at = ?, lease = ?, lease_until = ?
 WHERE id = ?
"""

# `claim`: count an attempt of a limited channel.
_STARTED = "INSERT INTO starts (channel, at, task_id, number) VALUES (?, ?, ?, ?)"

# `finish`: keep what came of an attempt that moves its task. Its second result is the late one that settles its doubt.
_OUTCOME = """
INSERT INTO attempts (task_id, number, channel, worker, started_at, finished_at, verdict, code, detail, vendor_id,
                      call_seconds)
VALUES (:task_id, :number, :channel, :worker, :started_at, :now, :verdict, :code, :detail, :vendor_id, :call_seconds)
ON CONFLICT DO UPDATE SET finished_at = excluded.finished_at, verdict = excluded.verdict, code = excluded.code,
  detail = excluded.detail, vendor_id = excluded.vendor_id, call_seconds = excluded.call_seconds
"""

# `finish`: keep what came of an attempt that does not move its task any more.
_LATE = """
UPDATE attempts SET finished_at = :now, verdict = :verdict, code = :code, detail = :detail, vendor_id = :vendor_id,
                    call_seconds = :call_seconds
 WHERE task_id = :task_id AND number = :number
"""

# `finish`: move a task to where its outcome sends it, if the attempt is its latest and nobody else has moved it.
_MOVE = """
UPDATE tasks SET status = :status, updated_at = :local, reason = :reason, not_before = :not_before, worker = NULL,
                 lease = NULL, lease_until = NULL, hold_until = coalesce(hold_until, :hold_until),
                 tries = tries - :uncounted,
                 sent_at = CASE WHEN :status = 'sent' THEN :now END
 WHERE id = :id AND attempts = :token AND status = :was
"""

# `release`: put a claimed task back as if it had not been claimed.
_RELEASE = """
UPDATE tasks SET status = 'queued', updated_at = ?, worker = NULL, lease = NULL, lease_until = NULL,
                 tries = tries - 1
 WHERE id = ? AND attempts = ? AND status = 'sending'
"""

# `release`: take back the count of an attempt that was not made.
_NOT_STARTED = "DELETE FROM starts WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# `heartbeat`: renew the leases of a worker.
_RENEW = """
UPDATE tasks INDEXED BY tasks_sending SET lease = ?, lease_until = ? WHERE status = 'sending' AND worker = ?
"""

# `expired`: what is being sent under a lease that has ended.
_EXPIRED = f"""
SELECT attempts, worker, started_at, lease_until, {rows.selected(rows.TASK_COLUMNS)} FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND lease_until <= ? ORDER BY id
"""

# `claim`: how many attempts of a channel began within a window.
_USED = "SELECT count(*) FROM starts WHERE channel = ? AND at > ? AND at <= ?"

# `claim`: drop what no window reaches back to, and what a clock that was set back left in the future.
_PRUNE = "DELETE FROM starts WHERE channel = ? AND (at <= ? OR at > ?)"

# `expired`: shorten leases that were begun before the clock was set back to their own length.
_SHORTEN_LEASES = """
UPDATE tasks INDEXED BY tasks_sending SET lease_until = :now + lease
 WHERE status = 'sending' AND lease_until > :now + lease
"""

# `expired`: shorten pauses likewise.
_SHORTEN_PAUSES = "UPDATE pauses SET until = :now + (until - set_at), set_at = :now WHERE set_at > :now"

# `expired`: retries whose backoff was begun before the clock was set back, and how long it is.
_RETRIES_SET_IN_THE_FUTURE = """
SELECT tasks.id, not_before - finished_at, tasks.channel, recipient, ordered
  FROM tasks INDEXED BY tasks_retrying JOIN attempts ON task_id = tasks.id AND number = tasks.attempts
 WHERE status = 'queued' AND tries > 0 AND finished_at > :now AND not_before > :now
"""

# `expired`: have a retry wait no longer than its own backoff.
_SHORTEN_RETRY = "UPDATE tasks SET not_before = :at, due_at = :at, hold_until = :at WHERE id = :id"

# `pause`: stop a channel; a longer pause is not shortened.
_PAUSE = """
INSERT INTO pauses (channel, set_at, until, reason) VALUES (?, ?, ?, ?)
ON CONFLICT (channel) DO UPDATE SET set_at = excluded.set_at, until = excluded.until, reason = excluded.reason
  WHERE excluded.until > until
"""

# `resume`: end the pause of a channel, if it is in force.
_RESUME = "DELETE FROM pauses WHERE channel = ? AND until > ?"

# `pauses`: those in force.
_PAUSES = "SELECT channel, until, reason FROM pauses WHERE until > ? ORDER BY channel"

# `next_lease_end`: when the first lease of anybody ends.
_FIRST_LEASE_END = "SELECT min(lease_until) FROM tasks INDEXED BY tasks_sending WHERE status = 'sending'"

# `next_due`: when the first task of a channel is due.
_FIRST_DUE = """
SELECT min(due_at) FROM tasks INDEXED BY tasks_due WHERE status = 'queued' AND due_at IS NOT NULL AND channel = ?
"""


class _Due(NamedTuple):
    """A task that may be claimed."""

    at: float
    number: int
    """Of the attempt that it would be."""
    task: Task


class Claiming:
    """Methods of the outbox for `dispatch`."""

    db: Database

    def claim(self, worker: str, slots: int, channels: Mapping[str, Sequence[Rate]], lease: float) -> list[Claim]:
        """Take due tasks, each durably `sending` under a lease."""
        db = self.db
        with db.transaction():
            now = db.clock.now()
            due: list[_Due] = []
            for channel, rates in channels.items():
                room = min(slots, self._allowance(channel, rates, now)) if rates else slots
                if room > 0:
                    found = db.all(_DUE, {"channel": channel, "now": now, "room": room})
                    due += [_Due(at, number, rows.task(columns)) for number, at, *columns in found]
            if len(channels) > 1:
                due.sort(key=lambda item: (item.at, item.task.id))
            claims: list[Claim] = []
            lanes_taken = set()
            for _, number, task in due:
                if len(claims) == slots:
                    break
                if task.ordered:
                    lane = (task.channel, task.recipient)
                    if lane in lanes_taken:
                        continue
                    lanes_taken.add(lane)
                claims.append(self._start(task, number, worker, now, lease))
                if channels[task.channel]:
                    db.execute(_STARTED, (task.channel, now, task.id, number))
            return claims

    def _start(self, task: Task, number: int, worker: str, now: float, lease: float) -> Claim:
        db = self.db
        until = now + lease
        values = (db.local_time(now), number, task.tries, worker, now, lease, until, task.id)
        db.execute(_SENDING, values)
        return Claim(task=task, token=number, worker=worker, started_at=now, lease_until=until)

    def _allowance(self, channel: str, rates: Sequence[Rate], now: float) -> int:
        """How many attempts the rates leave for now.

        A start somewhat in the future was made by a machine whose clock is ahead; one further off was left by a
        clock that was set back, and is dropped.
        """
        longest = max(rate.seconds for rate in rates)
        self.db.execute(_PRUNE, (channel, now - longest, now + longest))
        return min(rate.count - self._used(channel, now, rate.seconds) for rate in rates)

    def _used(self, channel: str, now: float, seconds: float) -> int:
        return int(self.db.one(_USED, (channel, now - seconds, now + seconds))[0])

    def finish(self, claim: Claim, outcome: Outcome, then: Transition, call_seconds: float | None = None) -> bool:
        """Record an outcome; move the task if the claim is still its latest."""
        db = self.db
        task = claim.task
        now = db.clock.now()
        move = {
            "id": task.id,
            "token": claim.token,
            "status": then.status.value,
            "local": db.local_time(now),
            "now": now,
            "reason": then.reason,
            "not_before": then.not_before or 0.0,
            "hold_until": then.hold_order_until,
            "uncounted": not then.counts,
        }
        with db.transaction():
            in_time = db.execute(_MOVE, {"was": "sending", **move}).rowcount
            moved = in_time or db.execute(_MOVE, {"was": "in_doubt", **move}).rowcount
            facts = {
                "task_id": task.id,
                "number": claim.token,
                "channel": task.channel,
                "worker": claim.worker,
                "started_at": claim.started_at,
                "now": now,
                "verdict": outcome.verdict.value,
                "code": outcome.code or None,
                "detail": outcome.detail or None,
                "vendor_id": outcome.vendor_id,
                "call_seconds": call_seconds,
            }
            if not moved:
                db.execute(_LATE, facts)
                events.record(db, task.id, "late_result", "dispatch", f"{outcome.verdict.value} {outcome.code}".strip())
                return False
            db.execute(_OUTCOME, facts)
            if task.ordered:
                lanes.advance(db, task.channel, task.recipient, free=bool(in_time))
            elif then.status is Status.QUEUED:
                lanes.place_unordered(db, task.id)
        return True

    def release(self, claim: Claim) -> None:
        """Give back a claim whose call was never begun, as if it had not been made."""
        db = self.db
        task = claim.task
        with db.transaction():
            local = db.local_time(db.clock.now())
            if db.execute(_RELEASE, (local, task.id, claim.token)).rowcount:
                db.execute(_NOT_STARTED, (task.channel, claim.started_at, task.id, claim.token))
                if task.ordered:
                    lanes.advance(db, task.channel, task.recipient)
                else:
                    lanes.place_unordered(db, task.id)

    def heartbeat(self, worker: str, lease: float) -> None:
        """Renew all leases of this worker."""
        with self.db.transaction():
            self.db.execute(_RENEW, (lease, self.db.clock.now() + lease, worker))

    def expired(self) -> list[Claim]:
        """Return the claims whose lease ran out."""
        now = self.db.clock.now()
        self._heal_clock(now)
        return [
            Claim(task=rows.task(columns), token=token, worker=worker, started_at=started_at, lease_until=until)
            for token, worker, started_at, until, *columns in self.db.all(_EXPIRED, (now,))
        ]

    def _heal_clock(self, now: float) -> None:
        """Where the clock was set back, shorten what would now wait for it to catch up."""
        with self.db.transaction():
            self.db.execute(_SHORTEN_LEASES, {"now": now})
            self.db.execute(_SHORTEN_PAUSES, {"now": now})
            for id_, delay, channel, recipient, ordered in self.db.all(_RETRIES_SET_IN_THE_FUTURE, {"now": now}):
                self.db.execute(_SHORTEN_RETRY, {"at": now + delay, "id": id_})
                if ordered:
                    lanes.advance(self.db, channel, recipient)

    def pause(self, channel: str, seconds: float, reason: str) -> None:
        """Stop claims of a channel, for all workers."""
        now = self.db.clock.now()
        with self.db.transaction():
            self.db.execute(_PAUSE, (channel, now, now + seconds, reason))

    def resume(self, channel: str) -> bool:
        """End a pause."""
        with self.db.transaction():
            return bool(self.db.execute(_RESUME, (channel, self.db.clock.now())).rowcount)

    def pauses(self) -> list[Pause]:
        """Return the pauses in force."""
        found = self.db.all(_PAUSES, (self.db.clock.now(),))
        return [Pause(channel=channel, until=until, reason=reason) for channel, until, reason in found]

    def next_lease_end(self) -> float | None:
        """Return when the first lease of anybody runs out."""
        (end,) = self.db.one(_FIRST_LEASE_END)
        return None if end is None else float(end)

    def next_due(self, channels: Iterable[str]) -> float | None:
        """Return when the next task of these channels may be claimed."""
        paused = {pause.channel: pause.until for pause in self.pauses()}
        soonest: float | None = None
        for channel in channels:
            (due,) = self.db.one(_FIRST_DUE, (channel,))
            if due is not None:
                due = max(due, paused.get(channel, 0.0))
                soonest = due if soonest is None else min(soonest, due)
        return soonest
