"""What the flag in a table says, and how it is written: with a fence on what it said, and read back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from notifykit_sql.database import Database
from notifykit_sql.flagging import ROWS, FlagColumn, Sent, says, write_flags
from notifykit_sql.source import SqlSource
from notifykit_sql.strategy import SqlFlag

from notifykit.errors import CampaignError
from notifykit.model import Outcome, Record, Table, Task
from notifykit.options import OptionError
from notifykit.roles import Decision, Source, StrategyContext, WriteBack
from notifykit.testing import FakeClock, FakeLedger, StrategyContract, sent_task

Shop = Callable[..., Path]


def source_of(file: Path) -> SqlSource:
    return SqlSource(path=file, query="SELECT * FROM orders ORDER BY order_no", key="order_no")


def started(strategy: SqlFlag, source: Source) -> SqlFlag:
    strategy.start(StrategyContext(campaign="orders", source=source, clock=FakeClock()))
    return strategy


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as db:
        found = db.execute(query).fetchall()
        db.commit()
        return found


def flags(file: Path) -> dict[int, Any]:
    return dict(asked(file, "SELECT order_no, told FROM orders"))


def tasks(strategy: SqlFlag, *keys: str) -> list[Task]:
    kept = json.loads(json.dumps(strategy.metadata(Record("1", [], Table("x", {}), 1))))
    return [sent_task(Record(key, [], Table("x", {}), 1), kept, id_=number) for number, key in enumerate(keys, 1)]


def told(result: WriteBack) -> dict[int, str]:
    return {id_: str(why) for id_, why in result.refused.items()}


class TestSqlFlag(StrategyContract):
    def make_source(self, folder: Path) -> SqlSource:
        with closing(sqlite3.connect(folder / "shop.db")) as db:
            db.executescript(
                "CREATE TABLE orders (order_no INTEGER PRIMARY KEY, told TEXT);"
                "INSERT INTO orders VALUES (1,'N'),(2,'N')"
            )
        return source_of(folder / "shop.db")

    def make_strategy(self, folder: Path) -> SqlFlag:
        return SqlFlag(table="orders", flag="told")


def decided(cell: object, strategy: SqlFlag, ledger: FakeLedger | None = None) -> Decision:
    return strategy.decide(Record("1", [cell], Table("x", {"told": 0}), 1), ledger or FakeLedger())


@pytest.mark.parametrize(
    ("unsent", "sent", "notify", "skip", "neither"),
    [
        ("N", "Y", ["N", "N  "], ["Y", "Y "], ["n", None, "", 0, ["N"], {}]),
        (None, "Y", [None], ["Y"], ["", "N"]),
        ("0", "1", [0, "0", False], [1, "1", True], [2, None]),
        ("false", "true", [False, 0, "false"], [True, 1, "true"], ["yes", None]),
    ],
)
def test_what_a_flag_asks_for(unsent: str | None, sent: str, notify: Any, skip: Any, neither: Any) -> None:
    strategy = SqlFlag(table="orders", flag="told", unsent=unsent, sent=sent)
    assert {decided(cell, strategy) for cell in notify} == {Decision.NOTIFY}
    assert {decided(cell, strategy) for cell in skip} == {Decision.SKIP}
    assert {decided(cell, strategy) for cell in neither} == {Decision.NEITHER}
    assert decided(notify[0], strategy, FakeLedger(delivered={"1"})) is Decision.REPAIR
    assert decided(skip[0], strategy, FakeLedger(waiting={"1"})) is Decision.DRIFT


def test_a_source_without_the_flag_stops_the_campaign() -> None:
    record = Record("1", ["N"], Table("shop.db", {"tolld": 0}), 1)
    with pytest.raises(CampaignError) as caught:
        SqlFlag(table="orders", flag="told").decide(record, FakeLedger())
    assert str(caught.value) == (
        "shop.db: `flag` is 'told', and the source gives no such column; did you mean \"tolld\"?; name it in `query` "
        "of the source, or correct `flag` of the strategy"
    )


def test_flags_are_set_and_nothing_else(shop: Shop) -> None:
    file = shop()
    before = asked(file, "SELECT order_no, mobile, amount FROM orders")
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    strategy.begin()
    result = strategy.write_back(tasks(strategy, "1001"))
    assert result == WriteBack(done=frozenset({1}))
    assert flags(file) == {1001: "Y", 1002: "N", 1003: "Y"}
    assert asked(file, "SELECT order_no, mobile, amount FROM orders") == before
    assert asked(file, "SELECT told_at, ref FROM orders") == [(None, None)] * 3


def test_time_and_vendor_id_are_written_beside_the_flag(shop: Shop) -> None:
    file = shop()
    strategy = started(SqlFlag(table="orders", flag="told", sent_at="told_at", vendor_id="ref"), source_of(file))
    wanted = {"1001": Sent(at=1_785_000_000.4, vendor_id="v-7"), "1002": Sent(at=1_785_000_060.0)}
    flagged = write_flags(Database(path=file, url=None, timeout=5), strategy._now, wanted)
    assert flagged.done == {"1001", "1002"}
    assert asked(file, "SELECT told_at, ref FROM orders") == [
        ("2026-07-25 17:20:00.000000", "v-7"),
        ("2026-07-25 17:21:00.000000", None),
        (None, None),
    ]


def test_a_row_that_another_program_changed_is_refused_and_stays(shop: Shop) -> None:
    file = shop()
    asked(file, "UPDATE orders SET told = 'X' WHERE order_no = 1001 RETURNING 1")
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    result = strategy.write_back(tasks(strategy, "1001", "1002", "1003", "1009"))
    assert result.done == {2, 3}
    assert flags(file) == {1001: "X", 1002: "Y", 1003: "Y"}
    assert told(result) == {
        1: "orders: the row with the key '1001' says 'X' in told, which is neither 'N' nor 'Y'; another program "
        "changed it, so set it by hand",
        4: "orders: no row has the key '1009' in order_no; put the row back, or correct `key` of the strategy",
    }
    assert {result.refused[1].code, result.refused[4].code} == {"sql_odd_flag", "sql_row_gone"}  # type: ignore[union-attr]


def test_a_flag_that_does_not_stay_is_told(shop: Shop) -> None:
    file = shop()
    with closing(sqlite3.connect(file)) as db:
        db.executescript(
            "CREATE TRIGGER back AFTER UPDATE ON orders WHEN NEW.order_no = 1001 AND NEW.told = 'Y' "
            "BEGIN UPDATE orders SET told = 'N' WHERE order_no = 1001; END"
        )
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    result = strategy.write_back(tasks(strategy, "1001", "1002"))
    assert result.done == {2}
    assert told(result)[1].startswith(
        "orders: the row with the key '1001' still says 'N' in told after it was set to 'Y'"
    )


def test_null_asks_for_a_notification_where_it_is_said(shop: Shop) -> None:
    file = shop("CREATE TABLE orders (order_no, told); INSERT INTO orders VALUES ('a', NULL), ('b', '')")
    strategy = started(SqlFlag(table="orders", flag="told", unsent=None), source_of(file))
    result = strategy.write_back(tasks(strategy, "a", "b"))
    assert result.done == {1}
    assert asked(file, "SELECT told FROM orders") == [("Y",), ("",)]
    assert told(result)[2] == (
        "orders: the row with the key 'b' says '' in told, which is neither … nor 'Y'; another program changed it, so "
        "set it by hand"
    )


def test_all_rows_of_a_key_are_flagged(shop: Shop) -> None:
    file = shop(
        "CREATE TABLE orders (order_no, told); INSERT INTO orders VALUES ('a','N'),('a','N'),('b','N'),('b','?')"
    )
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    result = strategy.write_back(tasks(strategy, "a", "b"))
    assert result.done == {1}
    assert asked(file, "SELECT told FROM orders") == [("Y",), ("Y",), ("Y",), ("?",)]


def test_many_flags_are_many_short_transactions(shop: Shop) -> None:
    file = shop("CREATE TABLE orders (order_no INTEGER PRIMARY KEY, told INTEGER)")
    number = 2 * ROWS + 1
    with closing(sqlite3.connect(file)) as db:
        db.executemany("INSERT INTO orders VALUES (?, 0)", ((key,) for key in range(number)))
        db.executescript(
            "CREATE TABLE seen (n); CREATE TRIGGER see AFTER UPDATE ON orders WHEN NEW.order_no = 5 "
            "BEGIN INSERT INTO seen SELECT count(*) FROM orders WHERE told = 1; END"
        )
        db.commit()
    strategy = started(SqlFlag(table="orders", flag="told", unsent="0", sent="1"), source_of(file))
    result = strategy.write_back(tasks(strategy, *map(str, range(number))))
    assert len(result.done) == number
    assert set(flags(file).values()) == {1}


def test_a_locked_table_delays_flags_and_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifykit_sql.database.LOCKS", 0.05)
    file = shop()
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    with closing(sqlite3.connect(file)) as db:
        db.execute("BEGIN IMMEDIATE")
        result = strategy.write_back(tasks(strategy, "1001", "1002"))
        db.rollback()
    assert result.done == frozenset()
    assert len(set(told(result).values())) == 1
    assert told(result)[1].startswith(f"{file}: database is locked; see that `table` and its columns are right and may")
    assert len(strategy.write_back(tasks(strategy, "1001", "1002")).done) == 2


def test_a_key_that_the_column_cannot_hold_is_refused_alone(shop: Shop) -> None:
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(shop()))
    assert strategy.write_back(tasks(strategy, "A-1", "1002")).done == {2}
    result = strategy.write_back(tasks(strategy, "01001"))
    assert told(result)[1].startswith("orders: the database takes '01001' and '1001' in order_no for the same key")
    assert "1001: 'N'" in str(flags(strategy._database.path or Path()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "ordres"}, "there is no table 'ordres'; correct `table` of the strategy"),
        ({"flag": "tolld"}, "orders: `flag` is 'tolld', and there is no such column; did you mean \"told\"?; correct"),
        ({"key": "id"}, "orders: `key` is 'id', and there is no such column"),
        ({"sent_at": "when"}, "orders: `sent_at` is 'when', and there is no such column"),
        (
            {"flag": "order_no"},
            "orders: `unsent` is 'N', and order_no is INTEGER; write words that the column can hold",
        ),
    ],
)
def test_what_could_not_be_written_later_stops_the_pass_before_it_begins(
    shop: Shop, options: dict[str, Any], said: str
) -> None:
    strategy = started(SqlFlag(**{"table": "orders", "flag": "told", **options}), source_of(shop()))
    with pytest.raises(CampaignError) as caught:
        strategy.begin()
    assert said in str(caught.value)


def test_nothing_says_which_database(shop: Shop) -> None:
    class Elsewhere:
        key = "order_no"

        def read(self) -> list[Record]:
            return []

    with pytest.raises(CampaignError, match="nothing says which; say `path` or `url` of the strategy"):
        started(SqlFlag(table="orders", flag="told"), Elsewhere())
    file = shop()
    strategy = started(SqlFlag(table="orders", flag="told", path=file), Elsewhere())
    assert strategy.write_back(tasks(strategy, "1001")).done == {1}


def test_the_flag_goes_where_it_was_and_where_it_is_read_now(shop: Shop) -> None:
    file = shop(
        "CREATE TABLE july (order_no, told); CREATE TABLE orders (order_no, told);"
        "INSERT INTO july VALUES ('a','N'), ('b','N'); INSERT INTO orders VALUES ('b','N')"
    )
    then = started(SqlFlag(table="july", flag="told"), source_of(file))
    owed = tasks(then, "a", "b", "c")
    now = started(SqlFlag(table="orders", flag="told"), source_of(file))
    result = now.write_back(owed)
    assert result.done == {1, 2}
    assert told(result)[3].startswith("july: no row has the key 'c'")
    assert asked(file, "SELECT told FROM july UNION ALL SELECT told FROM orders") == [("Y",), ("Y",), ("Y",)]


@pytest.mark.parametrize("kept", [None, {}, {"table": "x"}, [], {"sql_flag": 3}])
def test_a_task_that_does_not_say_where_its_flag_is_has_it_where_the_campaign_says(shop: Shop, kept: object) -> None:
    file = shop()
    strategy = started(SqlFlag(table="orders", flag="told"), source_of(file))
    task = sent_task(Record("1001", [], Table("x", {}), 1), {"sql_flag": kept}, id_=1)
    assert strategy.write_back([task]).done == {1}


def test_words_that_are_one_are_refused() -> None:
    both: list[dict[str, Any]] = [{"unsent": "Y"}, {"unsent": "1", "sent": "true"}]
    for words in both:
        with pytest.raises(OptionError, match="they must differ"):
            SqlFlag(table="orders", flag="told", **words)
    assert says("Y") == {"Y"}


def test_a_database_that_is_gone_refuses_all_and_raises_nothing(tmp_path: Path) -> None:
    column = FlagColumn(table="orders", key="order_no", flag="told", unsent="N", sent="Y")
    flagged = write_flags(
        Database(path=tmp_path / "gone.db", url=None, timeout=1), column, {str(key): Sent() for key in range(ROWS + 1)}
    )
    assert flagged.done == set()
    assert len(flagged.refused) == ROWS + 1
    assert Outcome.accepted().vendor_id is None
