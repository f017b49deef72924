"""The source and the flag on each kind of server: its types, its locks, its collations, its end."""

from __future__ import annotations

import gc
import json
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from notifykit_sql.cursor import Incremental
from notifykit_sql.database import Database
from notifykit_sql.flagging import FlagColumn, Sent, write_flags
from notifykit_sql.late import LateCells
from notifykit_sql.source import SqlSource
from notifykit_sql.strategy import SqlFlag
from ports import nobodys_port
from sqlalchemy import text
from sqlalchemy.engine import Engine

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record, Table, Task
from notifykit.roles import SourceContext, StrategyContext
from notifykit.testing import FakeClock, sent_task


@dataclass(frozen=True)
class Shop:
    """A database, and the types that differ."""

    url: str
    time: str

    @property
    def engine(self) -> Engine:
        return Database(path=None, url=self.url, timeout=10)._engine()

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        with self.engine.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture(params=["postgres", "maria"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    url = request.getfixturevalue(request.param)
    made = Shop(url, "timestamptz" if request.param == "postgres" else "datetime")
    made.run("DROP TABLE IF EXISTS orders")
    yield made
    made.run("DROP TABLE IF EXISTS orders")


def filled(shop: Shop) -> Shop:
    shop.run(
        f"CREATE TABLE orders (no bigint PRIMARY KEY, amount decimal(10,2), day date, at {shop.time}, told char(3))",
        "INSERT INTO orders VALUES (1120250800000000123, 12.50, '2026-08-31', '2026-08-31 09:30:00', 'N'), "
        "(2, NULL, NULL, NULL, 'N'), (3, 1, NULL, NULL, 'Y')",
    )
    return shop


def source_of(shop: Shop, query: str = "SELECT * FROM orders ORDER BY no DESC", **options: object) -> SqlSource:
    return SqlSource(**{"url": shop.url, "query": query, "key": "no", "timeout": 10.0, **options})  # type: ignore[arg-type]


def started(strategy: SqlFlag, source: SqlSource) -> SqlFlag:
    strategy.start(StrategyContext(campaign="orders", source=source, clock=FakeClock()))
    return strategy


def tasks(strategy: SqlFlag, *keys: str) -> list[Task]:
    kept = json.loads(json.dumps(strategy.metadata(Record("1", [], Table("x", {}), 1))))
    return [sent_task(Record(key, [], Table("x", {}), 1), kept, id_=number) for number, key in enumerate(keys, 1)]


def test_cells_have_the_types_of_the_database(shop: Shop) -> None:
    first, _, last = source_of(filled(shop)).read()
    assert isinstance(first, Record)
    assert (first.key, first["amount"], first["day"]) == ("1120250800000000123", Decimal("12.50"), date(2026, 8, 31))
    assert isinstance(first["at"], datetime)
    assert isinstance(last, Record)
    assert (last.key, last["amount"], last["at"]) == ("2", None, None)


EVERY_TYPE = """SELECT no, -0.00 AS zero, 'NaN'::numeric AS nan, 12.50 AS amount, '2026-08-31'::date AS day,
    timestamp '1999-12-31 23:59:59.000001' AS at, timestamptz '0999-08-31 09:30:00+02' AS early,
    NULL::numeric AS nothing, '00000000-0000-0000-0000-000000000007'::uuid AS id, true AS yes, 1.5::float8 AS float,
    '\\xff'::bytea AS bytes, '{"a": [1.5]}'::jsonb AS json,
    interval '1 day' AS day_long, 'é' AS text FROM generate_series(1, 600) AS no"""


def as_the_driver_gives_them(url: str, query: str) -> list[tuple[object, ...]]:
    with Database(path=None, url=url, timeout=10)._engine().connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.mark.parametrize(
    ("more", "settings", "late"),
    [
        ("", "", True),
        ("", "&options=-c%20TimeZone%3DAsia/Shanghai", True),
        (", ARRAY[1.50] AS some", "", False),
        (", numrange(1.5, 2.5) AS of_numbers", "", False),
        ("", "&options=-c%20DateStyle%3DGerman", True),
    ],
)
def test_cells_are_those_of_the_driver_whether_or_not_they_are_read_late(
    postgres: str, more: str, settings: str, late: bool
) -> None:
    url = postgres + settings
    query = EVERY_TYPE.replace(" FROM", f"{more} FROM")
    if "German" in settings:  # in which the driver reads no times with a zone
        query = query.replace("timestamptz '0999-08-31 09:30:00+02'", "date '0999-08-31'")
    source = SqlSource(url=url, query=query, key="no")
    expected = as_the_driver_gives_them(url, query)
    for _ in range(2):
        records = [item for item in source.read() if isinstance(item, Record)]
        assert {isinstance(record.cells, LateCells) for record in records} == {late}
        found = [tuple(record.cells) for record in records]
        assert repr(found) == repr(expected)  # as -0.00 is 0, and NaN nothing that there is
    (first, *_) = source.read()
    assert isinstance(first, Record)
    assert (first.cells[-1], list(first.cells[3:5])) == (expected[0][-1], [Decimal("12.50"), date(2026, 8, 31)])


@pytest.mark.parametrize(
    "value", ["timestamp 'infinity'", "date '-infinity'", "date '10000-01-01'", "timestamptz '2001-01-01 00:00 BC'"]
)
def test_a_time_that_python_has_not_stops_the_reading_and_no_record(postgres: str, value: str) -> None:
    usual = "SELECT 1 AS no, date '2026-08-31' AS at"
    with pytest.raises(CampaignError, match=r"(too large|too small|BC|year).*see that `query` is right"):
        SqlSource(url=postgres, query=f"{usual} UNION ALL SELECT 2, {value}", key="no").read()


def test_what_a_query_costs_the_server_it_costs_once(postgres: str) -> None:
    Shop(postgres, "").run("DROP SEQUENCE IF EXISTS asked", "CREATE SEQUENCE asked")
    query = r"SELECT no, 1.5 AS amount, 'a%(b)s\:%' AS text FROM generate_series(1, 1000) AS no WHERE length('%') = 1"
    rows = list(SqlSource(url=postgres, query=query, key="no").read())
    assert len(rows) == 1000
    assert isinstance(rows[0], Record)
    assert (rows[0]["text"], rows[0]["amount"]) == ("a%(b)s:%", Decimal("1.5"))
    with pytest.raises(CampaignError, match="cannot execute nextval"):
        SqlSource(url=postgres, query="SELECT 1.5 AS no, nextval('asked')", key="no").read()


def test_a_key_may_be_of_a_type_that_is_read_late(postgres: str) -> None:
    query = "SELECT 1001.00 AS no UNION ALL SELECT NULL"
    one, other = SqlSource(url=postgres, query=query, key="no").read()
    assert isinstance(one, Record)
    assert isinstance(other, Problem)
    assert (one.key, other.what) == ("1001", "the key is NULL")


def test_a_query_changes_nothing(shop: Shop) -> None:
    filled(shop)
    with pytest.raises(CampaignError, match=r"(?i)read.only transaction|syntax error"):
        source_of(shop, "DELETE FROM orders RETURNING no").read()
    assert shop.run("SELECT count(*) FROM orders") == [(3,)]


def test_an_error_of_the_server_is_one_line_without_the_login(shop: Shop) -> None:
    with pytest.raises(CampaignError) as caught:
        source_of(shop, "SELECT no, colour FROM orders").read()
    assert str(caught.value).count("\n") == 0
    assert "orders" in str(caught.value)
    assert "see that `query` is right" in str(caught.value)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_does_not_answer_is_told(kind: str) -> None:
    port = nobodys_port()
    with pytest.raises(CampaignError) as caught:
        SqlSource(url=f"{kind}://me@127.0.0.1:{port}/shop", query="SELECT 1 AS no", key="no", timeout=5).read()
    assert str(caught.value).startswith(f"{kind}://127.0.0.1:{port}/shop: ")
    assert "see that the server runs, and that `url` and its login are right" in str(caught.value)


def test_a_server_that_is_lost_in_the_middle_gives_nothing(shop: Shop) -> None:
    postgres = "postgres" in shop.url
    slow = "SELECT no, pg_sleep(0.01) FROM generate_series(1, 100000) AS no"
    found = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'notifykit' "
        "AND query LIKE 'FETCH%' AND state = 'active' AND pid <> pg_backend_pid()"
    )
    if not postgres:
        slow = "SELECT seq AS no, SLEEP(0.01) FROM seq_1_to_100000"
        found = (
            "SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(0.01)%' AND id <> connection_id()"
        )

    def cut() -> None:
        end = time.monotonic() + 30
        while not (ids := shop.run(found)) and time.monotonic() < end:
            time.sleep(0.01)
        if not postgres:
            shop.run(f"KILL CONNECTION {ids[0][0]}")

    killer = threading.Thread(target=cut)
    killer.start()
    with pytest.raises(CampaignError, match="the next pass asks again"):
        source_of(shop, slow).read()
    killer.join()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # psycopg has nothing to close of a cursor on a lost server
        gc.collect()


def test_flags_are_set_with_time_and_vendor_id(shop: Shop) -> None:
    filled(shop)
    shop.run("ALTER TABLE orders ADD ref varchar(20)")
    strategy = started(SqlFlag(table="orders", flag="told", sent_at="at", vendor_id="ref"), source_of(shop))
    strategy.begin()
    wanted = {"1120250800000000123": Sent(at=1_785_000_000.0, vendor_id="v-7"), "2": Sent(), "9": Sent(), "A": Sent()}
    flagged = write_flags(strategy._database, strategy._now, wanted)
    assert flagged.done == {"1120250800000000123", "2"}
    assert {key: why.code for key, why in flagged.refused.items()} == {"9": "sql_row_gone", "A": "sql_no_key"}
    (row,) = shop.run("SELECT told, at, ref FROM orders WHERE no = 1120250800000000123")
    told, at, ref = row
    assert isinstance(told, str)
    assert isinstance(at, datetime)
    assert (told.strip(), ref) == ("Y", "v-7")
    assert (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() == 1_785_000_000.0


def test_a_row_that_was_changed_meanwhile_stays(shop: Shop) -> None:
    filled(shop)
    shop.run("UPDATE orders SET told = 'X' WHERE no = 2")
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(shop))
    result = strategy.write_back(tasks(strategy, "2", "3"))
    assert result.done == {2}
    assert "says 'X' in told" in str(result.refused[1])
    assert str(shop.run("SELECT told FROM orders WHERE no = 2")[0][0]).strip() == "X"


@pytest.mark.parametrize(("kind", "unsent", "sent"), [("boolean", "false", "true"), ("smallint", "0", "1")])
def test_a_flag_may_be_a_number_or_a_truth_value(shop: Shop, kind: str, unsent: str, sent: str) -> None:
    shop.run(f"CREATE TABLE orders (no varchar(20), told {kind})", f"INSERT INTO orders VALUES ('a', {unsent})")
    source = source_of(shop)
    strategy = started(SqlFlag(table="orders", flag="told", unsent=unsent, sent=sent), source)
    assert strategy.write_back(tasks(strategy, "a")).done == {1}
    (record,) = source.read()
    assert isinstance(record, Record)
    assert record["told"] in (True, 1)


def test_a_row_that_another_program_keeps_locked_delays_its_flag_for_a_short_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifykit_sql.database.LOCKS", 1.0)
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(filled(shop)))
    with shop.engine.connect() as other:
        other.execute(text("UPDATE orders SET amount = 1 WHERE no = 2"))
        start = time.monotonic()
        result = strategy.write_back(tasks(strategy, "2"))
        assert time.monotonic() - start < 10
        other.rollback()
    assert "lock" in str(result.refused[1]).casefold()
    assert strategy.write_back(tasks(strategy, "2")).done == {1}


