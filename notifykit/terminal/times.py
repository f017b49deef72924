"""Times and durations as people and as programs read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from notifykit.clock import duration
from notifykit.wording.translation import gettext

__all__ = ["duration", "iso", "local", "relative"]


def iso(seconds: float | None) -> str | None:
    """Return ISO 8601 in UTC, with milliseconds; None for no time, and for one that never comes."""
    moment = _moment(seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def local(seconds: float | None) -> str:
    """Return the local date and time, to the second."""
    moment = _moment(seconds)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def _moment(seconds: float | None) -> datetime | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None  # beyond the year 9999


def relative(seconds: float | None, now: float) -> str:
    """Return about how far away a moment is: `3 min ago`, `just now`, `in 2 h`."""
    if seconds is None:
        return "–"
    if seconds > now:
        if not math.isfinite(seconds):
            return gettext("never")
        return gettext("in {duration}", duration=duration(seconds - now, units=1))
    if now - seconds < 1:
        return gettext("just now")
    return gettext("{duration} ago", duration=duration(now - seconds, units=1))
