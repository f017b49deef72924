"""Times as people and as programs read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from notifykit.terminal.console import count
from notifykit.wording.translation import gettext

DAY = 86_400.0


def when(seconds: float | None) -> str:
    """Return the local date and time, to the second."""
    moment = _moment(seconds)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def iso(seconds: float | None) -> str | None:
    """Return ISO 8601 in UTC, to the millisecond; None for no time, and for one beyond the calendar."""
    moment = _moment(seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def age(seconds: float | None) -> str:
    """Return about how long ago: `3 days`, `5 h`, `20 min`."""
    if seconds is None:
        return "–"
    if seconds >= DAY:
        return count(round(seconds / DAY), "day")
    if seconds >= 3600:
        return gettext("{hours:.0f} h", hours=seconds / 3600)
    return gettext("{minutes:.0f} min", minutes=max(seconds, 0.0) / 60)


def _moment(seconds: float | None) -> datetime | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
