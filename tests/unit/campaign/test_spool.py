"""Rows come back from where they were put by as they were, and memory holds few of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign import spool
from notifykit.campaign.spool import Spool

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.decimals(allow_nan=False),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.dates(),
    st.uuids(),
    st.binary(max_size=5).map(bytearray),
    st.dictionaries(st.text(max_size=2), st.lists(st.integers(), max_size=2), max_size=2),
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=3).map(tuple), max_size=20),
    at_once=st.integers(1, 5),
    looked_at=st.integers(1, 3),
    in_memory=st.sampled_from([1, 10**6]),
)
def test_rows_come_back_as_they_were(
    rows: list[tuple[object, ...]], at_once: int, looked_at: int, in_memory: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "AT_ONCE", at_once)
        patch.setattr(spool, "LOOKED_AT", looked_at)
        patch.setattr(spool, "IN_MEMORY", in_memory)
        kept = Spool(iter(rows))
        assert list(kept) == rows
        assert repr(list(zip(kept, kept, strict=True))) == repr(list(zip(rows, rows, strict=True)))


@pytest.mark.parametrize(
    "cells",
    [("text", 1, 1.5, None), (Decimal("1.50"), datetime(2026, 8, 31, tzinfo=UTC), date(2026, 8, 31), UUID(int=7))],
)
def test_memory_holds_few_of_many_rows(cells: tuple[object, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 2**16)

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(10_000):
            yield f"{number:01000}", *cells

    tracemalloc.start()
    try:
        kept = Spool(rows())
        assert sum(len(text) for text, *_ in kept) == 10_000_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_what_the_rows_raise_is_passed_on() -> None:
    def rows() -> Iterator[tuple[object, ...]]:
        yield (1,)
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        Spool(rows())
