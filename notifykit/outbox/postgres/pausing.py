"""Channels that take nothing for now: paused by a service or for good, or cut off; and when the next turn comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from notifykit.outbox import cells
from notifykit.outbox.postgres import channel_times, gathering, key_limits, rows
from notifykit.outbox.postgres.database import Database
from notifykit.outbox.postgres.lanes import Lanes
from notifykit.outbox.values import Outage, Pause
from notifykit.wording import Reason

# `outages`: all there are.
_OUTAGES = """
SELECT channel, kind, since, last_at, lasted, failures, task_id, several, wait, reason, reason_code, reason_params
  FROM outbox.outages
"""

# `set_outage`: record one, or how it goes on.
_SET_OUTAGE = """
INSERT INTO outbox.outages (channel, kind, since, last_at, lasted, failures, task_id, several, wait,
                            reason, reason_code, reason_params)
VALUES (%(channel)s, %(kind)s, %(since)s, %(last_at)s, %(lasted)s, %(failures)s, %(task_id)s, %(several)s, %(wait)s,
        %(reason)s, %(reason_code)s, %(reason_params)s)
ON CONFLICT (channel) DO UPDATE
   SET kind = excluded.kind, since = excluded.since, last_at = excluded.last_at, lasted = excluded.lasted,
       failures = excluded.failures, task_id = excluded.task_id, several = excluded.several, wait = excluded.wait,
       reason = excluded.reason, reason_code = excluded.reason_code, reason_params = excluded.reason_params
"""

# `end_outage`: the service answered.
_END_OUTAGE = "DELETE FROM outbox.outages WHERE channel = %s"

# `pause_until`: stop a channel; a longer pause is not shortened.
_PAUSE = """
INSERT INTO outbox.pauses (channel, set_at, until, reason, reason_code, reason_params)
VALUES (%(channel)s, %(now)s, %(until)s, %(reason)s, %(reason_code)s, %(reason_params)s)
ON CONFLICT (channel) DO UPDATE
   SET set_at = excluded.set_at, until = excluded.until, reason = excluded.reason,
       reason_code = excluded.reason_code, reason_params = excluded.reason_params
 WHERE excluded.until > pauses.until
"""

# `end`: the pause of a channel, if it is in force.
_END = """
DELETE FROM outbox.pauses WHERE channel = %s AND until > %s
RETURNING channel, until, reason, reason_code, reason_params
"""

# `pauses`: those in force.
_PAUSES = """
SELECT channel, until, reason, reason_code, reason_params FROM outbox.pauses WHERE until > %s ORDER BY channel
"""

# `mend_times`: shorten pauses that were begun before the clock was set back to their own length.
_SHORTEN_PAUSES = "UPDATE outbox.pauses SET until = %(now)s + (until - set_at), set_at = %(now)s WHERE set_at > %(now)s"

# `mend_times`: count the wait for a probe from now where the clock was set back.
_SHORTEN_OUTAGES = "UPDATE outbox.outages SET last_at = %(now)s WHERE last_at > %(now)s"

# `mend_times`: what waits since an attempt that ended before the clock was set back.
_WAITS_SET_IN_THE_FUTURE = """
SELECT t.id, t.channel FROM outbox.tasks AS t JOIN outbox.attempts ON task_id = t.id AND number = t.attempts
 WHERE t.lane IN (SELECT id FROM outbox.lanes WHERE due_at > %(now)s)
   AND t.status = 'queued' AND t.not_before > %(now)s AND finished_at > %(now)s
"""

# `mend_times`: have retries wait no longer than their own backoff.
_SHORTEN_RETRIES = """
UPDATE outbox.tasks AS t
   SET not_before = %(now)s + (not_before - finished_at), hold_until = %(now)s + (not_before - finished_at)
  FROM outbox.attempts
 WHERE t.id = ANY (%(ids)s::bigint[]) AND task_id = t.id AND number = t.attempts AND t.status = 'queued'
   AND t.not_before > %(now)s AND finished_at > %(now)s
"""

# `mend_times`: workers that are seen, and by how much their clocks are off.
_SEEN = "UPDATE outbox.workers SET seen_at = %s, ahead = %s WHERE name = ANY (%s::text[])"


class Pausing:
    """Methods of the outbox for pauses and outages, and for clocks that are set back."""

    db: Database
    lanes: Lanes

    def outages(self) -> list[Outage]:
        """Return the outages of all channels that have one."""
        return [cells.outage(row) for row in self.db.all(_OUTAGES)]

    def set_outage(self, outage: Outage) -> None:
        """Record an outage."""
        with self.db.transaction():
            self.db.execute(_SET_OUTAGE, {**cells.outage_values(outage), **_why(outage.reason)})

    def end_outage(self, channel: str) -> bool:
        """Forget a channel's outage."""
        with self.db.transaction():
            ended = bool(self.db.execute(_END_OUTAGE, (channel,)))
            if ended:
                channel_times.look_at(self.db, channel)
            return ended

    def pause(self, channel: str, seconds: float, reason: Reason) -> None:
        """Stop claims of a channel, for all workers."""
        now = self.db.now()
        with self.db.transaction():
            pause_until(self.db, Pause(channel=channel, until=now + seconds, reason=reason), now)

    def pauses(self) -> list[Pause]:
        """Return the pauses in force."""
        return [cells.pause(row) for row in self.db.all(_PAUSES, (self.db.now(),))]

    def mend_times(self) -> None:
        """Shorten what waits for a clock that was set back, and look at all channels again."""
        db = self.db
        with db.transaction():
            db.measure_time()
            now = db.now()
            db.execute(_SHORTEN_PAUSES, {"now": now})
            db.execute(_SHORTEN_OUTAGES, {"now": now})
            if waits := db.all(_WAITS_SET_IN_THE_FUTURE, {"now": now}):
                ids = [id_ for id_, _ in waits]
                self.lanes.announce({channel for _, channel in waits})
                held = self.lanes.hold_of(ids)
                db.execute(_SHORTEN_RETRIES, {"now": now, "ids": ids})
                self.lanes.find_turns(held)
            gathering.mend(db, self.lanes, now)
            key_limits.mend(db, self.lanes, now)
            channel_times.look_again(db)
            if workers := sorted(db.handed.workers):
                db.execute(_SEEN, (now, db.time.ahead, workers))

    def next_due(self, channels: Iterable[str], campaigns: Collection[str] = ()) -> float | None:
        """Return when the next task of these channels may be claimed."""
        return channel_times.next_turn(self.db, channels, campaigns)


def pause_until(db: Database, pause: Pause, now: float) -> None:
    """Stop claims of a channel; a longer pause is not shortened."""
    db.execute(_PAUSE, {"channel": pause.channel, "now": now, "until": pause.until, **_why(pause.reason)})


def end(db: Database, channel: str, now: float) -> Pause | None:
    """End the pause of a channel; returns it, or None where none was in force."""
    ended = db.one(_END, (channel, now))
    if ended is None:
        return None
    channel_times.look_at(db, channel)
    return cells.pause(ended)


def _why(reason: Reason) -> dict[str, str | None]:
    return {name: rows.clean(text) for name, text in cells.reason_values(reason).items()}
