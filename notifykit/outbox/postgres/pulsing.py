"""What pages and monitors ask of the PostgreSQL outbox every few seconds: what is open, counted up to a bound.

No statement reads what is done, and none counts on beyond the bound: the cost is that of what is open, and has an end.
"""

from __future__ import annotations

from notifykit.model import Status
from notifykit.outbox.postgres.pausing import Pausing
from notifykit.outbox.pulses import OPEN, pulse_of
from notifykit.outbox.values import MOST_COUNTED, Pulse

# `pulse`: each campaign and channel of which anything has a status, found by one seek each; how many there are, up to a
# bound, and when the first of them was queued.
_OPEN = """
WITH RECURSIVE open (campaign, channel) AS (
    (SELECT campaign, channel FROM outbox.tasks WHERE status = %(status)s ORDER BY campaign, channel LIMIT 1)
     UNION ALL
    SELECT next.campaign, next.channel FROM open CROSS JOIN LATERAL (
        SELECT campaign, channel FROM outbox.tasks
         WHERE status = %(status)s AND (campaign, channel) > (open.campaign, open.channel)
         ORDER BY campaign, channel LIMIT 1) AS next)
SELECT campaign, channel, (
           SELECT count(*) FROM (SELECT 1 FROM outbox.tasks AS one
                                  WHERE status = %(status)s AND one.campaign = open.campaign
                                    AND one.channel = open.channel LIMIT %(most)s) AS capped), (
           SELECT min(queued_at) FROM outbox.tasks AS one
            WHERE status = %(status)s AND one.campaign = open.campaign AND one.channel = open.channel)
  FROM open
"""

# `pulse`: how many are on the wire, by campaign: no more than workers have calls.
_SENDING = "SELECT campaign, count(*) FROM outbox.tasks WHERE status = 'sending' GROUP BY campaign"

# `pulse`: the campaigns with sent tasks, found by one seek each, and how many those are, up to a bound.
_OWED = """
WITH RECURSIVE owing (campaign) AS (
    SELECT min(campaign) FROM outbox.tasks WHERE status = 'sent'
     UNION ALL
    SELECT (SELECT min(campaign) FROM outbox.tasks WHERE status = 'sent' AND campaign > owing.campaign)
      FROM owing WHERE campaign IS NOT NULL)
SELECT campaign, (
           SELECT count(*) FROM (SELECT 1 FROM outbox.tasks AS one
                                  WHERE status = 'sent' AND one.campaign = owing.campaign LIMIT %(most)s) AS capped)
  FROM owing WHERE campaign IS NOT NULL
"""

# `pulse`: since when the first turn of each channel is due, or when it will be. What was never tried is due since it
# was queued, and comes first in the index; a retry may be due for longer.
_FIRST_DUE = """
SELECT asked, least((
           SELECT queued_at FROM outbox.tasks WHERE id = (
               SELECT next_id FROM outbox.lanes WHERE lanes.channel = asked AND due_at = 0 ORDER BY next_id LIMIT 1)), (
           SELECT min(due_at) FROM outbox.lanes WHERE lanes.channel = asked AND due_at > 0))
  FROM unnest(%s::text[]) AS asked
"""

# `pulse`: since when the oldest doubt of each campaign is one.
_FIRST_DOUBT = """
SELECT asked, (SELECT min(coalesce(doubted_at, queued_at)) FROM outbox.tasks
                WHERE status = 'in_doubt' AND campaign = asked)
  FROM unnest(%s::text[]) AS asked
"""


class Pulsing(Pausing):
    """One method of the outbox."""

    def pulse(self) -> Pulse:
        """Return what is open, counted up to a bound."""
        db, most = self.db, {"most": MOST_COUNTED + 1}
        return pulse_of(
            {status: db.all(_OPEN, {"status": str(status), **most}) for status in OPEN},
            {Status.SENDING: db.all(_SENDING), Status.SENT: db.all(_OWED, most)},
            at=db.now(),
            first_due=lambda names: dict(db.all(_FIRST_DUE, (list(names),))),
            oldest_doubts=lambda names: dict(db.all(_FIRST_DOUBT, (list(names),))),
            pauses=self.pauses(),
        )
