"""The dispatching side of the SQLite outbox: results in, claims out, and what to do about lost claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from notifykit.model import Claim, Outcome, Task
from notifykit.outbox.sqlite import channel_times, lanes, rates, rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.pausing import Pausing
from notifykit.outbox.values import ChannelBounds, Exchanged, Finished, Transition

if TYPE_CHECKING:
    from notifykit.outbox.sqlite.worker_locks import WorkerLocks

# Part of `_DUE`: a task as it is when it is claimed. A number that is none is still seen to be none.
_AS_CLAIMED = {
    "status": "'sending'",
    "tries": "tries + 1",
    "attempts": "CASE WHEN typeof(attempts) = 'integer' THEN attempts + 1 END",
    "worker": ":worker",
    "started_at": ":now",
}

# Part of `_DUE` and `_DUE_OF_CAMPAIGN`: of a lane several can be due: a retry that waited and what overtook it, a task
# that came back (a late result, a decision) and what was next meanwhile. It is free only while none is sending, and the
# first that is due goes before those it still holds back.
_IN_ITS_LANE = """NOT (ordered = 1 AND EXISTS (
       SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
        WHERE busy.status = 'sending' AND busy.channel = tasks.channel AND busy.recipient = tasks.recipient
          AND busy.ordered = 1))
   AND NOT (ordered = 1 AND EXISTS (
       SELECT 1 FROM tasks AS earlier INDEXED BY tasks_lane
        WHERE earlier.status = 'queued' AND earlier.ordered = 1 AND earlier.channel = tasks.channel
          AND earlier.recipient = tasks.recipient AND earlier.id < tasks.id AND earlier.due_at <= :now
          AND (earlier.hold_until IS NULL OR earlier.hold_until > :now)))"""

# `_due`: the due tasks of a channel, each as it will be when it is claimed.
_DUE = f"""
SELECT due_at, limit_key, {rows.selected(rows.TASK_COLUMNS, **_AS_CLAIMED)}
  FROM tasks INDEXED BY tasks_due
 WHERE status = 'queued' AND due_at IS NOT NULL AND channel = :channel AND due_at <= :now AND campaign IS NOT NULL
   AND {_IN_ITS_LANE}
 ORDER BY due_at, id LIMIT :room
"""

# `_due`: those of one campaign, by the index of what is open: what others have waiting is not read.
_DUE_OF_CAMPAIGN = f"""
SELECT due_at, limit_key, {rows.selected(rows.TASK_COLUMNS, **_AS_CLAIMED)}
  FROM tasks INDEXED BY tasks_open
 WHERE status = 'queued' AND {rows.OPEN} AND campaign = :campaign AND channel = :channel AND due_at <= :now
   AND {_IN_ITS_LANE}
 ORDER BY queued_at, id LIMIT :room
"""

# `claim_task`: one that is named, as it will be when it is claimed.
_NAMED = f"""
SELECT limit_key, {rows.selected(rows.TASK_COLUMNS, **_AS_CLAIMED)} FROM tasks
 WHERE id = :id AND status = 'queued' AND ordered = 0 AND campaign IS NOT NULL
"""

# `_take`: make tasks durably `sending` before their calls.
_SENDING = """
UPDATE tasks SET status = 'sending', updated_at = ?, due_at = NULL, attempts = ?, tries = ?, worker = ?,
                 started_at = ?, lease = ?, beat = 0
 WHERE id = ?
"""

# `release`: put a claimed task back as if it had not been claimed.
_RELEASE = """
UPDATE tasks SET status = 'queued', updated_at = ?, worker = NULL, lease = NULL, beat = NULL,
                 tries = tries - 1
 WHERE id = ? AND attempts = ? AND status = 'sending'
"""

# `expire`: whether a claim is held, and its heartbeat number stands where the watcher saw it.
_STANDS_STILL = """
SELECT 1 FROM tasks
 WHERE id = ? AND attempts = ? AND status = 'sending' AND CAST(coalesce(beat, 0) AS INTEGER) = ?
