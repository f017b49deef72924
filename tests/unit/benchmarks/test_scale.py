"""The simulation of a day is right where a pencil can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.postgres import scale

COSTS = {"client_us": 200.0, "dispatch_us": 150.0, "server_us": 300.0, "wal_bytes": 3000.0, "disk_bytes": 1300.0}
ROBOTS = scale.Load(name="x", channels=100, a_day=12_000, limit=20.0, processes=4)


def test_all_messages_come() -> None:
    arriving = scale.arrivals(86_400.0)
    assert len(arriving) == scale.MINUTES
    assert sum(arriving) == pytest.approx(86_400.0)
    assert max(arriving) == arriving[9 * 60]


def test_a_limit_of_the_service_binds_and_nothing_is_lost() -> None:
    day = scale.simulated(ROBOTS, COSTS)
    assert day.binds == "the service"
    assert day.left == 0
    assert day.peak > 100 * 20 / 60 >= day.server_peak * 1e6 / COSTS["server_us"]
    assert day.mean == pytest.approx(1_200_000 / 86_400)
    assert day.longest > 60
    assert (day.wal_gb, day.disk_gb) == pytest.approx((3.6, 1.56))
    assert day.server_mean == pytest.approx(day.mean * 300e-6)


def test_what_a_day_has_no_room_for_is_left() -> None:
    """A robot sends 28,800 messages in a day at most, and fewer where they come late."""
    day = scale.simulated(replace(ROBOTS, a_day=40_000), COSTS)
    assert day.left > 100 * (40_000 - 28_800)


@pytest.mark.parametrize(
    ("load", "costs", "binds"),
    [
        (replace(ROBOTS, limit=None), COSTS, "nothing"),
        (replace(ROBOTS, limit=None, processes=1, threads=4), COSTS, "threads"),
        (replace(ROBOTS, limit=None), COSTS | {"dispatch_us": 100_000.0}, "dispatchers"),
        (replace(ROBOTS, limit=None), COSTS | {"server_us": 1_000_000.0}, "the server"),
    ],
)
def test_the_narrowest_place_binds(load: scale.Load, costs: dict[str, float], binds: str) -> None:
    day = scale.simulated(load, costs)
    assert day.binds == binds
    assert (day.longest > 0) is (binds != "nothing")


def test_the_page_says_what_the_simulation_says() -> None:
    assert scale.table(scale.measured_costs()) in scale.PAGE.read_text(encoding="utf-8")
