"""The rows of a query as records, and what is said where there are none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_sql.cursor import Highest, Incremental
from notifykit_sql.database import Database
from notifykit_sql.keys import KeyFaultError, key_text, key_value
from notifykit_sql.source import SqlSource

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.options import OptionError, Secret
from notifykit.roles import SourceContext
from notifykit.testing import FakeClock, SourceContract

Shop = Callable[..., Path]


def orders(file: Path, query: str = "SELECT * FROM orders ORDER BY order_no", **options: Any) -> SqlSource:
    return SqlSource(path=file, query=query, **{"key": "order_no", **options})


def refusal(source: SqlSource) -> str:
    with pytest.raises(CampaignError) as caught:
        source.read()
    return str(caught.value)


class TestSqlSource(SourceContract):
    def make_source(self, folder: Path) -> SqlSource:
        file = folder / "shop.db"
        with closing(sqlite3.connect(file)) as db:
            db.executescript("CREATE TABLE t (id, to_); INSERT INTO t VALUES ('a', 1), (NULL, 2), (3, 3)")
        return SqlSource(path=file, query="SELECT * FROM t", key="id")

    def make_broken_source(self, folder: Path) -> SqlSource:
        return SqlSource(path=folder / "gone.db", query="SELECT 1 AS id", key="id")


def test_cells_keep_their_types_and_keys_are_texts(shop: Shop) -> None:
    source = orders(shop())
    first, *others = source.read()
    assert isinstance(first, Record)
    assert (first.key, first["order_no"], first["amount"], first["told_at"]) == ("1001", 1001, 12.5, None)
    assert first.place == f"{source.path}:1"
    assert len(others) == 2


def test_the_view_stays_as_it_was_read(shop: Shop) -> None:
    file = shop()
    view = orders(file).read()
    before = [item.key for item in view]
    with closing(sqlite3.connect(file)) as db:
        db.execute("DELETE FROM orders")
        db.commit()
    assert [item.key for item in view] == before == ["1001", "1002", "1003"]


def test_more_rows_than_memory_is_given_come_from_the_spool(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit.campaign.spool.IN_MEMORY", 1000)
    file = shop("CREATE TABLE orders (order_no, mobile)")
    with closing(sqlite3.connect(file)) as db:
        db.executemany("INSERT INTO orders VALUES (?, ?)", ((number, "x" * 20) for number in range(2_300)))
        db.commit()
    view = orders(file).read()
    one, other = iter(view), iter(view)
    assert [(next(one).key, next(other).key) for _ in range(2_300)] == [(str(n), str(n)) for n in range(2_300)]


def test_a_query_changes_nothing(shop: Shop) -> None:
    file = shop()
    assert "attempt to write a readonly database" in refusal(orders(file, "DELETE FROM orders RETURNING order_no"))
    assert len(list(orders(file).read())) == 3


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "gone.db"
    assert refusal(orders(file)) == f"{file}: unable to open database file; correct `path`, or its permissions"
    assert not file.exists()


@pytest.mark.parametrize(
    ("query", "options", "said"),
    [
        ("SELECT * FROM ordres", {}, "no such table: ordres; see that `query` is right; the next pass asks again"),
        ("SELEC 1", {}, 'near "SELEC": syntax error'),
        (
            "SELECT mobile FROM orders",
            {},
            "`key` is 'order_no', and `query` gives no such column; there is mobile; name it in `query`, or",
        ),
        (
            "SELECT order_no, order_no FROM orders",
            {},
            "`key` is 'order_no', and `query` gives 2 columns of that name; rename all but one with AS",
        ),
        (
            "SELECT * FROM orders WHERE told = :flag",
            {},
            "`query` has a parameter :flag, and nothing gives it; write `\\:` for a colon that is none",
        ),
        (
            "SELECT * FROM orders WHERE told_at >= :cursor",
            {},
            "`query` has a parameter :cursor, and nothing gives it; say `incremental`: the column, and where to start",
        ),
        (
            "SELECT * FROM orders",
            {"incremental": Incremental(column="told_at", start="0")},
            "`query` does not ask from :cursor on; write `WHERE told_at >= :cursor` into it",
        ),
        (
            "SELECT * FROM orders WHERE order_no >= :cursor",
            {"incremental": Incremental(column="changed", start="0")},
            "`incremental.column` is 'changed', and `query` gives no such column",
        ),
        ("PRAGMA foreign_keys = 1", {}, "`query` gives no rows; write a statement that reads: SELECT …"),
    ],
)
def test_a_query_that_cannot_be_asked_says_why(shop: Shop, query: str, options: dict[str, Any], said: str) -> None:
    file = shop()
    assert refusal(orders(file, query, **options)).startswith(f"{file}: {said}")


def test_a_colon_within_a_time_or_a_cast_is_no_parameter(shop: Shop) -> None:
    source = orders(shop(), r"SELECT order_no, '12:30' AS at, 'a\:b' AS text FROM orders LIMIT 1")
    (record,) = source.read()
    assert isinstance(record, Record)
    assert (record["at"], record["text"]) == ("12:30", "a:b")


def test_columns_of_one_name_are_none(shop: Shop) -> None:
    (record, *_) = orders(shop(), "SELECT order_no, mobile, told AS mobile FROM orders").read()
    assert isinstance(record, Record)
    assert dict(record.items()) == {"order_no": 1001}
    assert record.table.names == ("order_no", "mobile", "mobile")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("NULL", "the key is NULL"),
        ("' '", "the key is empty"),
        ("1.5", "the key is 1.5, a floating-point number, which may have lost digits"),
        ("x'00ff'", "the key is a value of type bytes, which is no key"),
    ],
)
def test_a_value_that_is_no_key_holds_its_row_alone(shop: Shop, value: str, said: str) -> None:
    file = shop(f"CREATE TABLE orders (order_no, mobile); INSERT INTO orders VALUES ({value}, 'x'), ('b', 'y')")
    held, record = orders(file, "SELECT * FROM orders").read()
    assert isinstance(held, Problem)
    assert isinstance(record, Record)
    assert (held.place, held.what) == (f"{file}:1", said)
    assert held.mend


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A 1", "A 1"),
        (1120250800000000123, "1120250800000000123"),
        (Decimal(1001), "1001"),
        (Decimal("1001.00"), "1001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1001.50"), "1001.5"),
        (date(2026, 8, 31), "2026-08-31"),
        (datetime(2026, 8, 31, 17, 30), "2026-08-31 17:30:00"),  # noqa: DTZ001 - as databases have it
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    ],
)
def test_a_key_is_a_text_and_finds_its_row_again(value: object, text: str) -> None:
    assert key_text(value) == text
    assert key_value(text, type(value)) == value


@pytest.mark.parametrize("value", [True, float("nan"), b"a", ["a"], Decimal("NaN")])
def test_other_values_are_no_keys(value: object) -> None:
    with pytest.raises(KeyFaultError):
        key_text(value)


@given(st.text())
def test_a_text_is_a_whole_number_only_where_it_is_written_as_one(text: str) -> None:
    try:
        found = key_value(text, int)
    except ValueError:
        return
    assert str(found) == text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "path: says no database; say `url`, or `path` of a file of SQLite"),
        ({"path": Path("a.db"), "url": "mysql://h/d"}, "url: `path` is said, too; keep the one that is meant"),
        ({"url": "postgresql://me:secret@db/shop"}, "url: holds a password in plain text; write the whole url as"),
        ({"url": "shop.db"}, "url: is no address of a database; write it like postgresql://user@server/database"),
        ({"url": "sqlite:///shop.db"}, "url: is a file; say `path: FILE` instead"),
        ({"path": Path("a.db"), "timeout": 0.0}, "timeout: leaves no time at all"),
        ({"path": Path("a.db"), "query": " "}, "query: is empty"),
    ],
)
def test_options_that_lead_nowhere_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        SqlSource(**{"query": "SELECT 1 AS id", "key": "id", **options})
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nosuch://db/shop", "SQLAlchemy knows no kind of database called nosuch"),
        ("oracle+oracledb://db/shop", "the module oracledb is not installed; install it; the pages of SQLAlchemy"),
        (Secret("nothing at all"), "`url` is no address of a database"),
        (Secret(None, "the environment variable SHOP is not set"), "the environment variable SHOP is not set"),
    ],
)
def test_an_address_that_cannot_be_used_says_so(url: Secret | str, said: str) -> None:
    assert said in refusal(SqlSource(url=url, query="SELECT 1 AS id", key="id"))


def test_no_message_names_a_login() -> None:
    database = Database(path=None, url=Secret("postgresql://me:hush-hush@db.invalid:7/shop"), timeout=1)
    assert database.shown == "postgresql://db.invalid:7/shop"


def passes(source: SqlSource, state: dict[str, Any] | None) -> tuple[list[str | None], Any]:
    context = SourceContext(campaign="orders", clock=FakeClock())
    source.open(context)
    context.state = state
    keys = [item.key for item in source.read()]
    assert source.cursor is not None
    return keys, source.cursor()


def test_only_what_is_new_is_read(shop: Shop) -> None:
    file = shop()
    source = orders(
        file,
        "SELECT order_no, mobile FROM orders WHERE order_no > :cursor",
        incremental=Incremental(column="order_no", start="1001"),
    )
    keys, state = passes(source, None)
    assert (keys, state) == (["1002", "1003"], {"column": "order_no", "type": "int", "value": 1003})
    assert passes(source, state) == ([], state)
    with closing(sqlite3.connect(file)) as db:
        db.execute("INSERT INTO orders (order_no) VALUES (1009)")
        db.commit()
    keys, state = passes(source, state)
    assert (keys, state["value"]) == (["1009"], 1009)
    assert passes(source, None)[0] == ["1002", "1003", "1009"]


def test_a_source_that_reads_all_has_no_cursor(shop: Shop) -> None:
    assert orders(shop()).cursor is None


@given(
    st.one_of(
        st.lists(st.integers(-(10**15), 10**15)),
        st.lists(st.text()),
        st.lists(st.datetimes()),
        st.lists(st.dates()),
        st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    )
)
def test_the_highest_value_comes_back_as_it_was(values: list[Any]) -> None:
    highest = Highest(0, "changed", "shop.db")
    assert [row[0] for row in highest.of((value,) for value in [None, *values])] == [None, *values]
    state = highest.state()
    if not values:
        assert state is None
        return
    since = Incremental(column="changed", start="0").since(state)
    assert (type(since), since) == (type(values[0]), max(values))
    assert Incremental(column="other", start="2026-01-01").since(state) == "2026-01-01"


def test_values_without_an_order_stop_the_campaign() -> None:
    for row in ([(1,), ("a",)], [(b"a",)]):
        with pytest.raises(CampaignError, match=r"`incremental.column` is 'changed', and a value of type"):
            list(Highest(0, "changed", "shop.db").of(row))
