"""Times of the calendar: zones, dates in texts, periods, and the hours at which nothing is sent.

A zone is a `tzinfo`, or None for the machine's own. A time of day that a clock shows twice is the first of the two; one
that it skips is as much later as the clock is put forward.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from typing import TYPE_CHECKING, Any, Literal, get_args
from zoneinfo import ZoneInfo

from notifykit.errors import NotifykitError
from notifykit.model import Record
from notifykit.wording.translation import gettext

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from notifykit.campaign.render import Template

__all__ = ["Every", "PassTime", "QuietHours", "in_zone", "read_date", "read_datetime", "zone_of"]

LATEST = 253_402_300_799.0
"""UTC seconds: the end of the year 9999. A calendar goes no further."""

Unit = Literal["hour", "day", "week", "month", "year"]

_DAY = timedelta(days=1)

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", re.ASCII)
_HOUR = re.compile(r"\s*(\d{1,2}):(\d{2})\s*", re.ASCII)


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its IANA name, such as `Asia/Shanghai`. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            gettext(
                'there is no time zone "{name}"; write its IANA name, such as Europe/Berlin or UTC (a system without '
                "time zones needs the package tzdata)",
                name=name,
            )
        ) from error


def in_zone(at: float, zone: tzinfo | None) -> datetime:
    """Return UTC seconds as a time in a zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def _seconds(local: datetime, zone: tzinfo | None) -> float:
    """Return a time as a clock in a zone shows it, in UTC seconds."""
    return local.replace(tzinfo=zone).timestamp()


def read_datetime(value: object, zone: tzinfo | None, form: str | None = None) -> datetime:
    """Return the time that a value says: a date or a time of Python's, or a text, in ISO form or in that of `strptime`.

    Without an offset of its own it is meant in the zone; a mere date is its beginning. Raises ValueError.
    """
    found = _read(value, form)
    if found.tzinfo is None:
        found = in_zone(_seconds(found, zone), zone)
    if not 0 <= found.timestamp() <= LATEST:
        raise ValueError(gettext("{value} is beyond what can be kept as a time", value=value))
    return found


def read_date(value: object, form: str | None = None) -> date:
    """Return the date that a value says, as `read_datetime` reads it. Raises ValueError."""
    return _read(value, form).date()


def _read(value: object, form: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, clock_time())
    text = value.strip() if isinstance(value, str) else ""
    try:
        if form is not None:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller knows the zone
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        known = form or "2026-11-29, 2026-11-29 14:30"
        raise ValueError(
            gettext("{value!r:.60} is no date or time in the form {form}", value=value, form=known)
        ) from error


