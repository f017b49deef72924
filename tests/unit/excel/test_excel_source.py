"""A sheet's rows as a CSV file of it would have them, and what is said where it cannot be read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_excel.source import ExcelSource
from notifykit_excel.workbook import text

from notifykit.errors import CampaignError
from notifykit.keys.normal import is_programs_number
from notifykit.model import Problem, Record
from notifykit.options import OptionError
from notifykit.testing import SourceContract

Rows = Sequence[Sequence[Any]]


def workbook(file: Path, rows: Rows, title: str = "orders", **others: Rows) -> Path:
    book = openpyxl.Workbook()
    sheets = {title: rows, **others}
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(list(row))
    del book["Sheet"]
    book.save(file)
    return file


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., ExcelSource]:
    def write(rows: Rows, *, key: str = "id", **options: Any) -> ExcelSource:
        return ExcelSource(path=workbook(tmp_path / "orders.xlsx", rows), key=key, **options)

    return write


def records(source: ExcelSource) -> list[Record]:
    return [item for item in source.read() if isinstance(item, Record)]


def refusal(source: ExcelSource) -> str:
    with pytest.raises(CampaignError) as caught:
        source.read()
    return str(caught.value)


class TestExcelSource(SourceContract):
    def make_source(self, folder: Path) -> ExcelSource:
        rows: Rows = [["id", "to"], ["A-1", "a"], [None, "b"], ["A-2", "c"], ["=A1", "d"]]
        return ExcelSource(path=workbook(folder / "orders.xlsx", rows), key="id")

    def make_broken_source(self, folder: Path) -> ExcelSource:
        return ExcelSource(path=folder / "gone.xlsx", key="id")


def test_cells_are_texts_as_csv_has_them(written: Callable[..., ExcelSource]) -> None:
    cells = [1001, 1001.0, 19.99, 0.1 + 0.2, True, date(2026, 8, 31), datetime(2026, 8, 31, 17, 30), None, " x "]  # noqa: DTZ001
    (record,) = records(written([["id", *map(str, range(len(cells)))], ["k", *cells]]))
    assert list(record.cells) == [
        "k", "1001", "1001", "19.99", "0.3", "TRUE", "2026-08-31", "2026-08-31 17:30:00", "", " x ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (time(7, 5), "07:05:00"),
        (timedelta(hours=30, seconds=5), "30:00:05"),
        (datetime(2026, 8, 31, 17, 29, 59, 999_700), "2026-08-31 17:30:00"),  # noqa: DTZ001 - as openpyxl gives it
        (datetime(2026, 8, 30, 23, 59, 59, 999_700), "2026-08-31"),  # noqa: DTZ001
        (1e21, "1E+21"),
        (-5, "-5"),
    ],
)
def test_other_cells(cell: object, expected: str) -> None:
    assert text(cell) == expected


@given(st.integers(10**15, 10**20))
def test_a_number_that_lost_digits_is_held_as_a_key(number: int) -> None:
    assert is_programs_number(text(number))
    assert is_programs_number(text(float(number)))


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_number_that_kept_its_digits_has_all_of_them(number: int) -> None:
    assert text(number) == text(float(number)) == str(number)


def test_rows_have_their_number_in_the_sheet(written: Callable[..., ExcelSource]) -> None:
    source = written([["orders of august"], [], ["id", "to"], ["a", "x"], [], [None, None], ["b"]], header=3)
    first, second = records(source)
    assert (first.place, second.place) == (f"{source.path}:4", f"{source.path}:7")
    assert dict(second.items()) == {"id": "b", "to": ""}


def test_a_sheet_is_read_by_its_name(tmp_path: Path) -> None:
    file = workbook(tmp_path / "orders.xlsx", [["id"], ["a"]], other=[["id"], ["b"]])
    (record,) = records(ExcelSource(path=file, key="id", sheet="other"))
    assert (record.key, record.place) == ("b", f"{file} (other):2")
    assert "there is no sheet 'othr'; did you mean \"other\"?; correct `sheet`" in refusal(
        ExcelSource(path=file, key="id", sheet="othr")
    )


def test_cells_beyond_the_header_do_not_count(written: Callable[..., ExcelSource]) -> None:
    (record,) = records(written([["id", "to", None, "  "], ["a", "x", None, None, "a note"]]))
    assert dict(record.items()) == {"id": "a", "to": "x"}


def test_a_name_that_is_there_twice_is_that_of_no_column(written: Callable[..., ExcelSource]) -> None:
    source = written([["id", "to", "to"], ["a", "x", "y"]])
    (record,) = records(source)
    assert dict(record.items()) == {"id": "a"}
    assert record.table.names == ("id", "to", "to")
    assert refusal(ExcelSource(path=source.path, key="to")) == (
        f"{source.path}:1: several columns are called 'to'; rename all but one"
    )


def test_a_missing_column_says_which_are_there(written: Callable[..., ExcelSource]) -> None:
    source = written([["order no", "to"], ["a", "x"]], key="order_no")
    assert refusal(source) == (
        f"{source.path}:1: there is no column 'order_no'; did you mean \"order no\"?; correct `key`, or say in which "
        "row the columns are named: `header`"
    )
    assert "the row names no columns" in refusal(ExcelSource(path=source.path, key="to", header=9))


def test_a_formula_without_a_value_holds_its_row(written: Callable[..., ExcelSource]) -> None:
    source = written([["id", "to"], ["a", "=A2"], ["b", "y"]])
    held, record = source.read()
    assert isinstance(held, Problem)
    assert isinstance(record, Record)
    assert (held.place, held.key, held.what) == (
        f"{source.path}:2",
        "a",
        "the formula in 'to' has no value in the file",
    )


def test_the_value_of_a_formula_is_read_and_an_empty_text_is_one(written: Callable[..., ExcelSource]) -> None:
    source = written([["id", "to", "note"], ["a", "=A2", '=""']])
    with zipfile.ZipFile(source.path) as parts:
        whole = {name: parts.read(name) for name in parts.namelist()}
    sheet = whole["xl/worksheets/sheet1.xml"].decode()
    computed = sheet.replace('<c r="B2"><f>A2</f><v></v></c>', '<c r="B2" t="str"><f>A2</f><v>a</v></c>')
    computed = computed.replace('<c r="C2"><f>""</f><v></v></c>', '<c r="C2" t="str"><f>""</f><v></v></c>')
    computed = computed.replace('<c r="B2"><f>A2</f><v /></c>', '<c r="B2" t="str"><f>A2</f><v>a</v></c>')
    computed = computed.replace('<c r="C2"><f>""</f><v /></c>', '<c r="C2" t="str"><f>""</f><v></v></c>')
    assert computed.count('t="str"') == 2, sheet
    with zipfile.ZipFile(source.path, "w") as parts:
        for name, data in {**whole, "xl/worksheets/sheet1.xml": computed.encode()}.items():
            parts.writestr(name, data)
    (record,) = source.read()
    assert isinstance(record, Record)
    assert list(record.cells) == ["a", "a", ""]


def test_a_wrong_dimension_cuts_nothing_off(written: Callable[..., ExcelSource]) -> None:
    source = written([["id", "to"], ["a", "x"], ["b", "y"]])
    with zipfile.ZipFile(source.path) as parts:
        whole = {name: parts.read(name) for name in parts.namelist()}
    sheet = whole["xl/worksheets/sheet1.xml"]
    assert b'<dimension ref="A1:B3"' in sheet
    whole["xl/worksheets/sheet1.xml"] = sheet.replace(b'<dimension ref="A1:B3"', b'<dimension ref="A1"')
    with zipfile.ZipFile(source.path, "w") as parts:
        for name, data in whole.items():
            parts.writestr(name, data)
    assert [dict(record.items()) for record in records(source)] == [{"id": "a", "to": "x"}, {"id": "b", "to": "y"}]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is a workbook of the old kind (.xls), or has a password"),
        (b"id,to\n1,2\n", "is no workbook (.xlsx); save it as .xlsx; of a CSV file, use a source of type `csv`"),
        (b"", "is no workbook (.xlsx)"),
        (b"PK\x03\x04 and no more", "is no workbook (.xlsx)"),
    ],
)
def test_what_is_no_workbook_says_what_to_do(tmp_path: Path, data: bytes, said: str) -> None:
    file = tmp_path / "orders.xlsx"
    file.write_bytes(data)
    assert refusal(ExcelSource(path=file, key="id")).startswith(f"{file}: {said}")


def test_a_zip_file_of_something_else_says_so(tmp_path: Path) -> None:
    file = tmp_path / "orders.xlsx"
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("xl/workbook.bin", b"")
    assert "is a binary workbook (.xlsb)" in refusal(ExcelSource(path=file, key="id"))
    with zipfile.ZipFile(file, "w") as parts:
        parts.writestr("hello.txt", b"")
    assert f"{file}: is no workbook that can be read (" in refusal(ExcelSource(path=file, key="id"))


def test_a_torn_workbook_is_no_list_without_rows(written: Callable[..., ExcelSource]) -> None:
    source = written([["id", "to"], *([f"k{number}", "x" * 50] for number in range(500))])
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) // 2])
    assert "is no workbook" in refusal(source)


def test_a_header_below_one_is_refused() -> None:
    with pytest.raises(OptionError, match="rows count from 1"):
        ExcelSource(path=Path("x.xlsx"), key="id", header=0)
