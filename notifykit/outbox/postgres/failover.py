"""A server whose place another one took: a standby that was promoted, or a backup that was restored.

What the old one had confirmed last may be gone, unless the standby had to have it first. A message whose result is gone
would be sent again. So all channels pause until a person says that they go on.
"""

from __future__ import annotations

import logging

from notifykit.model import FOREVER
from notifykit.outbox import cells
from notifykit.outbox.postgres.database import Database
from notifykit.wording.host import FAILED_OVER

log = logging.getLogger(__name__)

# `note_timeline`: the server's timeline, which its log files are named by; whether a standby has each commit first; and
# what was noted. Nothing where it is a standby itself, which takes no writes.
_LOOK = """
SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint,
       current_setting('synchronous_standby_names') <> ''
       AND current_setting('synchronous_commit') IN ('remote_write', 'on', 'remote_apply'),
       timeline, synchronous
  FROM outbox.about WHERE NOT pg_is_in_recovery()
"""

# `note_timeline`: nobody else notes it.
_HOLD = "SELECT 1 FROM outbox.about FOR UPDATE"

# `note_timeline`: note it.
_NOTE = "UPDATE outbox.about SET timeline = %s, synchronous = %s"

# `note_timeline`: pause every channel of which anything was ever queued.
_PAUSE_ALL = """
INSERT INTO outbox.pauses (channel, set_at, until, reason, reason_code, reason_params)
SELECT channel, %(now)s, %(until)s, %(reason)s, %(reason_code)s, %(reason_params)s FROM outbox.channels
 ORDER BY channel
ON CONFLICT (channel) DO UPDATE
   SET set_at = excluded.set_at, until = excluded.until, reason = excluded.reason,
       reason_code = excluded.reason_code, reason_params = excluded.reason_params
"""


def note_timeline(db: Database) -> None:
    """Note which server this is; pause all channels where another one took its place without a synchronous standby."""
    found = db.one(_LOOK)
    if found is None or found[:2] == found[2:]:
        return
    with db.transaction():
        db.one(_HOLD)
        timeline, synchronous, known, was_synchronous = db.one(_LOOK)
        if known is not None and timeline != known and not was_synchronous:
            reason = FAILED_OVER(timeline=timeline)
            db.execute(_PAUSE_ALL, {"now": db.now(), "until": FOREVER, **cells.reason_values(reason)})
            log.error("%s; all channels are paused: `notifykit resume CHANNEL` when that is looked into", reason.text)
        db.execute(_NOTE, (timeline, synchronous))
