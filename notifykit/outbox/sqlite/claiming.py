"""The dispatching side of the SQLite outbox: claim, finish, and what to do about lost claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from notifykit.model import Claim, Outcome, Status, Task, Verdict
from notifykit.outbox.protocol import ChannelBounds, Outage, Transition
from notifykit.outbox.sqlite import events, lanes, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.pausing import Pausing
from notifykit.roles import Rate

if TYPE_CHECKING:
    from notifykit.outbox.sqlite.worker_locks import WorkerLocks

# Part of `_DUE`: the numbers that a claim changes. One that is none is still seen to be none.
_AS_CLAIMED = {
    "tries": "tries + 1",
    "attempts": "CASE WHEN typeof(attempts) = 'integer' THEN attempts + 1 END",
}

# `claim`: the due tasks of a channel that is not paused, each as it will be when it is claimed. Of a lane several can
# be due: a retry that waited and what overtook it, a task that came back (a late result, a decision) and what was next
# meanwhile. It is free only while none is sending, and the first that is due goes before those it still holds back.
_DUE = f"""
SELECT attempts + 1, due_at, {rows.selected(rows.TASK_COLUMNS, **_AS_CLAIMED)}
  FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = :channel AND due_at <= :now AND campaign IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM pauses WHERE pauses.channel = :channel AND until > :now)
   AND NOT (ordered = 1 AND EXISTS (
       SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
        WHERE busy.status = 'sending' AND busy.channel = tasks.channel AND busy.recipient = tasks.recipient
          AND busy.ordered = 1))
   AND NOT (ordered = 1 AND EXISTS (
       SELECT 1 FROM tasks AS earlier INDEXED BY tasks_lane
        WHERE earlier.status = 'queued' AND earlier.ordered = 1 AND earlier.channel = tasks.channel
          AND earlier.recipient = tasks.recipient AND earlier.id < tasks.id AND earlier.due_at <= :now
          AND (earlier.hold_until IS NULL OR earlier.hold_until > :now)))
 ORDER BY due_at, id LIMIT :room
"""

# `claim`: make a task durably `sending` before its call.
_SENDING = """
UPDATE tasks SET status = 'sending', updated_at = ?, due_at = NULL, attempts = ?, tries = ?, worker = ?,
                 started_at = ?, lease = ?, beat = 0
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
UPDATE tasks SET status = :status, updated_at = :local, reason = :reason, reason_code = :reason_code,
                 reason_params = :reason_params, not_before = :not_before, worker = NULL,
                 lease = NULL, beat = NULL, hold_until = coalesce(hold_until, :hold_until),
                 tries = tries - :uncounted,
                 sent_at = CASE WHEN :status = 'sent' THEN :now END,
                 doubted_at = coalesce(doubted_at, :doubted_at)
 WHERE id = :id AND attempts = :token AND status = :was
"""

# `release`: put a claimed task back as if it had not been claimed.
_RELEASE = """
UPDATE tasks SET status = 'queued', updated_at = ?, worker = NULL, lease = NULL, beat = NULL,
                 tries = tries - 1
 WHERE id = ? AND attempts = ? AND status = 'sending'
"""

# `release`: take back the count of an attempt that was not made.
_NOT_STARTED = "DELETE FROM starts WHERE channel = ? AND at = ? AND task_id = ? AND number = ?"

# `expire`: as `finish`, and only where the heartbeat number stands where the watcher saw it.
_EXPIRE = f"{_MOVE.rstrip()} AND CAST(coalesce(beat, 0) AS INTEGER) = :beat\n"

# `on_wire`: what is being sent, of all workers; also what was claimed by a program that knows no heartbeat numbers.
_ON_WIRE = f"""
SELECT attempts, worker, started_at, CASE WHEN typeof(lease) = 'real' THEN lease ELSE 120.0 END,
       CAST(coalesce(beat, 0) AS INTEGER), {rows.selected(rows.TASK_COLUMNS)}
  FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND campaign IS NOT NULL AND {rows.claimed()} ORDER BY id
