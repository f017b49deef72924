"""Channels that take nothing for now: paused by a service or for good, or cut off."""

from __future__ import annotations

from notifykit.outbox import cells
from notifykit.outbox.sqlite import channel_times
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.values import Outage, Pause
from notifykit.wording import Reason

# `outages`: all there are.
_OUTAGES = """
SELECT channel, kind, since, last_at, lasted, failures, task_id, several, wait, reason, reason_code, reason_params
  FROM outages
"""

# `set_outage`: record one, or how it goes on.
_SET_OUTAGE = """
INSERT OR REPLACE INTO outages (channel, kind, since, last_at, lasted, failures, task_id, several, wait,
                                reason, reason_code, reason_params)
VALUES (:channel, :kind, :since, :last_at, :lasted, :failures, :task_id, :several, :wait,
        :reason, :reason_code, :reason_params)
"""

# `end_outage`: the service answered.
_END_OUTAGE = "DELETE FROM outages WHERE channel = ?"

# `pause_until`: stop a channel; a longer pause is not shortened.
_PAUSE = """
INSERT INTO pauses (channel, set_at, until, reason, reason_code, reason_params)
VALUES (:channel, :now, :until, :reason, :reason_code, :reason_params)
ON CONFLICT (channel) DO UPDATE SET set_at = excluded.set_at, until = excluded.until, reason = excluded.reason,
                                    reason_code = excluded.reason_code, reason_params = excluded.reason_params
  WHERE excluded.until > until
"""

# `end`: the pause of a channel is over.
_END = "DELETE FROM pauses WHERE channel = ?"

# `pauses`: those in force.
_PAUSES = "SELECT channel, until, reason, reason_code, reason_params FROM pauses WHERE until > ? ORDER BY channel"


class Pausing:
    """Methods of the outbox for pauses and outages."""

    db: Database

    def outages(self) -> list[Outage]:
        """Return the outages of all channels that have one."""
        return [cells.outage(row) for row in self.db.all(_OUTAGES)]

    def set_outage(self, outage: Outage) -> None:
        """Record an outage."""
        with self.db.transaction():
            self.db.execute(_SET_OUTAGE, cells.outage_values(outage))

    def end_outage(self, channel: str) -> bool:
        """Forget a channel's outage."""
        with self.db.transaction():
            ended = bool(self.db.execute(_END_OUTAGE, (channel,)).rowcount)
            if ended:
                channel_times.lower(self.db, [(channel, 0.0, 0)])
            return ended

    def pause(self, channel: str, seconds: float, reason: Reason) -> None:
        """Stop claims of a channel, for all workers."""
        with self.db.transaction():
            now = self.db.clock.now()
            pause_until(self.db, Pause(channel=channel, until=now + seconds, reason=reason), now)

    def pauses(self) -> list[Pause]:
        """Return the pauses in force."""
        return [cells.pause(row) for row in self.db.all(_PAUSES, (self.db.clock.now(),))]


def pause_until(db: Database, pause: Pause, now: float) -> None:
    """Stop claims of a channel; a longer pause is not shortened."""
    db.execute(
        _PAUSE, {"channel": pause.channel, "now": now, "until": pause.until, **cells.reason_values(pause.reason)}
    )


def end(db: Database, channel: str, now: float) -> Pause | None:
    """End the pause of a channel; returns it, or None where none was in force."""
    ended = next((pause for row in db.all(_PAUSES, (now,)) if (pause := cells.pause(row)).channel == channel), None)
    if ended is not None:
        db.execute(_END, (channel,))
        channel_times.lower(db, [(channel, 0.0, 0)])
    return ended
