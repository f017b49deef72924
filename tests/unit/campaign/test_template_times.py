"""`now`, `today` and the filters for dates, times and durations, in texts and conditions."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from notifykit.campaign.render import compile_condition, compile_template
from notifykit.campaign.times import PassTime
from notifykit.errors import RenderError
from notifykit.model import Record, Table

ZONE = ZoneInfo("Asia/Shanghai")
TABLE = Table("orders.csv", {"key": 0, "due": 1, "paid": 2})
RECORD = Record("A", ["A", "2026-11-27", "30.11.2026 08:15"], TABLE, 2)


def pass_at(text: str) -> PassTime:
    time = PassTime(ZONE)
    time.fix(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())
    return time


TIME = pass_at("2026-11-30 23:30:15")


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{ today }} {{ now }}", "2026-11-30 2026-11-30 23:30:15+08:00"),
        ('{{ record["due"] | date }}', "2026-11-27"),
        ('{{ (today - (record["due"] | date)).days }}', "3"),
        ('{{ record["paid"] | datetime("%d.%m.%Y %H:%M") }}', "2026-11-30 08:15:00+08:00"),
        ('{{ record["due"] | strftime("%d.%m.%Y") }}', "27.11.2026"),
        ('{{ now | strftime("%H:%M") }}', "23:30"),
        ('{{ today | strftime("%Y年%m月%d日") }}', "2026年11月30日"),
        ('{{ now | in_zone("Europe/Berlin") | strftime("%H:%M") }}', "16:30"),
        ("{{ today + 1 | days }}", "2026-12-01"),
        ('{{ now - "90m" | duration }}', "2026-11-30 22:00:15+08:00"),
        ("{{ (now + 2 | hours) | date }}", "2026-12-01"),
        ("{{ (now + 45 | minutes) | date }}", "2026-12-01"),
        ('{{ "2026-01-31" | add_months(1) }}', "2026-02-28"),
        ('{{ "2028-01-31" | add_months(1) }}', "2028-02-29"),
        ('{{ "2028-02-29" | add_months(12) }}', "2029-02-28"),
        ('{{ "2026-01-15" | add_months(-1) }}', "2025-12-15"),
        ("{{ today | add_months(3) }}", "2027-02-28"),
        ("{{ today.year }} {{ today.isoweekday() }}", "2026 1"),
    ],
)
def test_dates_and_times_are_calculated_in_the_campaigns_zone(text: str, rendered: str) -> None:
    assert compile_template(text, where="t", time=TIME)(RECORD) == rendered


def test_one_text_in_two_zones_is_two() -> None:
    text = '{{ "2026-11-30 12:00" | datetime | in_zone("UTC") | strftime("%H:%M") }}'
    zones = (ZONE, ZoneInfo("Europe/Berlin"), ZONE)
    given = [compile_template(text, where="t", time=PassTime(zone))(RECORD) for zone in zones]
    assert given == ["04:00", "11:00", "04:00"]


def test_a_condition_compares_dates() -> None:
    late = compile_condition('(record["due"] | date) + 3 | days <= today', "when", time=TIME)
    assert late.uses_time
    assert late(RECORD)
    assert not compile_condition('record["due"] | date > today', "when", time=TIME)(RECORD)


def test_now_is_that_of_each_pass_also_for_a_cell_that_was_there_before() -> None:
    time = pass_at("2026-11-30 10:00")
    text = compile_template('{{ record["due"] }} {{ today }}', where="t", time=time)
    assert text(RECORD) == "2026-11-27 2026-11-30"
    time.fix(time.at + 86_400)
    assert text(RECORD) == "2026-11-27 2026-12-01"


def test_it_is_known_which_templates_differ_from_day_to_day() -> None:
    texts = ('{{ record["due"] | date }}', "{{ now }}", "{% if today %}x{% endif %}", "{{ campaign }}")
    assert [compile_template(text, where="t").uses_time for text in texts] == [False, True, True, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{{ record["key"] | date }}', "'A' is no date or time in the form 2026-11-29"),
        ('{{ record["due"] | date("%d.%m.%Y") }}', "is no date or time in the form %d.%m.%Y"),
        ('{{ now | in_zone("Mars") }}', 'there is no time zone "Mars"'),
        ('{{ today + record["key"] | days }}', "the filter number takes a number, not 'A'"),
        ('{{ now + "soon" | duration }}', "must be a duration"),
        ("{{ today + 99999999999 | days }}", "99999999999 is beyond the calendar"),
        ("{{ today | add_months(999999) }}", "is beyond the calendar"),
        ('{{ record["du"] | date }}', "no column 'du' in orders.csv; did you mean"),
    ],
)
def test_what_is_no_time_holds_the_record(text: str, what: str) -> None:
    with pytest.raises(RenderError) as caught:
        compile_template(text, where="t", time=TIME)(RECORD)
    assert what in str(caught.value)