"""

# `heartbeat`: raise the number of a claim that is still held.
_HEARTBEAT = "UPDATE tasks SET beat = coalesce(beat, 0) + 1 WHERE id = ? AND attempts = ? AND status = 'sending'"

# `holds`: whether a claim is still held.
_HOLDS = "SELECT 1 FROM tasks WHERE id = ? AND attempts = ? AND status = 'sending'"

# `enlist`: the workers that have claims.
_WORKERS = "SELECT DISTINCT worker FROM tasks INDEXED BY tasks_sending WHERE status = 'sending'"

# `claim`: how many calls of a channel a worker has under way.
_OWN_CALLS = """
SELECT count(*) FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND channel = ? AND worker = ?
"""

# `claim`: how many all workers have.
_CALLS = "SELECT count(*) FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND channel = ?"

# Part of `_USED` and `_PRUNE`: whether the call of a start has not ended.
_UNDER_WAY = """
EXISTS (SELECT 1 FROM tasks WHERE tasks.id = task_id AND tasks.attempts = number AND tasks.status = 'sending')
"""

# `claim`: how many attempts of a channel began within a window.
_USED = f"""
SELECT count(*) FROM starts WHERE channel = :channel AND (at > :from AND at <= :to OR {_UNDER_WAY})
"""

# `claim`: drop what no window reaches back to, and what a clock that was set back left in the future.
_PRUNE = f"DELETE FROM starts WHERE channel = :channel AND (at <= :from OR at > :to) AND NOT {_UNDER_WAY}"

# `finish`, `expire`: a call is counted until its window after it ended, since nobody knows when the service counts it.
_ENDED = """
UPDATE starts SET at = :now
 WHERE channel = :channel AND at = :started_at AND task_id = :task_id AND number = :number
"""

# `mend_times`: shorten pauses that were begun before the clock was set back to their own length.
_SHORTEN_PAUSES = "UPDATE pauses SET until = :now + (until - set_at), set_at = :now WHERE set_at > :now"

# `mend_times`: count the wait for a probe from now where the clock was set back.
_SHORTEN_OUTAGES = "UPDATE outages SET last_at = :now WHERE last_at > :now"

# `mend_times`: retries whose backoff was begun before the clock was set back, and how long it is.
_RETRIES_SET_IN_THE_FUTURE = """
SELECT tasks.id, not_before - finished_at, tasks.channel, recipient, ordered
  FROM tasks INDEXED BY tasks_retrying JOIN attempts ON task_id = tasks.id AND number = tasks.attempts
 WHERE status = 'queued' AND tries > 0 AND finished_at > :now AND not_before > :now
