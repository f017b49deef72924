"""The strategy `while` tells of records while a column says so, and `every` once in each period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from notifykit_builtin.once import Once
from notifykit_builtin.while_says import While

from notifykit.campaign.times import Every
from notifykit.errors import CampaignError, RenderError
from notifykit.model import Problem, Record, Table
from notifykit.options import OptionError
from notifykit.roles import Decision, Source, Strategy, StrategyContext
from notifykit.testing import StrategyContract
from notifykit.testing.clock import FakeClock
from notifykit.testing.samples import FakeLedger

TABLE = Table("rooms.csv", {"room": 0, "state": 1, "invoice": 2})


def room(state: str, invoice: str = "2026-11") -> Record:
    return Record("1", ["1", state, invoice], TABLE, 2)


@dataclass
class Rooms:
    def read(self) -> list[Record | Problem]:
        return [room("late"), Record("2", ["2", " late ", "x"], TABLE, 3)]


class TestWhile(StrategyContract):
    def make_source(self, folder: Path) -> Source:
        return Rooms()

    def make_strategy(self, folder: Path) -> Strategy:
        return While(column="state", says="late", every=Every("day"))


def started(strategy: Strategy, now: datetime) -> Strategy:
    strategy.start(StrategyContext(campaign="c", source=Rooms(), clock=FakeClock(), now=lambda: now))
    return strategy


def test_spaces_around_a_word_do_not_count_either() -> None:
    assert While(column="state", says=[" late "]).decide(room("late"), FakeLedger()) is Decision.NOTIFY


def test_no_word_at_all_is_refused() -> None:
    with pytest.raises(OptionError, match="says: names no word; no record would ever be told"):
        While(column="state", says=[])


def test_a_record_is_told_while_its_column_says_one_of_the_words() -> None:
    strategy = While(column="state", says=["late", "very late"])
    found = [strategy.decide(room(state), FakeLedger()) for state in ("late", " very late ", "Late", "", "paid")]
    assert found == [Decision.NOTIFY, Decision.NOTIFY, Decision.SKIP, Decision.SKIP, Decision.SKIP]


def test_a_column_that_is_not_there_ends_the_pass() -> None:
    with pytest.raises(CampaignError, match=r'no column "stat" in rooms.csv; did you mean "state"'):
        While(column="stat", says="late").decide(room("late"), FakeLedger())


def test_a_source_is_told_which_columns_are_looked_at() -> None:
    assert While(column="state", says="late", every=Every('{{ record["invoice"] }}')).looks_at == {"state", "invoice"}
    assert Once().looks_at == frozenset()


@pytest.mark.parametrize(
    ("every", "period"),
    [
        ("hour", "2026-11-29T23"),
        ("day", "2026-11-29"),
        ("week", "2026-11-23"),
        ("month", "2026-11"),
        ("year", "2026"),
        ('{{ record["invoice"] }}/{{ today.year }}', "2026-11/2026"),
    ],
)
def test_a_period_is_that_of_the_campaigns_zone(every: str, period: str) -> None:
    now = datetime(2026, 11, 29, 23, 30, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert started(Once(every=Every(every)), now).period(room("late")) == period
    assert started(Once(), now).period(room("late")) == ""


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month", "year"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_periods_never_go_back_while_time_goes_on(unit: str, zone: str) -> None:
    every, local = Every(unit), ZoneInfo(zone)
    at = datetime(2023, 12, 28, tzinfo=local).timestamp()
    last = datetime(2025, 1, 3, tzinfo=local).timestamp()
    told: list[str] = []
    while at < last:
        told.append(every.period(room("late"), datetime.fromtimestamp(at, local)))
        at += timedelta(minutes=47).total_seconds()
    assert told == sorted(told)
    assert len(set(told)) >= {"hour": 8_000, "day": 371, "week": 53, "month": 13, "year": 3}[unit]


def test_a_period_that_cannot_be_rendered_is_an_error_of_the_record() -> None:
    strategy = started(Once(every=Every("{{ record['n'] }}")), datetime.now().astimezone())
    with pytest.raises(RenderError, match="no column 'n'"):
        strategy.period(room("late"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("fortnight", "must be one of hour, day, week, month, year, or a template with {{ … }}"),
        ("{{ recrd }}", 'there is nothing called "recrd"'),
    ],
)
def test_what_says_no_period(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what.replace("{", r"\{").replace("…", ".")):
        Every(text)
