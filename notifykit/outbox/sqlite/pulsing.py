"""What pages and monitors ask of the SQLite outbox every few seconds: what is open, counted in indexes up to a bound.

No statement reads what is done, and none counts on beyond the bound: the cost is that of what is open, and has an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from notifykit.model import Status
from notifykit.outbox.sqlite import rows
from notifykit.outbox.sqlite.database import Database
from notifykit.outbox.sqlite.pausing import Pausing
from notifykit.outbox.values import MOST_COUNTED, Pulse

# Part of `_OPEN`: of one status, what its index holds. The first term is the index's own.
_OF_STATUS = f"""tasks INDEXED BY tasks_open WHERE {rows.OPEN} AND status = :status"""

# Part of `_OPEN`: what is of the same campaign and channel.
_ALIKE = f"{_OF_STATUS} AND campaign = open.campaign AND channel = open.channel"

# `pulse`: each campaign and channel of which anything has a status, found by one seek or two each: the next channel of
# the campaign, or else the next campaign. How many there are, up to a bound, and when the first of them was queued.
_OPEN = f"""
WITH RECURSIVE open (campaign, channel) AS (
    SELECT * FROM (SELECT campaign, channel FROM {_OF_STATUS} ORDER BY campaign, channel LIMIT 1)
     UNION ALL
    SELECT next.campaign, next.channel
      FROM open JOIN tasks AS next ON next.id = coalesce(
           (SELECT id FROM {_OF_STATUS} AND campaign = open.campaign AND channel > open.channel
             ORDER BY channel LIMIT 1),
           (SELECT id FROM {_OF_STATUS} AND campaign > open.campaign ORDER BY campaign, channel LIMIT 1)))
SELECT campaign, channel, (SELECT count(*) FROM (SELECT 1 FROM {_ALIKE} LIMIT :most)),
       (SELECT queued_at FROM {_ALIKE} AND queued_at {rows.IS_TIME} ORDER BY queued_at LIMIT 1)
  FROM open
"""

# `pulse`: how many are on the wire, by campaign: no more than workers have calls.
_SENDING = f"""
SELECT campaign, count(*) FROM tasks INDEXED BY tasks_sending
 WHERE status = 'sending' AND campaign IS NOT NULL AND {rows.claimed()} GROUP BY campaign
"""

# `pulse`: the campaigns with sent tasks, found by one seek each, and how many those are, up to a bound.
_OWED = """
WITH RECURSIVE owing (campaign) AS (
    SELECT min(campaign) FROM tasks INDEXED BY tasks_owed WHERE status = 'sent'
     UNION ALL
    SELECT (SELECT min(campaign) FROM tasks INDEXED BY tasks_owed WHERE status = 'sent' AND campaign > owing.campaign)
      FROM owing WHERE campaign IS NOT NULL)
SELECT campaign, (SELECT count(*) FROM (SELECT 1 FROM tasks INDEXED BY tasks_owed
                                         WHERE status = 'sent' AND campaign = owing.campaign LIMIT :most))
  FROM owing WHERE campaign IS NOT NULL
"""

# Part of `_FIRST_DUE`: what waited for its time, and what passed it, may each have a turn. Where one of the two is on
# the wire, the other stands behind it.
_NOT_BEHIND = """
NOT (ordered = 1 AND EXISTS (SELECT 1 FROM tasks AS busy INDEXED BY tasks_sending
                              WHERE busy.status = 'sending' AND busy.ordered = 1 AND busy.channel = tasks.channel
                                AND busy.recipient = tasks.recipient))"""

# `pulse`: since when the first turn of a channel is due, or when it will be. What was never tried is due since it was
# queued, and comes first in the index; a retry may be due for longer.
_FIRST_DUE = f"""
SELECT min(since) FROM (
    SELECT * FROM (SELECT max(due_at, queued_at) AS since FROM tasks INDEXED BY tasks_due
                    WHERE status = 'queued' AND due_at IS NOT NULL AND channel = :channel AND due_at = 0.0
                      AND {_NOT_BEHIND} ORDER BY due_at, id LIMIT 1)
     UNION ALL
    SELECT * FROM (SELECT due_at FROM tasks INDEXED BY tasks_due
                    WHERE status = 'queued' AND due_at IS NOT NULL AND channel = :channel AND due_at > 0.0
                      AND {_NOT_BEHIND} ORDER BY due_at, id LIMIT 1))
"""

# `pulse`: since when the oldest doubt of a campaign is one.
_FIRST_DOUBT = """
SELECT coalesce(doubted_at, queued_at) AS since FROM tasks INDEXED BY tasks_doubts
 WHERE status = 'in_doubt' AND campaign = ? ORDER BY since LIMIT 1
"""


class Pulsing(Pausing):
    """One method of the outbox."""

    db: Database

    def pulse(self) -> Pulse:
        """Return what is open, counted up to a bound."""
        from notifykit.outbox.pulses import OPEN, pulse_of  # few commands ask

        db, most = self.db, {"most": MOST_COUNTED + 1}
        return pulse_of(
            {status: _named(db.all(_OPEN, {"status": status, **most}), 2) for status in OPEN},
            {
                Status.SENDING: _named(db.all(_SENDING), 1),
                Status.SENT: _named(db.all(_OWED, most), 1),
            },
            at=db.clock.now(),
            first_due=lambda names: {name: self._first_due(name) for name in names},
            oldest_doubts=lambda names: {name: _time(db.one(_FIRST_DOUBT, (name,))) for name in names},
            pauses=self.pauses(),
        )

    def _first_due(self, channel: str) -> float | None:
        return _time(self.db.one(_FIRST_DUE, {"channel": channel}))


def _time(row: tuple[Any] | None) -> float | None:
    return row[0] if row is not None and isinstance(row[0], float) else None


def _named(found: Iterable[tuple[Any, ...]], names: int) -> Iterator[Any]:
    """Yield the rows whose first cells are names: another program may have written what is none."""
    return (row for row in found if all(isinstance(cell, str) for cell in row[:names]))
