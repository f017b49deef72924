"""Declared columns: what a cell is read as, and what holds its record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.cells import Column, TypedView, reader
from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        (Column(type="text"), "  ", ""),
        (Column(type="text"), None, ""),
        (Column(type="text"), " a ", " a "),
        (Column(type="text"), Decimal("1E+3"), "1000"),
        (Column(type="text"), 7, "7"),
        (Column(type="text"), date(2026, 8, 31), "2026-08-31"),
        (Column(type="text"), datetime(2026, 8, 31, 9, 5, tzinfo=UTC), "2026-08-31 09:05:00+00:00"),
        (Column(type="text"), True, "true"),
        (Column(type="integer"), " -12 ", -12),
        (Column(type="integer"), "1120250800000000123", 1120250800000000123),
        (Column(type="integer", group=","), "1,234,567", 1234567),
        (Column(type="integer", group=","), "1234567", 1234567),
        (Column(type="integer"), Decimal("3.00"), 3),
        (Column(type="integer"), "", None),
        (Column(type="decimal"), "1234.50", Decimal("1234.50")),
        (Column(type="decimal", point=",", group="."), "-1.234,50", Decimal("-1234.50")),
        (Column(type="decimal"), 0.1, Decimal("0.1")),
        (Column(type="decimal"), Decimal("1.10"), Decimal("1.10")),
        (Column(type="date"), "2026-08-31", date(2026, 8, 31)),
        (Column(type="date", format="%d.%m.%Y"), "31.08.2026", date(2026, 8, 31)),
        (Column(type="date"), datetime(2026, 8, 31), date(2026, 8, 31)),  # noqa: DTZ001 - as databases have it
        (Column(type="datetime"), "2026-08-31T09:30:00+00:00", datetime(2026, 8, 31, 9, 30, tzinfo=UTC)),
        (
            Column(type="datetime", zone="Asia/Shanghai"),
            "2026-08-31 17:30",
            datetime(2026, 8, 31, 17, 30, tzinfo=SHANGHAI),
        ),
        (Column(type="boolean"), "YES", True),
        (Column(type="boolean"), 0, False),
        (Column(type="boolean", true=("是",), false=("否",)), " 否 ", False),
        (Column(type="boolean"), None, None),
    ],
)
def test_a_cell_is_read_as_its_column_says(column: Column, cell: object, value: object) -> None:
    found = reader(column)(cell)
    assert (type(found), found) == (type(value), value)


def test_a_time_is_given_in_the_zone_of_its_column() -> None:
    found = reader(Column(type="datetime", zone="Asia/Shanghai"))("2026-08-31T09:30:00Z")
    assert found.isoformat() == "2026-08-31T17:30:00+08:00"


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (Column(type="integer"), "1.0", "'1.0' is no whole number such as 1234"),
        (Column(type="integer"), "1,234", "'1,234' is no whole number such as 1234"),
        (Column(type="integer", group=","), "12,34", "'12,34' is no whole number such as 1,234"),
        (Column(type="integer"), "١٢", "'١٢' is no whole number such as 1234"),
        (Column(type="integer"), True, "True is no whole number such as 1234"),
        (Column(type="integer"), 1.5, "1.5 is no whole number such as 1234"),
        (Column(type="integer"), float("nan"), "nan is no whole number such as 1234"),
        (Column(type="decimal"), "1,234.5", "'1,234.5' is no decimal such as 1234.50"),
        (Column(type="decimal"), "1e3", "'1e3' is no decimal such as 1234.50"),
        (Column(type="decimal", point=",", group="."), "1.50", "'1.50' is no decimal such as 1.234,50"),
        (Column(type="date"), "31.08.2026", "'31.08.2026' is no date such as 2026-08-31"),
        (Column(type="date", format="%d.%m.%Y"), "2026-08-31", "'2026-08-31' is no date such as 31.08.2026"),
        (Column(type="date"), "2026-02-30", "'2026-02-30' is no date such as 2026-08-31"),
        (
            Column(type="date"),
            datetime(2026, 8, 31, 1, tzinfo=UTC),
            "2026-08-31 01:00:00+00:00 has a time of day, so it is no date",
        ),
        (
            Column(type="datetime"),
            "2026-08-31 17:30",
            "2026-08-31 17:30:00 has no offset from UTC; say the column's `zone`",
        ),
        (Column(type="datetime"), "today", "'today' is no time such as 2026-08-31 17:30:00+00:00"),
        (Column(type="boolean"), "是", "'是' is no truth value (true, yes, 1, false, no, 0)"),
        (Column(type="text", required=True), " ", "it is empty"),
        (Column(type="date", required=True), None, "it is empty"),
        (Column(type="text"), ["a"], "['a'] is no text"),
    ],
)
def test_what_is_not_written_so_says_what_it_should_be(column: Column, cell: object, said: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        reader(column)(cell)
    assert str(caught.value) == said


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_a_number_with_its_thousands_grouped_is_the_number(value: Decimal) -> None:
    german = f"{value:,}".translate(str.maketrans(",.", ".,"))
    assert reader(Column(type="decimal", group=","))(f"{value:,}") == value
    assert reader(Column(type="decimal", point=",", group="."))(german) == value


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis wants it so
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_every_time_of_iso_8601_is_read_back(when: datetime) -> None:
    assert reader(Column(type="datetime"))(when.isoformat()) == when


def view(rows: list[Record | Problem], **columns: Column) -> TypedView:
    return TypedView(rows, columns, "campaigns/orders.yaml")


def record(cells: list[Any], columns: list[str], row: int = 2, names: tuple[str, ...] | None = None) -> Record:
    named = {name: at for at, name in enumerate(columns)}
    return Record("k", cells, Table("data/orders.csv", named, tuple(columns) if names is None else names), row)


def test_a_wrong_cell_holds_its_record_with_the_place_and_the_column() -> None:
    bad = record(["k", "1,5", "x"], ["id", "amount", "day"], row=7)
    seen = view([bad], amount=Column(type="decimal"), day=Column(type="date"))
    (held,) = seen
    assert isinstance(held, Problem)
    assert (held.place, held.key) == ("data/orders.csv:7", "k")
    assert held.what == "amount: '1,5' is no decimal such as 1234.50; day: 'x' is no date such as 2026-08-31"


def test_the_source_keeps_its_cells_and_each_walk_gives_the_same() -> None:
    cells = ["k", "1.5"]
    seen = view([record(cells, ["id", "amount"])], amount=Column(type="decimal"))
    values = [item["amount"] for _ in range(2) for item in seen if isinstance(item, Record)]
    assert values == [Decimal("1.5"), Decimal("1.5")]
    assert cells == ["k", "1.5"]


def test_a_declared_column_that_the_header_lacks_stops_the_campaign() -> None:
    with pytest.raises(CampaignError) as caught:
        list(view([record(["k", "1"], ["id", "ammount"])], amount=Column(type="decimal")))
    assert str(caught.value) == (
        "data/orders.csv: `columns` declares 'amount', and there is no such column; did you mean \"ammount\"?; "
        "correct the name in campaigns/orders.yaml, or rename the column"
    )
    twice = record(["k", "1", "2"], ["id"], names=("id", "amount", "amount"))
    with pytest.raises(CampaignError, match="several columns are called so"):
        list(view([twice], amount=Column(type="decimal")))


def test_an_object_of_json_without_the_name_is_held_alone() -> None:
    rows: list[Record | Problem] = [
        record(["k", "1"], ["id", "amount"], names=()),
        record(["k"], ["id"], row=3, names=()),
    ]
    good, held = view(rows, amount=Column(type="decimal"))
    assert isinstance(good, Record)
    assert isinstance(held, Problem)
    assert (held.place, held.what) == ("data/orders.csv:3", "amount: the row has no such cell")


def test_problems_of_the_source_pass_through(tmp_path: Path) -> None:
    problem = Problem(place="data/orders.csv:3", what="the key is empty", mend="fill it in")
    assert list(view([problem], amount=Column(type="decimal"))) == [problem]