"""

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

# `_calls`: how many calls of a channel a worker has under way.
_OWN_CALLS = """
SELECT count(*) FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND channel = ? AND worker = ?
"""

# `_calls`, `_room`: how many all workers have.
_CALLS = "SELECT count(*) FROM tasks INDEXED BY tasks_sending WHERE status = 'sending' AND channel = ?"

# `mend_times`: shorten pauses that were begun before the clock was set back to their own length.
_SHORTEN_PAUSES = "UPDATE pauses SET until = :now + (until - set_at), set_at = :now WHERE set_at > :now"

# `mend_times`: count the wait for a probe from now where the clock was set back.
_SHORTEN_OUTAGES = "UPDATE outages SET last_at = :now WHERE last_at > :now"

# `mend_times`: what waits since an attempt that ended before the clock was set back, and how long it was to wait. An
# attempt that counted for nothing, because its channel asked to wait, leaves no tries.
_WAITS_SET_IN_THE_FUTURE = """
SELECT tasks.id, not_before - finished_at, tasks.channel, recipient, ordered
  FROM channels JOIN tasks INDEXED BY tasks_due
       ON status = 'queued' AND due_at IS NOT NULL AND tasks.channel = channels.channel AND due_at > :now
  JOIN attempts ON task_id = tasks.id AND number = tasks.attempts
 WHERE finished_at > :now AND not_before > :now