"""

# `mend_times`: have a retry wait no longer than its own backoff.
_SHORTEN_RETRY = "UPDATE tasks SET not_before = :at, due_at = :at, hold_until = :at WHERE id = :id"

# `next_due`: when the first task of a channel is due.
_FIRST_DUE = """
SELECT min(due_at) FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = ? AND campaign IS NOT NULL
"""


class _Due(NamedTuple):
    """A task that may be claimed."""

    at: float
    number: int
    """Of the attempt that it would be."""
    task: Task


class Claiming(Pausing):
    """Methods of the outbox for `dispatch`."""

    db: Database

    def claim(self, worker: str, slots: int, channels: Mapping[str, ChannelBounds], lease: float) -> list[Claim]:
        """Take due tasks, each durably `sending` under a lease."""
        db = self.db
        with db.transaction():
            now = db.clock.now()
            due: list[_Due] = []
            places: dict[str | tuple[str, ...], int] = {}
            outages = {outage.channel: outage for outage in self.outages() if outage.paused}
            for channel, bounds in channels.items():
                if (outage := outages.get(channel)) is not None and not self._may_probe(outage, now):
                    continue
                place = bounds.shared_with or channel
                if bounds.concurrency is not None:
                    free = bounds.concurrency - self._calls(channel, bounds.shared_with, worker)
                    places[place] = min(free, places.get(place, free))
                room = min(slots, places.get(place, slots))
                if bounds.rates and room > 0:
                    room = min(room, self._allowance(channel, bounds.rates, now))
                if outage is not None:
                    room = min(room, 1)
                if room > 0:
                    due += self._due(channel, now, room)
            if len(channels) > 1:
                due.sort(key=lambda item: (item.at, item.task.id))
            claims: list[Claim] = []
            lanes_taken = set()
            for _, number, task in due:
                if len(claims) == slots:
                    break
                bounds = channels[task.channel]
                place = bounds.shared_with or task.channel
                if places.get(place) == 0:
                    continue
                if task.ordered:
                    lane = (task.channel, task.recipient)
                    if lane in lanes_taken:
                        continue
                    lanes_taken.add(lane)
                if place in places:
                    places[place] -= 1
                claims.append(self._start(task, number, worker, now, lease))
                if bounds.rates:
                    db.execute(_STARTED, (task.channel, now, task.id, number))
            return claims

    def _due(self, channel: str, now: float, room: int) -> list[_Due]:
        """Return up to `room` due tasks of a channel. What cannot be read is set aside, and bars no other."""
        while True:
            found = self.db.all(_DUE, {"channel": channel, "now": now, "room": room})
            due = [_Due(at, number, rows.task(columns)) for number, at, *columns in found]
            if not (damaged := [item.task for item in due if item.task.damaged]):
                return due
            from notifykit.outbox.sqlite.setting_aside import set_aside  # seldom needed

            for task in damaged:
                set_aside(self.db, task, now)

    def _may_probe(self, outage: Outage, now: float) -> bool:
        """Whether one message may be tried on a channel that cannot be reached: nobody tries one just now."""
        return now >= outage.next_probe and not self.db.one(_CALLS, (outage.channel,))[0]

    def _calls(self, channel: str, shared_with: Sequence[str], worker: str) -> int:
        """How many calls are under way, as far as the channel's bound counts them."""
        if shared_with:
            return sum(int(self.db.one(_CALLS, (other,))[0]) for other in shared_with)
        return int(self.db.one(_OWN_CALLS, (channel, worker))[0])

    def _start(self, task: Task, number: int, worker: str, now: float, lease: float) -> Claim:
        db = self.db
        db.execute(_SENDING, (db.local_time(now), number, task.tries, worker, now, lease, task.id))
        task = replace(task, status=Status.SENDING)
        return Claim(task=task, token=number, worker=worker, started_at=now, lease=lease)

    def _allowance(self, channel: str, rates: Sequence[Rate], now: float) -> int:
        """How many attempts the rates leave for now. A call counts while it is under way and for its window afterwards.

        A start somewhat in the future was made by a machine whose clock is ahead; one further off was left by a
        clock that was set back, and is dropped.
        """
        longest = max(rate.seconds for rate in rates)
        self.db.execute(_PRUNE, {"channel": channel, "from": now - longest, "to": now + longest})
        return min(rate.count - self._used(channel, now, rate.seconds) for rate in rates)

    def _used(self, channel: str, now: float, seconds: float) -> int:
        return int(self.db.one(_USED, {"channel": channel, "from": now - seconds, "to": now + seconds})[0])

    def finish(self, claim: Claim, outcome: Outcome, then: Transition, call_seconds: float | None = None) -> bool:
        """Record an outcome; move the task if the claim is still its latest."""
        db = self.db
        task = claim.task
        move, facts = self._said(claim, outcome, then, call_seconds)
        with db.transaction():
            in_time = db.execute(_MOVE, {"was": "sending", **move}).rowcount
            if not in_time and not db.execute(_MOVE, {"was": "in_doubt", **move}).rowcount:
                db.execute(_LATE, facts)
                events.record(db, task.id, "late_result", "dispatch", f"{outcome.verdict.value} {outcome.code}".strip())
                return False
            self._moved(claim, then, facts, free=bool(in_time))
        return True

    def expire(self, claim: Claim, outcome: Outcome, then: Transition) -> bool:
        """Take a claim away whose worker is gone, unless its heartbeat number has risen."""
        move, facts = self._said(claim, outcome, then, None)
        with self.db.transaction():
            if not self.db.execute(_EXPIRE, {"was": "sending", "beat": claim.beat, **move}).rowcount:
                return False
            self._moved(claim, then, facts, free=True)
        return True

    def _said(
        self, claim: Claim, outcome: Outcome, then: Transition, call_seconds: float | None
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return the values of a move and those of an attempt."""
        now = self.db.clock.now()
        move: dict[str, object] = {
            "id": claim.task.id,
            "token": claim.token,
            "status": then.status.value,
            "local": self.db.local_time(now),
            "now": now,
            **rows.reason_values(then.reason),
            "not_before": then.not_before or 0.0,
            "hold_until": then.hold_order_until,
            "uncounted": not then.counts,
            "doubted_at": claim.started_at if outcome.verdict is Verdict.UNKNOWN else None,
        }
        facts = {
            "task_id": claim.task.id,
            "number": claim.token,
            "channel": claim.task.channel,
            "worker": claim.worker,
            "started_at": claim.started_at,
            "now": now,
            "verdict": outcome.verdict.value,
            "code": outcome.code or None,
            "detail": outcome.detail or None,
            "vendor_id": outcome.vendor_id,
            "call_seconds": call_seconds,
        }
        return move, facts

    def _moved(self, claim: Claim, then: Transition, facts: Mapping[str, object], *, free: bool) -> None:
        """Record the attempt of a task that was moved, and find whose turn it is. `free`: its lane is off the wire."""
        task = claim.task
        self.db.execute(_OUTCOME, facts)
        self.db.execute(_ENDED, facts)
        if task.ordered:
            lanes.advance(self.db, task.channel, task.recipient, free=free)
        elif then.status is Status.QUEUED:
            lanes.place_unordered(self.db, task.id)

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

    def enlist(self, worker: str) -> AbstractContextManager[None]:
        """Hold an OS lock under the worker's name."""
        return self._locks().held(worker, self._busy_workers)

    def _busy_workers(self) -> set[str]:
        return {str(name) for (name,) in self.db.all(_WORKERS)}

    def ended(self, worker: str) -> bool:
        """Whether the worker's OS lock died with it."""
        return self._locks().died(worker)

    def _locks(self) -> WorkerLocks:
        from notifykit.outbox.sqlite.worker_locks import WorkerLocks  # its library is for those that dispatch

        return WorkerLocks.beside(self.db.path)

    def on_wire(self) -> list[Claim]:
        """Return what is `sending`, of all workers."""
        return [
            Claim(task=rows.task(columns), token=token, worker=worker, started_at=started_at, lease=lease, beat=beat)
            for token, worker, started_at, lease, beat, *columns in self.db.all(_ON_WIRE)
        ]

    def heartbeat(self, claims: Iterable[Claim]) -> list[Claim]:
        """Raise the heartbeat numbers of those of the claims that are still held; returns these."""
        with self.db.transaction():
            return [claim for claim in claims if self.db.execute(_HEARTBEAT, (claim.task.id, claim.token)).rowcount]

    def holds(self, claim: Claim) -> bool:
        """Whether a claim is still its task's latest, and the task is `sending`."""
        return self.db.one(_HOLDS, (claim.task.id, claim.token)) is not None

    def mend_times(self) -> None:
        """Shorten what waits for a clock that was set back; mend what others' writing would bar for ever."""
        from notifykit.outbox.sqlite.setting_aside import give_up_claims, mend_turns  # only where something is sent

        now = self.db.clock.now()
        with self.db.transaction():
            self.db.execute(_SHORTEN_PAUSES, {"now": now})
            self.db.execute(_SHORTEN_OUTAGES, {"now": now})
            for id_, delay, channel, recipient, ordered in self.db.all(_RETRIES_SET_IN_THE_FUTURE, {"now": now}):
                self.db.execute(_SHORTEN_RETRY, {"at": now + delay, "id": id_})
                if ordered:
                    lanes.advance(self.db, channel, recipient)
            give_up_claims(self.db, now)
            mend_turns(self.db)

    def next_due(self, channels: Iterable[str]) -> float | None:
        """Return when the next task of these channels may be claimed."""
        paused = {outage.channel: outage.next_probe for outage in self.outages() if outage.paused}
        paused |= {pause.channel: pause.until for pause in self.pauses()}
        soonest: float | None = None
        for channel in channels:
            (due,) = self.db.one(_FIRST_DUE, (channel,))
            if isinstance(due, float):
                due = max(due, paused.get(channel, 0.0))
                soonest = due if soonest is None else min(soonest, due)
        return soonest
