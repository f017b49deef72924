"""A channel that cannot be reached."""

from __future__ import annotations

from notifykit.model import Outcome
from notifykit.outbox.values import Outage, OutageKind

OUTAGE = Outage(
    channel="robot",
    kind=OutageKind.UNREACHABLE,
    since=0.0,
    last_at=60.0,
    failures=2,
    task_id=1,
    several=True,
    reason=Outcome.retry("ConnectError", "refused").said,
)
