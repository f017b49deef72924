"""A campaign over a database, by the command line: from the row to its flag, and only what is new."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from notifykit.cli.app import build_cli

PROJECT = "senders: {desk: {type: file, path: out/sent.jsonl}}\n"
ORDERS = """
source:
  type: sql
  path: data/shop.db
  query: SELECT * FROM orders WHERE changed >= :cursor
  key: order_no
  incremental: {column: changed, start: 2026-08-01}
strategy: {type: sql_flag, table: orders, flag: told, sent_at: told_at}
columns:
  amount: decimal
  changed: date
messages:
  - name: desk
    recipient: '{{ record["mobile"] }}'
    sender: desk
    template: '{{ record["amount"] * 2 }} in month {{ record["changed"].month }}'
"""
ROWS = """
CREATE TABLE orders (order_no INTEGER PRIMARY KEY, mobile TEXT, amount, told TEXT, told_at TEXT, changed TEXT);
INSERT INTO orders VALUES
    (1, '13800000001', '12.50', 'N', NULL, '2026-07-31'),
    (2, '13800000002', '1.25', 'N', NULL, '2026-08-01'),
    (3, '13800000003', '2', 'N', NULL, '2026-08-02');
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "notifykit.yaml").write_text(PROJECT)
    (tmp_path / "campaigns" / "orders.yaml").write_text(ORDERS)
    asked(tmp_path, ROWS)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(build_cli(), ["--project", str(tmp_path / "notifykit.yaml"), *words])

    return invoke


def asked(folder: Path, script: str, query: str = "SELECT 1") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "data" / "shop.db")) as db:
        db.executescript(script)
        return db.execute(query).fetchall()


def test_a_row_goes_out_and_gets_its_flag_and_only_what_is_new_is_read(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    first = run("generate")
    assert first.exit_code == 0, first.output
    assert "orders          2       2" in first.output
    assert run("dispatch").exit_code == 0
    settled = run("settle")
    assert settled.exit_code == 0, settled.output
    assert asked(tmp_path, "", "SELECT order_no, told, told_at IS NULL FROM orders") == [
        (1, "N", 1),
        (2, "Y", 0),
        (3, "Y", 0),
    ]
    sent = (tmp_path / "out" / "sent.jsonl").read_text()
    assert "2.50 in month 8" in sent
    asked(tmp_path, "INSERT INTO orders VALUES (4, '13800000004', '1', 'N', NULL, '2026-08-03')")
    again = run("generate")
    assert "orders          2       1" in again.output, again.output  # the last row that was read, and the new one


def test_a_held_row_is_read_again(run: Callable[..., Result], tmp_path: Path) -> None:
    asked(tmp_path, "UPDATE orders SET amount = '1,25' WHERE order_no = 2")
    held = run("generate")
    assert held.exit_code == 3, held.output
    assert "amount: '1,25' is no decimal such as 1234.50" in held.output
    asked(tmp_path, "UPDATE orders SET amount = '1.25' WHERE order_no = 2")
    assert "orders          2       1" in run("generate").output


DIES_AT = """
import os, signal, sqlite3, sys
number, seen, connect = int(sys.argv.pop(1)), 0, sqlite3.connect
def trace(statement):
    global seen
    seen += statement == "COMMIT"
    if seen == number:
        os.kill(os.getpid(), signal.SIGKILL)
def traced(*arguments, **more):
    made = connect(*arguments, **more)
    made.set_trace_callback(trace)
    return made
sqlite3.connect = traced
from notifykit.cli.app import main
main()
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_pass_that_is_killed_before_any_commit_loses_neither_the_held_row_nor_what_is_told_of_it(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    project = ["--project", str(tmp_path / "notifykit.yaml")]
    asked(tmp_path, "UPDATE orders SET amount = '1,25' WHERE order_no = 2")
    killed = 0
    for number in itertools.count(1):
        command = [sys.executable, "-c", DIES_AT, str(number), *project, "generate"]
        code = subprocess.run(command, check=False, capture_output=True).returncode
        if code == 3:
            break
        assert code == -9, "SIGKILL"
        killed += 1
    assert killed >= 2, "before the messages were queued, and before what is told"
    (told,) = json.loads(run("status", "--json").stdout)["standing_sources"].items()
    assert (told[0], told[1]["rows"], told[1]["place"]) == ("orders", 1, f"{tmp_path / 'data' / 'shop.db'}:1")
    assert "reads again what its source gave since" in run("status").output
    asked(tmp_path, "UPDATE orders SET amount = '1.25' WHERE order_no = 2")
    assert "orders          2       1" in run("generate").output
    assert "reads again" not in run("status").output


def test_a_flag_of_csv_files_over_a_database_is_refused_once(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "campaigns" / "orders.yaml"
    file.write_text(ORDERS.replace("{type: sql_flag, table: orders, flag: told, sent_at: told_at}", "{type: csv_flag}"))
    told = run("check")
    assert told.exit_code == 4
    (line,) = [line for line in told.output.splitlines() if "CSV file" in line]
    assert "its source reads none; use a source of type `contract_csv` or `csv`, or another strategy" in line


def test_what_is_wrong_with_columns_is_told_with_its_line(run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "campaigns" / "orders.yaml"
    file.write_text(
        ORDERS.replace("amount: decimal", "amount: decimall\n  told: text").replace(
            "changed: date", 'changed: {type: datetime, zone: Asia/Shanghia}\n  day: {type: date, format: "dd.mm"}'
        )
    )
    told = run("check")
    assert told.exit_code == 4, told.output
    for said in (
        "orders.yaml:10: columns.amount:",
        "orders.yaml:11: columns.told: the strategy writes into 'told', which it compares as it is",
        "columns.changed.zone: no time zone is called 'Asia/Shanghia'; write it like Asia/Shanghai",
        "columns.day.format: 'dd.mm' is no format that tells a day; write it like %d.%m.%Y",
    ):
        assert said in told.output, told.output