def test_two_who_flag_the_same_rows_at_once_are_both_content(shop: Shop) -> None:
    shop.run("CREATE TABLE orders (no bigint PRIMARY KEY, told char(1))")
    shop.run("INSERT INTO orders VALUES " + ", ".join(f"({number}, 'N')" for number in range(600)))
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(shop))
    owed = tasks(strategy, *map(str, range(600)))
    found = []
    threads = [threading.Thread(target=lambda: found.append(len(strategy.write_back(owed).done))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [600, 600, 600]


def test_a_key_that_the_collation_takes_for_another_is_refused(maria: str) -> None:
    shop = Shop(maria, "datetime")
    shop.run("DROP TABLE IF EXISTS orders", "CREATE TABLE orders (no varchar(20), told char(1))")
    shop.run("INSERT INTO orders VALUES ('abc', 'N'), ('ABC', 'N'), ('x', 'N'), ('é', 'N')")
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(shop))
    result = strategy.write_back(tasks(strategy, "abc", "x", "e"))
    assert result.done == {2}
    assert {why.code for why in result.refused.values()} == {"sql_spelled_alike"}  # type: ignore[union-attr]
    assert shop.run("SELECT no FROM orders WHERE told = 'Y'") == [("x",)]
    shop.run("DROP TABLE orders")


def test_only_what_is_new_is_read_by_a_time(shop: Shop) -> None:
    filled(shop)
    query = "SELECT no, at FROM orders WHERE at >= :cursor"
    source = source_of(shop, query, incremental=Incremental(column="at", start="2026-01-01"))
    context = SourceContext(campaign="orders", clock=FakeClock())
    source.open(context)
    assert [item.key for item in source.read()] == ["1120250800000000123"]
    assert source.cursor is not None
    context.state = json.loads(json.dumps(source.cursor()))
    shop.run("UPDATE orders SET at = '2026-08-31 09:29:59' WHERE no = 2")
    shop.run("UPDATE orders SET at = '2026-08-31 09:30:01' WHERE no = 3")
    assert {item.key for item in source.read()} == {"1120250800000000123", "3"}


def test_a_float_and_a_null_are_no_keys(shop: Shop) -> None:
    shop.run("CREATE TABLE orders (no double precision, t int)", "INSERT INTO orders VALUES (1.5, 1), (NULL, 2)")
    held = list(source_of(shop, "SELECT no FROM orders ORDER BY t").read())
    assert all(isinstance(item, Problem) for item in held)
    assert [item.what for item in held if isinstance(item, Problem)] == [
        "the key is 1.5, a floating-point number, which may have lost digits",
        "the key is NULL",
    ]


def test_a_table_of_another_schema_is_named_with_it(postgres: str) -> None:
    shop = Shop(postgres, "timestamptz")
    shop.run(
        "DROP SCHEMA IF EXISTS sales CASCADE", "CREATE SCHEMA sales", "CREATE TABLE sales.orders (no int, told text)"
    )
    shop.run("INSERT INTO sales.orders VALUES (1, 'N')")
    column = FlagColumn(table="sales.orders", key="no", flag="told", unsent="N", sent="Y")
    assert write_flags(Database(path=None, url=postgres, timeout=5), column, {"1": Sent()}).done == {"1"}
