"""What happened in the last days, by campaign and day."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.operate.activity import activity, merged
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Count, RecentFigures
from notifykit.testing import FakeClock
from notifykit.testing.outbox.steps import accept, claim, doubt, put_off, queue_drafts, reject
from notifykit.testing.samples import draft

DAY = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db", clock) as opened:
        yield opened


def test_a_message_counts_on_the_day_on_which_something_came_of_it(outbox: SqliteOutbox, clock: FakeClock) -> None:
    queue_drafts(outbox, [draft(campaign="bj", key=key, recipient=key) for key in "ABCDE"])
    a, b, c, d = claim(outbox, 4)
    accept(outbox, a)
    put_off(outbox, b, until=clock.now(), hold=clock.now())
    clock.advance(DAY)
    reject(outbox, c)
    doubt(outbox, d)
    found = activity(outbox, DAY)
    assert [
        [(one.accepted, one.put_back, one.failed, one.doubtful) for one in day.campaigns] for day in found.days
    ] == [
        [(1, 1, 0, 0)],
        [(0, 0, 1, 1)],
    ]
    (total,) = found.totals
    assert (total.campaign, total.attempts, total.accepted, total.failed, total.doubtful) == ("bj", 4, 1, 1, 1)
    assert (found.waiting, found.failed, found.in_doubt) == ({"bj": Count(2)}, {"bj": Count(1)}, {"bj": Count(1)})


def test_a_day_without_anything_is_there_and_a_campaign_that_only_waits_too(
    outbox: SqliteOutbox, clock: FakeClock
) -> None:
    queue_drafts(outbox, [draft(campaign="bj")])
    clock.advance(3 * DAY)
    found = activity(outbox, 2 * DAY)
    assert [len(day.campaigns) for day in found.days] == [0, 0, 0]
    assert found.campaigns == ["bj"]
    assert found.total("bj").percentile(0.5) is None


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York"])
@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system has no zones to choose")
def test_days_are_local_and_leave_nothing_out(
    outbox: SqliteOutbox, clock: FakeClock, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    getattr(time, "tzset")()  # noqa: B009 - not on Windows
    try:
        clock.jump(datetime(2026, 3, 31, 12).astimezone().timestamp() - clock.now())  # a clock changed on the 29th
        days = activity(outbox, 7 * DAY).days
        assert [day.date.isoformat() for day in days] == [f"2026-03-{number}" for number in range(24, 32)]
        assert all(one.until == other.since for one, other in pairwise(days))
        assert days[-1].since <= clock.now() < days[-1].until
    finally:
        monkeypatch.undo()
        getattr(time, "tzset")()  # noqa: B009 - likewise


WAITS = st.lists(st.floats(min_value=0, max_value=1e6), max_size=50)


def figures(waits: list[float]) -> RecentFigures:
    return RecentFigures(
        campaign="bj",
        attempts=len(waits),
        accepted=len(waits),
        put_back=0,
        doubtful=0,
        failed=0,
        perhaps_twice=0,
        waits=array("d", sorted(waits)),
    )


@given(st.lists(WAITS, max_size=5), st.sampled_from([0.5, 0.95]))
def test_figures_of_several_times_are_those_of_the_whole_time(several: list[list[float]], share: float) -> None:
    whole = figures([wait for waits in several for wait in waits])
    together = merged("bj", map(figures, several))
    assert together == whole
    found = together.percentile(share)
    assert (found is None) == (not whole.waits)
    if found is not None:
        assert sum(wait <= found for wait in whole.waits) >= len(whole.waits) * share