"""

# `mend_times`: have a retry wait no longer than its own backoff.
_SHORTEN_RETRY = "UPDATE tasks SET not_before = :at, due_at = :at, hold_until = :at WHERE id = :id"


class _Due(NamedTuple):
    """A task that may be claimed. In the order of turns."""

    at: float
    id: int
    number: int
    """Of the attempt that it would be."""
    task: Task
    limit_key: object


LANES_EVERY = 60.0
"""Seconds between two looks at each lane for what other programs took away."""


class Claiming(Pausing):
    """Methods of the outbox for `dispatch`."""

    db: Database
    lanes_next = float("-inf")
    """When each lane is looked at again, by the clock that does not step."""

    def exchange(
        self,
        results: Sequence[Finished],
        worker: str,
        slots: int,
        channels: Mapping[str, ChannelBounds],
        lease: float,
        campaigns: Collection[str] = (),
    ) -> Exchanged:
        """Record results, and take due tasks, each durably `sending` under a lease."""
        from notifykit.outbox.sqlite import recording  # not for a look

        with self.db.transaction():
            moved = recording.record(self.db, results) if results else ()
            claims = self._claim(worker, slots, channels, lease, campaigns) if slots > 0 else []
            return Exchanged(moved=moved, claims=claims)

    def claim_task(self, task_id: int, worker: str, bounds: ChannelBounds, lease: float) -> Claim | None:
        """Claim this queued task, which has no order, now; None where it is none."""
        with self.db.transaction():
            now = self.db.clock.now()
            if (row := self.db.one(_NAMED, {"id": task_id, "worker": worker, "now": now})) is None:
                return None
            key, *cells = row
            due = _Due(now, task_id, cells[rows.ATTEMPTS], rows.task(cells), key)
            channel = due.task.channel
            places: dict[str | tuple[str, ...], int] = {bounds.shared_with or channel: 1}
            (claim,) = self._take([due], 1, places, {}, {channel: bounds}, worker, now, lease)
        return claim

    def _claim(
        self, worker: str, slots: int, channels: Mapping[str, ChannelBounds], lease: float, campaigns: Collection[str]
    ) -> list[Claim]:
        db = self.db
        now = db.clock.now()
        ready = [one for one in channel_times.worth_a_look(db, now) if one.name in channels]
        troubled = any(one.has_outage for one in ready)
        probes = {one.channel: one.next_probe for one in self.outages() if one.paused} if troubled else {}
        due: list[_Due] = []
        places: dict[str | tuple[str, ...], int] = {}
        left: dict[str, int] = {}  # by the names under which attempts are counted
        looked: list[str] = []
        for one in ready:
            if one.next_id and len(due) >= slots and (one.next_at, one.next_id) > due[slots - 1][:2]:
                break  # those of the others come later
            until = max(one.paused_until, probes.get(one.name, 0.0))
            if until > now:
                channel_times.put_off(db, one.name, until)
                continue
            bounds = channels[one.name]
            place = bounds.shared_with or one.name
            room = self._room(one.name, bounds, worker, slots, probing=one.name in probes)
            places[place] = room = min(room, places.get(place, room))
            if room > 0 and bounds.rates:
                name = bounds.counted_as or one.name
                allowed, free_at = rates.allowance(db, name, bounds.rates, now)
                left[name] = min(allowed, left.get(name, allowed))
                if allowed <= 0:
                    channel_times.put_off(db, one.name, free_at)
                room = min(room, allowed)
            if room > 0:
                looked.append(one.name)
                find = partial(self._due, one.name, campaigns, room, worker, now)
                if bounds.key_rates:
                    from notifykit.outbox.sqlite import key_limits  # few channels have any

                    due += key_limits.with_room(db, find, one.name, bounds, left, now)
                else:
                    due += find()
                due.sort()
        claims = self._take(due, slots, places, left, channels, worker, now, lease)
        if len(ready) > 1 or not claims:
            for name in looked:
                channel_times.to_first_turn(db, name)
        return claims

    def _room(self, name: str, bounds: ChannelBounds, worker: str, slots: int, *, probing: bool) -> int:
        """How many calls of a channel may begin, as far as those under way leave."""
        if probing:
            return 0 if self.db.one(_CALLS, (name,))[0] else 1
        if bounds.concurrency is None:
            return slots
        return min(slots, bounds.concurrency - self._calls(name, bounds.shared_with, worker))

    def _calls(self, channel: str, shared_with: Sequence[str], worker: str) -> int:
        """How many calls are under way, as far as the channel's bound counts them."""
        if shared_with:
            return sum(int(self.db.one(_CALLS, (other,))[0]) for other in shared_with)
        return int(self.db.one(_OWN_CALLS, (channel, worker))[0])

    def _take(
        self,
        due: Sequence[_Due],
        slots: int,
        places: dict[str | tuple[str, ...], int],
        left: dict[str, int],
        channels: Mapping[str, ChannelBounds],
        worker: str,
        now: float,
        lease: float,
    ) -> list[Claim]:
        """Claim the first of these tasks: one of each lane, no more than there are places for and than rates leave."""
        claims: list[Claim] = []
        lanes_taken = set()
        for one in due:
            if len(claims) == slots:
                break
            task = one.task
            bounds = channels[task.channel]
            place = bounds.shared_with or task.channel
            counted = bounds.counted(task.channel, one.limit_key) if bounds.rates or bounds.key_rates else ()
            if places[place] == 0 or (counted and any(left.get(name, 1) <= 0 for name in counted)):
                continue
            if task.ordered:
                lane = (task.channel, task.recipient)
                if lane in lanes_taken:
                    continue
                lanes_taken.add(lane)
            places[place] -= 1
            if counted:
                left.update((name, left[name] - 1) for name in counted if name in left)
            claims.append(
                Claim(task=task, token=one.number, worker=worker, started_at=now, lease=lease, counted=counted)
            )
        local = self.db.local_time(now)
        self.db.executemany(
            _SENDING, [(local, one.token, one.task.tries, worker, now, lease, one.task.id) for one in claims]
        )
        if limited := [claim for claim in claims if claim.counted]:
            rates.started(self.db, limited)
        return claims

    def _due(self, channel: str, campaigns: Collection[str], room: int, worker: str, now: float) -> list[_Due]:
        """Return up to `room` due tasks of a channel, of each campaign where any are named. What cannot be read is set
        aside, and bars no other."""
        values = {"channel": channel, "now": now, "room": room, "worker": worker}
        while True:
            if campaigns:
                of_each = (self.db.all(_DUE_OF_CAMPAIGN, {**values, "campaign": name}) for name in campaigns)
                found = [row for rows_ in of_each for row in rows_]
            else:
                found = self.db.all(_DUE, values)
            due = [_Due(at, row[0], row[rows.ATTEMPTS], rows.task(row), key) for at, key, *row in found]
            if not (damaged := [one.task for one in due if one.task.damaged]):
                return due
            from notifykit.outbox.sqlite.setting_aside import set_aside  # seldom needed

            for task in damaged:
                set_aside(self.db, task, now)

    def expire(self, claim: Claim, outcome: Outcome, then: Transition) -> bool:
        """Take a claim away whose worker is gone, unless its heartbeat number has risen."""
        from notifykit.outbox.sqlite import recording  # not for a look

        with self.db.transaction():
            if self.db.one(_STANDS_STILL, (claim.task.id, claim.token, claim.beat)) is None:
                return False
            recording.move(self.db, [Finished(claim=claim, outcome=outcome, then=then)])
        return True

    def release(self, claim: Claim) -> None:
        """Give back a claim whose call was never begun, as if it had not been made."""
        db = self.db
        task = claim.task
        with db.transaction():
            local = db.local_time(db.clock.now())
            if db.execute(_RELEASE, (local, task.id, claim.token)).rowcount:
                rates.not_started(db, claim)
                channel_times.lower(db, [(task.channel, 0.0, 0)])
                if task.ordered:
                    lanes.advance(db, [(task.channel, task.recipient)])
                else:
                    lanes.place_unordered(db, [task.id])

    def enlist(self, worker: str) -> AbstractContextManager[None]:
        """Hold an OS lock under the worker's name. From now on the store is shared with other workers, in turns."""
        self.db.take_turns()
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
        # Only where something is sent.
        from notifykit.outbox.sqlite import digests, key_limits
        from notifykit.outbox.sqlite.setting_aside import give_up_claims, mend_lanes, mend_turns

        with self.db.transaction():
            now = self.db.clock.now()
            self.db.execute(_SHORTEN_PAUSES, {"now": now})
            self.db.execute(_SHORTEN_OUTAGES, {"now": now})
            with self.db.explaining():
                channel_times.look_again(self.db.connection)
            for id_, delay, channel, recipient, ordered in self.db.all(_WAITS_SET_IN_THE_FUTURE, {"now": now}):
                self.db.execute(_SHORTEN_RETRY, {"at": now + delay, "id": id_})
                channel_times.lower(self.db, [(channel, now + delay, id_)])
                if ordered:
                    lanes.advance(self.db, [(channel, recipient)])
            key_limits.mend(self.db, now)
            digests.mend(self.db, now)
            give_up_claims(self.db, now)
            mend_turns(self.db)
            if self.db.clock.monotonic() >= self.lanes_next:
                self.lanes_next = self.db.clock.monotonic() + LANES_EVERY
                mend_lanes(self.db)

    def next_due(self, channels: Iterable[str], campaigns: Collection[str] = ()) -> float | None:
        """Return when the next task of these channels may be claimed."""
        wanted = set(channels)
        barred = {pause.channel: pause.until for pause in self.pauses()}
        barred |= {outage.channel: outage.next_probe for outage in self.outages() if outage.paused}
        soonest: float | None = None
        for name, at in channel_times.waiting(self.db):
            if soonest is not None and at >= soonest:
                break
            if name not in wanted:
                continue
            due = channel_times.first_turn_of(self.db, name, campaigns)
            if isinstance(due, float):
                due = max(due, at, barred.get(name, 0.0))
                soonest = due if soonest is None else min(soonest, due)
        return soonest
