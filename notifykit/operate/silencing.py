"""A person's word that a condition is known and need not be told for a time."""

from __future__ import annotations

from collections.abc import Collection

from notifykit.alerts import notes
from notifykit.alerts.notes import Silence
from notifykit.alerts.settings import Alerts
from notifykit.errors import NotifykitError
from notifykit.outbox.protocol import Outbox
from notifykit.wording.nearest import hint
from notifykit.wording.translation import gettext

__all__ = ["silence", "unsilence"]


def silence(outbox: Outbox, alerts: Alerts, condition: str, seconds: float, *, who: str, why: str) -> Silence:
    """Tell nobody of a condition for so many seconds. Raises NotifykitError where there is none of that name."""
    _require_known(condition, {one.name for one in alerts.conditions})
    now = outbox.now()
    made = Silence(condition=condition, at=now, until=now + seconds, who=who, why=why)
    notes.keep_silence(outbox, condition, made)
    return made


def unsilence(outbox: Outbox, alerts: Alerts, condition: str) -> bool:
    """End a silence. False where there was none; that of a condition that the project no longer has ends, too.

    Raises NotifykitError where there is no condition of that name, and no silence.
    """
    silences = notes.silences(outbox)
    _require_known(condition, {*silences, *(one.name for one in alerts.conditions)})
    if condition not in silences:
        return False
    notes.keep_silence(outbox, condition, None)
    return True


def _require_known(condition: str, known: Collection[str]) -> None:
    if condition not in known:
        raise NotifykitError(
            gettext(
                'no condition is called "{condition}"{near}', condition=condition, near=hint(condition, sorted(known))
            )
        )
