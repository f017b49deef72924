from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from contract_world import HEADER
from hypothesis import given
from hypothesis import strategies as st

from notifykit.demo.contracts import (
    AWARD,
    BEIJING,
    COLUMNS,
    FLAG,
    ID,
    NUMBER,
    SHANGHAI,
    contracts,
    csv_bytes,
    read_rows,
)

MONTH = datetime(2025, 8, 1, 9, tzinfo=timezone(timedelta(hours=8)))


def test_the_29_columns_of_the_legacy_job() -> None:
    assert tuple(HEADER) == COLUMNS
    assert len(COLUMNS) == 29


def test_the_bytes_are_those_of_the_legacy_job() -> None:
    data = csv_bytes(contracts(BEIJING, MONTH, 3, random.Random(1)))
    assert data.startswith("\ufeff活动编号,".encode())
    assert data.count(b"\r\n") == data.count(b"\n") == 4
    assert data.endswith(b"\r\n")


@given(st.integers(1, 60), st.integers())
def test_contracts_are_what_a_campaign_expects(count: int, seed: int) -> None:
    for city in (BEIJING, SHANGHAI):
        rows = contracts(city, MONTH, count, random.Random(seed))
        assert read_rows(csv_bytes(rows)) == rows
        assert len({row[ID] for row in rows}) == len({row[NUMBER] for row in rows}) == count
        for row in rows:
            assert len(row[ID]) == 19
            assert row[ID].isdigit()
            assert row[NUMBER].startswith(f"YHWX-{city.code}-SDHY-202508")
            assert row[FLAG] == "N"
            assert (row[AWARD] == "1") == bool(row["奖励名称"])
            assert row["签约时间(signedDate)"].startswith("2025-08-")


def test_some_are_due_an_award_and_some_remarks_hold_a_comma() -> None:
    rows = contracts(BEIJING, MONTH, 24, random.Random(1))
    assert 0 < sum(row[AWARD] == "1" for row in rows) < len(rows)
    assert any("," in row["备注"] for row in rows)
