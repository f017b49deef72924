"""When a migration is verified: hourly on day 1, daily in week 1, weekly in month 1."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.journal.journal import Entry
from notifykit_migration.verify.calendar import DAY, HOUR, WEEK, Tick, calendar, is_due, next_due

START = 1_000_000.0


def line(kind: str, at: float, **fields: object) -> Entry:
    return Entry(kind=kind, at=at, fields=fields)


MIGRATED = (
    line("migrate_begun", START - 60),
    line("verified", START - 1, passed=True),
    line("migrate_done", START),
)


def ticks(*after: Entry, now: float) -> list[Tick]:
    return [slot.tick for slot in calendar((*MIGRATED, *after), now)]


def test_hours_then_days_then_weeks() -> None:
    slots = calendar(MIGRATED, START)
    assert Counter(slot.length for slot in slots) == {HOUR: 24, DAY: 6, WEEK: 4}
    assert (slots[0].since, slots[-1].until) == (START, START + 5 * WEEK)
    assert all(one.until == two.since for one, two in pairwise(slots))


def test_what_migrate_verifies_itself_is_of_the_first_hour() -> None:
    assert ticks(now=START + 1)[:2] == [Tick.PASSED, Tick.AHEAD]
    assert not is_due(MIGRATED, START + HOUR - 1)
    assert next_due(MIGRATED, START + 1) == START + HOUR
    assert is_due(MIGRATED, START + HOUR)


def test_one_failure_in_an_hour_is_a_failure_of_it() -> None:
    found = ticks(
        line("verified", START + HOUR + 1, passed=True),
        line("verified", START + HOUR + 2, passed=False),
        line("verified", START + HOUR + 3, passed=True),
        now=START + 3 * HOUR,
    )
    assert found[:5] == [Tick.PASSED, Tick.FAILED, Tick.MISSED, Tick.DUE, Tick.AHEAD]


def test_after_the_last_week_nothing_is_due() -> None:
    assert set(ticks(now=START + 5 * WEEK)) == {Tick.PASSED, Tick.MISSED}
    assert next_due(MIGRATED, START + 5 * WEEK) is None


@pytest.mark.parametrize(
    "entries",
    [(), MIGRATED[:2], (*MIGRATED, line("rollback_begun", START + 5)), (*MIGRATED, line("migrate_begun", START + 5))],
)
def test_nothing_is_due_where_nothing_is_migrated_or_something_is_half_done(entries: tuple[Entry, ...]) -> None:
    assert calendar(entries, START + 10) == ()
    assert not is_due(entries, START + 10)


@given(at=st.floats(0, 6 * WEEK), passed=st.booleans())
def test_a_verification_ticks_the_slot_that_it_falls_into(at: float, passed: bool) -> None:
    now = START + 6 * WEEK
    before, after = (calendar((*MIGRATED, *more), now) for more in ((), (line("verified", START + at, passed=passed),)))
    changed = [two for one, two in zip(before, after, strict=True) if one != two]
    assert all(slot.since <= START + at < slot.until for slot in changed)
    expected = [slot for slot in after if slot.since <= START + at < slot.until and not (passed and slot is after[0])]
    assert changed == expected
    assert all(slot.tick is (Tick.PASSED if passed else Tick.FAILED) for slot in changed)
