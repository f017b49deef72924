"""A person's word that a condition is known and need not be told for a time."""

from __future__ import annotations

from notifykit.alerts import notes
from notifykit.alerts.notes import Silence
from notifykit.alerts.settings import Alerts
from notifykit.errors import NotifykitError
from notifykit.nearest import hint
from notifykit.outbox.protocol import Outbox

__all__ = ["silence", "unsilence"]


def silence(outbox: Outbox, alerts: Alerts, condition: str, seconds: float, *, who: str, why: str) -> Silence:
    """Tell nobody of a condition for so many seconds. Raises NotifykitError where there is none of that name."""
    if alerts.named(condition) is None:
        known = sorted(one.name for one in alerts.conditions)
        near = hint(condition, known) or f"; there are {', '.join(known)}"
        raise NotifykitError(f'no condition is called "{condition}"{near}')
    now = outbox.now()
    made = Silence(condition=condition, at=now, until=now + seconds, who=who, why=why)
    notes.keep_silence(outbox, condition, made)
    return made


def unsilence(outbox: Outbox, condition: str) -> bool:
    """End a silence. False where there was none."""
    there = condition in notes.silences(outbox)
    if there:
        notes.keep_silence(outbox, condition, None)
    return there