class PassTime:
    """What `now` is for the templates of one campaign: fixed for a pass over it."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self.zone = zone
        self._at: float | None = None

    def fix(self, at: float) -> None:
        """Let it be this time, in UTC seconds, from now on."""
        self._at = at

    @property
    def at(self) -> float:
        """UTC seconds; the machine's time where none was fixed."""
        return time.time() if self._at is None else self._at

    def now(self) -> datetime:
        """Return it in the campaign's zone, in whole seconds."""
        return in_zone(self.at, self.zone).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day at which nothing is sent."""

    spans: tuple[tuple[clock_time, clock_time], ...]
    """From when to when, as a clock in the zone shows it; one that ends before it begins does so on the next day."""
    zone: tzinfo | None = None

    @classmethod
    def read(cls, spans: Sequence[str], zone: tzinfo | None = None, *, not_before: str | None = None) -> QuietHours:
        """Read texts such as `22:00-08:00`. `not_before`: what is quiet from midnight on. Raises ValueError."""
        found = [_span(text) for text in spans]
        if not_before is not None:
            found.append((clock_time(), _hour(not_before)))
        hours = cls(tuple(found), zone)
        if hours._free_from(1e9) is None:
            raise ValueError(gettext("the hours leave no time of the day at which anything may be sent"))
        return hours

    def until(self, at: float) -> float:
        """Return when what is to be sent at a time may be sent, in UTC seconds: then, or when the quiet hours end."""
        found = self._free_from(at)
        return at if found is None else found

    def _free_from(self, at: float) -> float | None:
        """Return the same; None where there is never such a time."""
        for _ in range(4 * len(self.spans) + 1):
            ends = [end for end in (self._end(at, *span) for span in self.spans) if end is not None]
            if not ends:
                return at
            at = max(ends)
        return None

    def _end(self, at: float, begins: clock_time, ends: clock_time) -> float | None:
        """Return when the quiet hours end that a time is in; None where it is in none."""
        today = in_zone(at, self.zone).date()
        for day in (today - _DAY, today):
            last = day if begins < ends else day + _DAY
            first = _seconds(datetime.combine(day, begins), self.zone)
            end = _seconds(datetime.combine(last, ends), self.zone)
            if first <= at < end:
                return end
        return None


def _span(text: str) -> tuple[clock_time, clock_time]:
    if match := _HOURS.fullmatch(text):
        begins, ends = _of_clock(match[1], match[2]), _of_clock(match[3], match[4])
        if begins is not None and ends is not None and match.group(1, 2) != match.group(3, 4):
            return begins, ends
    raise ValueError(gettext('"{text}" is no span of hours such as "22:00-08:00"', text=text))


def _hour(text: str) -> clock_time:
    if (match := _HOUR.fullmatch(text)) and (found := _of_clock(match[1], match[2])) not in (None, clock_time()):
        return found
    raise ValueError(gettext('"{text}" is no time of the day such as "09:00"', text=text))


def _of_clock(hours: str, minutes: str) -> clock_time | None:
    try:
        return clock_time(int(hours) % 24 if int(minutes) == 0 and int(hours) == 24 else int(hours), int(minutes))
    except ValueError:
        return None


_UNITS: dict[str, Callable[[datetime], str]] = {
    "hour": lambda now: f"{now:%Y-%m-%dT%H}",
    "day": lambda now: now.date().isoformat(),
    "week": lambda now: (now.date() - timedelta(days=now.weekday())).isoformat(),
    "month": lambda now: now.date().isoformat()[:7],
    "year": lambda now: now.date().isoformat()[:4],
}
"""How the period of a time is called: so that later ones sort behind earlier ones. A week: its Monday."""


class Every:
    """An option of a strategy: how often a record is told. `hour`, `day`, `week`, `month`, `year`, or a template.

    A template is rendered for each record, and what it gives is the period: a text that sorts behind those of earlier
    ones, such as `{{ record["invoice_date"] }}`.
    """

    def __init__(self, text: str) -> None:
        """Raise ValueError where it is neither a word nor a template."""
        self.text = text
        self._time = PassTime()
        self._template: Template | None = None
        self._unit = _UNITS.get(text)
        if self._unit is None:
            if "{{" not in text and "{%" not in text:
                units = ", ".join(get_args(Unit))
                raise ValueError(gettext("must be one of {units}, or a template with {{{{ … }}}}", units=units))
            self._template = _compiled(text, self._time)

    def period(self, record: Record, now: datetime) -> str:
        """Return the period of a record at a time. Raises RenderError where the template cannot be rendered."""
        if self._unit is not None:
            return self._unit(now)
        assert self._template is not None  # noqa: S101 - one of the two is there
        self._time.zone = now.tzinfo
        self._time.fix(now.timestamp())
        return self._template(record).strip()

    @property
    def columns(self) -> frozenset[str]:
        """The columns that a template takes from a record."""
        return frozenset() if self._template is None else self._template.columns

    def __repr__(self) -> str:
        return f"Every({self.text!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def _compiled(text: str, time: PassTime) -> Template:
    from notifykit.campaign.render import compile_template  # Jinja is for those that need it

    try:
        return compile_template(text, where="every", time=time)
    except NotifykitError as error:
        raise ValueError(str(error)) from error
