"""Times and durations for people and programs."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.terminal.times import duration, iso, local, relative

NOW = datetime(2025, 8, 1, 4, 0, tzinfo=UTC).timestamp()


def test_iso_is_utc_with_milliseconds() -> None:
    assert iso(NOW + 0.1239) == "2025-08-01T04:00:00.123Z"


@pytest.mark.parametrize("never", [None, math.inf, 1e300, -1e300])
def test_what_never_comes_has_no_time(never: float | None) -> None:
    assert iso(never) is None
    assert local(never) == "–"


def test_local_time_is_that_of_this_computer() -> None:
    assert local(NOW) == datetime.fromtimestamp(NOW).astimezone().strftime("%Y-%m-%d %H:%M:%S")


@given(st.floats(min_value=0, max_value=4e9))
def test_iso_can_be_read_back(seconds: float) -> None:
    text = iso(seconds)
    assert text is not None
    assert -0.0001 < seconds - datetime.fromisoformat(text).timestamp() < 0.0011


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (75, "1 min 15 s"),
        (3600, "1 h"),
        (3601, "1 h"),
        (7260, "2 h 1 min"),
        (86400 * 2 + 3600 * 3 + 59, "2 d 3 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


def test_relative() -> None:
    assert relative(None, NOW) == "–"
    assert relative(NOW - 200, NOW) == "3 min ago"
    assert relative(NOW + 7200, NOW) == "in 2 h"
    assert relative(math.inf, NOW) == "never"


def test_what_has_just_been_is_not_counted() -> None:
    assert relative(100.0, 100.999) == "just now"
    assert relative(100.0, 101.0) == "1.0 s ago"
    assert relative(100.5, 100.0) == "in 500 ms"
