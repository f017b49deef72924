"""Listings: what an address asks, what is shown of it, and what a spreadsheet gets."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from notifykit.web.listing import EXPORTED, MOST, SIZE, Asked, Cell, Column, Kind, Listed, asked, csv_response, listed

COLUMNS: tuple[Column[tuple[int, Cell]], ...] = (
    Column(name="id", heading="id", value=lambda row: row[0], kind=Kind.NUMBER),
    Column(name="word", heading="word", value=lambda row: row[1]),
    Column(name="same", heading="same", value=lambda _: "x", sorts=False),
)
FILTERS = ("campaign", "key")


def of(query: str, rows: list[tuple[int, Cell]], *, whole: bool = False) -> Listed[tuple[int, Cell]]:
    return listed(rows, asked("/list", QueryParams(query), FILTERS, COLUMNS), COLUMNS, whole=whole)


def table(shown: Listed[tuple[int, Cell]]) -> list[list[str]]:
    body = bytes(csv_response("list", shown).body).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


def test_the_address_says_what_is_shown_and_is_made_of_it() -> None:
    wanted = asked("/list.json", QueryParams("key=a b&sort=-word&page=2&other=x&campaign= "), FILTERS, COLUMNS)
    assert wanted == Asked(path="/list", filters={"key": "a b"}, sort="word", falls=True, page=2)
    assert wanted.address() == "/list?key=a+b&sort=-word&page=2"
    assert wanted.address(".csv") == "/list.csv?key=a+b&sort=-word"
    assert wanted.at(1) == "/list?key=a+b&sort=-word"
    assert wanted.sorted_by("word") == "/list?key=a+b&sort=word"
    assert wanted.sorted_by("id") == "/list?key=a+b&sort=id"
    assert Asked(path="/list", filters={}).sorted_by("id") == "/list?sort=id"
    assert Asked(path="/list", filters={}, sort="id").sorted_by("id") == "/list?sort=-id"


@pytest.mark.parametrize("query", ["sort=nothing", "sort=same", "sort=--id", "page=0", "page=-1", "page=x", "page=1e3"])
def test_an_address_that_asks_for_nothing_there_is_is_told(query: str) -> None:
    with pytest.raises(HTTPException) as raised:
        of(query, [])
    assert raised.value.status_code == 400


def test_a_list_is_cut_into_pages_and_says_where_it_stopped() -> None:
    rows: list[tuple[int, Cell]] = [(number, None) for number in range(MOST + 1)]
    shown = of("page=2", rows)
    assert [row[0] for row in shown.rows] == list(range(SIZE, 2 * SIZE))
    assert (shown.number, shown.pages, shown.more) == (MOST, 20, True)
    assert not of("", rows[:MOST]).more
    assert of("page=21", rows).rows == []
    assert of("", []).pages == 1
    whole = of("", rows, whole=True)
    assert (whole.number, whole.more) == (MOST + 1, False)
    assert EXPORTED > MOST


def test_rows_are_sorted_none_first_then_numbers_then_texts() -> None:
    rows: list[tuple[int, Cell]] = [(1, "b"), (2, None), (3, 10), (4, 9), (5, "a")]
    assert [row[0] for row in of("sort=word", rows).rows] == [2, 4, 3, 5, 1]
    assert [row[0] for row in of("sort=-word", rows).rows] == [1, 5, 3, 4, 2]
    assert [row[0] for row in of("", rows).rows] == [1, 2, 3, 4, 5]


@given(st.text(max_size=20))
def test_what_a_spreadsheet_reads_is_no_formula_and_nothing_is_lost(text: str) -> None:
    text = text.replace("\x00", "").replace("\r", "")
    [_, [_, cell, _]] = table(of("", [(1, text)]))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠"))
    assert text in (cell, cell.removeprefix("'"))


def test_times_of_a_spreadsheet_are_iso_8601_with_the_zone() -> None:
    since: Column[float | None] = Column(name="since", heading="since", value=lambda row: row, kind=Kind.TIME)
    rows = [1764403200.125, None]
    shown = listed(rows, asked("/list", QueryParams(), (), (since,)), (since,))
    body = bytes(csv_response("list", shown).body).decode("utf-8-sig")
    assert body.splitlines() == ["since", "2025-11-29T08:00:00.125Z", '""']
    number: Column[float | None] = Column(name="n", heading="n", value=lambda row: row, kind=Kind.NUMBER)
    assert b"n\r\n1764403200.125" in bytes(csv_response("list", shown, (number,)).body), "of other columns"


def test_the_whole_list_is_exported_whatever_page_is_looked_at() -> None:
    rows: list[tuple[int, Cell]] = [(-number, "-1") for number in range(SIZE + 5)]
    lines = table(of("page=2&sort=id", rows))
    assert (lines[0], lines[1], len(lines)) == (["id", "word", "same"], [str(-SIZE - 4), "'-1", "x"], SIZE + 6)


def test_the_name_of_the_file_says_where_it_stopped() -> None:
    shown = of("", [(number, None) for number in range(MOST + 1)])
    assert csv_response("list", shown).headers["content-disposition"].endswith(f'"list-first-{MOST}.csv"')
