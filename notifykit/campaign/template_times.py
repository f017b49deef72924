"""The filters that templates have for dates, times and durations."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from notifykit.campaign.template_filters import number
from notifykit.campaign.times import PassTime, read_date, read_datetime, zone_of
from notifykit.options import seconds
from notifykit.wording.translation import gettext

TIME_NAMES = frozenset({"now", "today"})
"""What a template has beside the record that differs from pass to pass."""


def moment(time: PassTime) -> Mapping[str, object]:
    """Return what these names are in a pass."""
    now = time.now()
    return {"now": now, "today": now.date()}


def time_filters(time: PassTime) -> dict[str, Callable[..., Any]]:
    """Return the filters, by name. A time without an offset of its own is meant in the campaign's zone."""

    def as_datetime(value: object, form: str | None = None) -> datetime:
        """Read a cell as a time: ISO, or in the form of `strptime`."""
        return read_datetime(value, time.zone, form)

    def strftime(value: object, form: str) -> str:
        """Write a date or a time."""
        return (value if isinstance(value, date) else as_datetime(value)).strftime(form)

    def in_zone(value: object, name: str) -> datetime:
        """Return a time as clocks of another zone show it."""
        return as_datetime(value).astimezone(zone_of(name))

    return {"date": read_date, "datetime": as_datetime, "strftime": strftime, "in_zone": in_zone, **_DURATIONS}


def _add_months(value: object, months: int) -> date:
    """Go on by so many months; where a month is too short, to its last day."""
    found = value if isinstance(value, date) else read_date(value)
    years, month = divmod(found.year * 12 + found.month - 1 + months, 12)
    if not date.min.year <= years <= date.max.year:
        raise ValueError(gettext("{value} is beyond the calendar", value=months))
    return found.replace(year=years, month=month + 1, day=min(found.day, monthrange(years, month + 1)[1]))


def _of_unit(size: int, value: object) -> timedelta:
    try:
        return timedelta(seconds=number(value) * size)
    except OverflowError as error:
        raise ValueError(gettext("{value} is beyond the calendar", value=value)) from error


def _duration(value: object) -> timedelta:
    """Read a duration: `90`, `90s`, `10m`, `2h`, `7d`."""
    return value if isinstance(value, timedelta) else timedelta(seconds=seconds(value))


_DURATIONS: Mapping[str, Callable[..., Any]] = {
    "add_months": _add_months,
    "duration": _duration,
    "days": lambda value: _of_unit(86_400, value),
    "hours": lambda value: _of_unit(3_600, value),
    "minutes": lambda value: _of_unit(60, value),
}
