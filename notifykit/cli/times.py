"""Times and durations as people and as programs read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


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
    """Return about how far away a moment is: `3 min ago`, `in 2 h`."""
    if seconds is None:
        return "–"
    if seconds > now:
        return f"in {duration(seconds - now, units=1)}" if math.isfinite(seconds) else "never"
    return f"{duration(now - seconds, units=1)} ago"


def duration(seconds: float | None, *, units: int = 2) -> str:
    """Return a duration in its largest units, and a short one in milliseconds or tenths of a second."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:units])
