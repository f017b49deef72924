"""Results in, claims out: a fixed number of statements, however many there are of either."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice

from notifykit.model import Claim
from notifykit.outbox.postgres import advisory, channel_times, key_limits, rates, recording, rows
from notifykit.outbox.postgres.channel_times import Ready
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Due, Lanes
from notifykit.outbox.values import ChannelBounds, Exchanged, Finished
from notifykit.roles import Rate

# `claim`, `_rooms`: how many calls of each channel are under way: of this worker, and of all.
_CALLS = """
SELECT channel, count(*) FILTER (WHERE worker = %s), count(*) FROM outbox.tasks
 WHERE status = 'sending' GROUP BY channel
"""

AT_ONCE = 16
"""Channels that are looked at together, where there are so many, and more where more slots are free."""

Place = str | tuple[str, ...]
"""What a bound of calls is counted for: one channel, or several that share one resource."""


class Claiming:
    """One method of the outbox."""

    db: Database
    lanes: Lanes

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
        with self.db.transaction():
            self.db.by_keys()
            moved = recording.record(self.db, self.lanes, results) if results else ()
            visit = _Visit(self.db, self.lanes, worker, slots, channels, campaigns)
            claims = visit.claim(lease) if slots > 0 else []
            return Exchanged(moved=moved, claims=claims)

    def claim_task(self, task_id: int, worker: str, bounds: ChannelBounds, lease: float) -> Claim | None:
        """Claim this queued task, which has no order, now; None where it is none. Its lane is its own."""
        with self.db.transaction():
            advisory.hold(self.db, "worker", [worker])  # see `LostClaims.reconcile`
            now = self.db.now()
            for _, number, key, *columns in self.lanes.take([-task_id], worker, lease, now):
                task = rows.task(columns)
                counted = bounds.counted(task.channel, key)
                claim = Claim(task=task, token=number, worker=worker, started_at=now, lease=lease, counted=counted)
                if counted:
                    rates.started(self.db, [claim])
                self.db.handed.give(worker, [claim])
                return claim
        return None


class _Visit:
    """One look for what may be claimed."""

    def __init__(
        self,
        db: Database,
        lanes: Lanes,
        worker: str,
        slots: int,
        channels: Mapping[str, ChannelBounds],
        campaigns: Collection[str],
    ) -> None:
        self._db = db
        self._lanes = lanes
        self._worker = worker
        self._slots = slots
        self._channels = channels
        self._campaigns = campaigns
        self._now = db.now()
        self._places: dict[Place, int] = {}
        """How many calls may begin, by what that is counted for."""
        self._left: dict[str, int] = {}
        """How many attempts the rates leave, by the names under which they are counted."""
        self._put_off: dict[str, float] = {}
        self._calls: Mapping[str, tuple[int, int]] | None = None
        """How many calls of each channel are under way, of this worker and of all; None: nobody has asked."""

    def claim(self, lease: float) -> list[Claim]:
        """Claim what is due, no more than there are slots."""
        advisory.hold(self._db, "worker", [self._worker])  # see `LostClaims.reconcile`
        bounded = any(bounds.concurrency is not None for bounds in self._channels.values())
        calls = self._db.send(_CALLS, (self._worker,)) if bounded else None
        ready = [one for one in channel_times.worth_a_look(self._db, self._now) if one.name in self._channels]
        if not ready:
            return []
        if calls is not None:
            self._calls = _by_channel(calls.fetchall())
        due: list[Due] = []
        looked: list[str] = []
        rest = iter(ready)
        while some := list(islice(rest, max(self._slots, AT_ONCE))):
            first = some[0]
            if first.next_id and len(due) >= self._slots and (first.next_at, first.next_id) > due[self._slots - 1][:2]:
                break  # those of the others come later
            rooms = self._rooms(some)
            if rooms:
                looked += rooms
                due = sorted([*due, *self._due(rooms)])
        claims = self._take(due, lease)
        channel_times.put_off(self._db, self._put_off)
        if len(ready) > 1 or not claims:
            channel_times.to_first_turns(self._db, looked)
        return claims

    def _due(self, rooms: Mapping[str, int]) -> list[Due]:
        """Hold the first due lanes of channels, those that have room by the limits of their keys."""
        find = partial(self._lanes.hold_due, rooms, self._slots, self._now, self._campaigns)
        limited = {name: self._channels[name] for name in rooms}
        if not any(bounds.key_rates for bounds in limited.values()):
            return find()
        return key_limits.with_room(self._db, find, limited, self._left, self._now)

    def _rooms(self, ready: Iterable[Ready]) -> dict[str, int]:
        """Return how many calls of which of these channels may begin; none of those of which none may."""
        asked = [one for one in ready if not self._is_barred(one)]
        counted = {name for one in asked for name in self._counted_as(one)}
        mine = advisory.try_to_hold(self._db, "count", counted) if counted else ()
        asked = [one for one in asked if self._counted_as(one).issubset(mine)]
        if self._calls is None and any(one.next_probe is not None for one in asked):
            self._calls = _by_channel(self._db.all(_CALLS, (self._worker,)))
        calls = self._calls or {}
        rooms = {one.name: room for one in asked if (room := self._room(one, calls)) > 0}
        names = {name: bounds.counted_as or name for name in rooms if (bounds := self._channels[name]).rates}
        limits: dict[str, tuple[Rate, ...]] = {}
        for name, counted_as in names.items():
            limits[counted_as] = (*limits.get(counted_as, ()), *self._channels[name].rates)
        allowances = rates.allowances(self._db, limits, self._now) if limits else {}
        for name, counted_as in names.items():
            allowed, free_at = allowances[counted_as]
            self._left[counted_as] = min(allowed, self._left.get(counted_as, allowed))
            if allowed <= 0:
                self._put_off[name] = free_at
                del rooms[name]
            else:
                rooms[name] = min(rooms[name], allowed)
        return rooms

    def _is_barred(self, one: Ready) -> bool:
        until = max(one.paused_until, one.next_probe or 0.0)
        if until > self._now:
            self._put_off[one.name] = until
        return until > self._now

    def _counted_as(self, one: Ready) -> set[str]:
        """Return under which names calls are counted over all workers, by one worker at a time.

        Who finds that another one counts takes nothing this time.
        """
        bounds = self._channels[one.name]
        names = {min(bounds.shared_with)} if bounds.shared_with else set()
        if bounds.rates or bounds.key_rates:
            names.add(bounds.counted_as or one.name)
        return names or ({one.name} if one.next_probe is not None else set())

    def _room(self, one: Ready, calls: Mapping[str, tuple[int, int]]) -> int:
        """Return how many calls of a channel may begin, as far as those under way leave; known for its place."""
        bounds = self._channels[one.name]
        place = bounds.shared_with or one.name
        own, all_ = calls.get(one.name, (0, 0))
        if one.next_probe is not None:
            room = 0 if all_ else 1
        elif bounds.concurrency is None:
            room = self._slots
        else:
            shared = sum(calls.get(name, (0, 0))[1] for name in bounds.shared_with)
            room = min(self._slots, bounds.concurrency - (shared if bounds.shared_with else own))
        self._places[place] = min(room, self._places.get(place, room))
        return self._places[place]

    def _take(self, due: Sequence[Due], lease: float) -> list[Claim]:
        """Claim the first task of the first of these lanes, no more than there are places for."""
        lanes: list[int] = []
        for one in due:
            if len(lanes) == self._slots:
                break
            bounds = self._channels[one.channel]
            place = bounds.shared_with or one.channel
            counted = (bounds.counted_as or one.channel) if bounds.rates else None
            if self._places[place] > 0 and (counted is None or self._left[counted] > 0):
                self._places[place] -= 1
                if counted is not None:
                    self._left[counted] -= 1
                lanes.append(one.id)
        if not lanes:
            return []
        taken = {row[0]: row for row in self._lanes.take(lanes, self._worker, lease, self._now, self._campaigns)}
        self._lanes.find_turns([lane for lane in lanes if lane not in taken])
        claims = [self._claim(taken[lane], lease) for lane in lanes if lane in taken]
        if limited := [one for one in claims if one.counted]:
            rates.started(self._db, limited)
        self._db.handed.give(self._worker, claims)
        return claims

    def _claim(self, row: Sequence[object], lease: float) -> Claim:
        _, number, key, *columns = row
        assert isinstance(number, int)  # noqa: S101 - the attempt's
        task, worker, now = rows.task(columns), self._worker, self._now
        counted = self._channels[task.channel].counted(task.channel, key)
        return Claim(task=task, token=number, worker=worker, started_at=now, lease=lease, counted=counted)


def _by_channel(calls: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    return {channel: (own, all_) for channel, own, all_ in calls}
