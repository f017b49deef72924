"""What people look at rather than read: pictures, each with a table of what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from starlette.responses import Response

from notifykit.model import Status
from notifykit.operate.history import AGES, Ages, Hour
from notifykit.operate.pictures import Kind, Series, bars, curves
from notifykit.outbox.values import Pulse
from notifykit.terminal.times import duration, iso
from notifykit.web.views.counted import ages_of, overview_of
from notifykit.web.visit import Visit
from notifykit.wording.translation import gettext

__all__ = ["pictures"]

FRESH, USABLE = 30.0, 3600.0
"""Seconds: what happened is counted by hours, of which one is not over."""

SHOWN = 12
"""Campaigns of which a picture shows something, those with most of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture and its table."""

    id: str
    title: str
    series: Sequence[Series]
    svg: Markup
    first: str
    """The heading of what the labels are."""
    rows: Sequence[tuple[str, Sequence[str]]]
    """Of each label, the value of each series."""


def pictures(visit: Visit) -> Response:
    """Show how it went in the last hours, and what is open: of all campaigns, or of `campaign=`."""
    campaign = visit.query.get("campaign", "").strip() or None
    hours: list[Hour] = visit.shared(
        "hours", lambda _, outbox: visit.site.history.read(outbox), fresh=FRESH, usable=USABLE
    )
    pulse: Pulse = visit.shared("pulse", lambda _, outbox: outbox.pulse())
    ages = ages_of(visit)
    overview = overview_of(visit)
    backlog = {one.campaign: one.of(Status.QUEUED).number for one in pulse.campaigns}
    owed = {one.campaign: one.flags_owed for one in overview.campaigns}
    if visit.as_json:
        return visit.json(
            {
                "at": iso(pulse.at),
                "hours": [_hour_form(hour, campaign) for hour in hours],
                "backlog": _of(backlog, campaign),
                "doubts_by_age": [
                    {"seconds": None if most == float("inf") else most, "messages": number}
                    for most, number in zip(AGES, ages.counts, strict=True)
                ],
                "more": ages.more,
                "flags_owed": _of(owed, campaign),
            }
        )
    shown = [*_of_hours(hours, campaign), _by_campaign("backlog", gettext("Backlog"), _of(backlog, campaign))]
    shown += [_of_ages(ages), _by_campaign("owed", gettext("Flags owed"), _of(owed, campaign))]
    return visit.page("pictures.html", pictures=shown, campaign=campaign, names=sorted({*backlog, *owed}))


def _of_hours(hours: Sequence[Hour], campaign: str | None) -> Iterable[Picture]:
    labels = [datetime.fromtimestamp(hour.since).astimezone().strftime("%H:%M") for hour in hours]
    found = [hour.of(campaign) for hour in hours]
    outcomes = [
        Series(name=gettext("accepted"), kind=Kind.SENT, values=[one.accepted for one in found]),
        Series(name=gettext("had to wait"), kind=Kind.WAITED, values=[one.put_back for one in found]),
        Series(name=gettext("in doubt"), kind=Kind.DOUBTFUL, values=[one.doubtful for one in found]),
        Series(name=gettext("failed"), kind=Kind.FAILED, values=[one.failed for one in found]),
    ]
    yield _picture("hours", gettext("Messages by hour and outcome"), gettext("hour"), labels, outcomes)
    delays = [
        Series(name="p50", kind=Kind.SENT, values=[one.percentile(0.50) for one in found]),
        Series(name="p95", kind=Kind.FAILED, values=[one.percentile(0.95) for one in found]),
    ]
    yield _picture("delay", gettext("From queued to accepted"), gettext("hour"), labels, delays, are_durations=True)


def _of_ages(ages: Ages) -> Picture:
    labels = [
        gettext("older") if most == float("inf") else gettext("up to {age}", age=duration(most, units=1))
        for most in AGES
    ]
    doubts = Series(name=gettext("in doubt"), kind=Kind.DOUBTFUL, values=list(ages.counts))
    return _picture("ages", gettext("Doubts by age"), gettext("age"), labels, [doubts])


def _by_campaign(id_: str, title: str, counted: dict[str, int]) -> Picture:
    most = sorted(counted, key=lambda name: (-counted[name], name))[:SHOWN]
    series = Series(name=title, kind=Kind.SENT, values=[counted[name] for name in most])
    return _picture(id_, title, gettext("campaign"), most, [series])


def _picture(
    id_: str, title: str, first: str, labels: Sequence[str], series: Sequence[Series], *, are_durations: bool = False
) -> Picture:
    draw = curves if are_durations else bars
    say = duration if are_durations else _number
    return Picture(
        id=id_,
        title=title,
        series=series,
        svg=Markup("\n".join(draw(title, labels, series))) if labels else Markup(),  # noqa: S704 - it is escaped there
        first=first,
        rows=[(label, [say(one.values[at]) for one in series]) for at, label in enumerate(labels)],
    )


def _number(value: float | None) -> str:
    return f"{value or 0:,.0f}"


def _of(counted: dict[str, int], campaign: str | None) -> dict[str, int]:
    return {name: number for name, number in counted.items() if number and campaign in (None, name)}


def _hour_form(hour: Hour, campaign: str | None) -> dict[str, object]:
    one = hour.of(campaign)
    return {
        "since": iso(hour.since),
        "until": iso(hour.until),
        "accepted": one.accepted,
        "waited": one.put_back,
        "in_doubt": one.doubtful,
        "failed": one.failed,
        "queued_to_accepted_seconds": {"p50": one.percentile(0.50), "p95": one.percentile(0.95)},
    }
