"""Zones, dates in texts and quiet hours: over clock changes, leap days and ends of months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.times import LATEST, PassTime, QuietHours, in_zone, read_date, read_datetime, zone_of

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = ["22:00-08:00"]


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def told(seconds: float, zone: ZoneInfo = BERLIN) -> str:
    return in_zone(seconds, zone).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("asked", "free"),
    [
        ("2026-11-29 21:59", "2026-11-29 21:59+01:00"),
        ("2026-11-29 22:00", "2026-11-30 08:00+01:00"),
        ("2026-11-30 03:00", "2026-11-30 08:00+01:00"),
        ("2026-11-30 07:59", "2026-11-30 08:00+01:00"),
        ("2026-11-30 08:00", "2026-11-30 08:00+01:00"),
        ("2026-03-28 23:00", "2026-03-29 08:00+02:00"),  # the clock is put forward
        ("2026-10-24 23:00", "2026-10-25 08:00+01:00"),  # and back
        ("2028-02-28 22:00", "2028-02-29 08:00+01:00"),
        ("2026-12-31 23:30", "2027-01-01 08:00+01:00"),
    ],
)
def test_quiet_hours_end_when_a_clock_of_the_zone_says_so(asked: str, free: str) -> None:
    assert told(QuietHours.read(NIGHT, BERLIN).until(at(asked))) == free


def test_quiet_hours_begin_and_end_at_an_hour_that_is_skipped_or_there_twice() -> None:
    skipped = QuietHours.read(["01:00-02:30"], BERLIN)
    assert told(skipped.until(at("2026-03-29 01:30"))) == "2026-03-29 03:30+02:00"
    twice = QuietHours.read(["01:00-02:30"], BERLIN)
    assert told(twice.until(at("2026-10-25 02:10"))) == "2026-10-25 02:30+02:00"
    assert twice.until(at("2026-10-25 02:10", fold=1)) == at("2026-10-25 02:10", fold=1)


def test_spans_that_touch_are_waited_for_one_after_the_other() -> None:
    hours = QuietHours.read(["12:00-13:00", "13:00-15:00", "14:30-16:00"], BERLIN)
    assert told(hours.until(at("2026-11-29 12:30"))) == "2026-11-29 16:00+01:00"


def test_nothing_is_sent_before_a_time_of_the_day() -> None:
    hours = QuietHours.read([], BERLIN, not_before="09:00")
    assert told(hours.until(at("2026-11-29 00:00"))) == "2026-11-29 09:00+01:00"
    assert told(hours.until(at("2026-11-29 09:00"))) == "2026-11-29 09:00+01:00"


def test_hours_are_those_of_their_zone_wherever_they_are_asked_for() -> None:
    moment = at("2026-11-29 23:00")
    elsewhere = QuietHours.read(NIGHT, ZoneInfo("America/New_York"))
    assert QuietHours.read(NIGHT, BERLIN).until(moment) > moment
    assert elsewhere.until(moment) == moment


@given(
    moment=st.integers(1_600_000_000, 1_900_000_000),
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Shanghai", "UTC"]),
    spans=st.lists(st.sampled_from(["22:00-08:00", "12:00-13:30", "00:00-06:15", "23:30-24:00"]), max_size=3),
)
def test_a_time_outside_is_never_later_than_a_day_and_is_outside(moment: int, zone: str, spans: list[str]) -> None:
    hours = QuietHours.read(spans, ZoneInfo(zone))
    free = hours.until(moment)
    assert moment <= free <= moment + 86_400
    assert hours.until(free) == free


@pytest.mark.parametrize(
    "text", ["22:00", "22:00-22:00", "25:00-08:00", "22:60-08:00", "a-b", "", "22-8", "22:00–08:00"]
)
def test_what_is_no_span_of_hours(text: str) -> None:
    with pytest.raises(ValueError, match='is no span of hours such as "22:00-08:00"'):
        QuietHours.read([text])


@pytest.mark.parametrize("text", ["00:00", "24:00", "9", "09:00:00", "x"])
def test_what_is_no_time_of_the_day(text: str) -> None:
    with pytest.raises(ValueError, match='is no time of the day such as "09:00"'):
        QuietHours.read([], not_before=text)


def test_hours_that_leave_no_time_are_refused() -> None:
    with pytest.raises(ValueError, match="leave no time of the day"):
        QuietHours.read(["00:00-12:00", "11:00-24:00"], BERLIN)
    with pytest.raises(ValueError, match="leave no time of the day"):
        QuietHours.read(["09:00-24:00"], not_before="09:00")


@pytest.mark.parametrize("name", ["Europe/Berln", "", "../etc/passwd", "Europe", "GMT+25"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        zone_of(name)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-11-29", "2026-11-29 00:00+01:00"),
        (" 2026/11/29 14:30 ", "2026-11-29 14:30+01:00"),
        ("2026-11-29T14:30Z", "2026-11-29 15:30+01:00"),
        ("2026-11-29 14:30+08:00", "2026-11-29 07:30+01:00"),
        ("20260629", "2026-06-29 00:00+02:00"),
        ("2026-03-29 02:30", "2026-03-29 03:30+02:00"),
        ("2026-10-25 02:30", "2026-10-25 02:30+02:00"),
        (date(2028, 2, 29), "2028-02-29 00:00+01:00"),
        (datetime(2026, 11, 29, 6, tzinfo=UTC), "2026-11-29 07:00+01:00"),
    ],
)
def test_a_time_is_read_in_the_zone_unless_it_says_another(value: object, found: str) -> None:
    assert told(read_datetime(value, BERLIN).timestamp()) == found


def test_a_time_in_another_form_is_read() -> None:
    assert told(read_datetime("29.11.2026 14:30", BERLIN, "%d.%m.%Y %H:%M").timestamp()) == "2026-11-29 14:30+01:00"
    assert read_date("29.02.2028", "%d.%m.%Y") == date(2028, 2, 29)


@pytest.mark.parametrize("value", ["", "soon", "2026-02-29", "29.11.2026", None, 5, True, [], "2026-13-01"])
def test_what_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match="is no date or time in the form 2026-11-29"):
        read_datetime(value, BERLIN)


@pytest.mark.parametrize("value", ["1969-12-31", datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=2)))])
def test_a_time_that_no_store_keeps(value: object) -> None:
    with pytest.raises(ValueError, match="beyond what can be kept"):
        read_datetime(value, UTC)


def test_the_latest_time_is_kept() -> None:
    assert read_datetime("9999-12-31T23:59:59Z", None).timestamp() == LATEST


def test_the_time_of_a_pass_stands_still() -> None:
    time = PassTime(BERLIN)
    assert abs(time.at - datetime.now(UTC).timestamp()) < 60
    time.fix(at("2026-11-29 23:30"))
    assert (time.now().isoformat(), time.at) == ("2026-11-29T23:30:00+01:00", at("2026-11-29 23:30"))
