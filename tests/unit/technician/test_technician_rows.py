"""Rows become records, or problems that hold back nothing but themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_technician.json_file import JsonFile
from notifykit_technician.row_options import RowOptions

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record

COLUMNS = ["id", "time", "technician", "company", "_", "content"]
TIME = "2025-08-21T09:30:00.000+0800"
ROW = ["6001", TIME, "测试管家甲", "测试服务商一", None, ["上线", "技能:防水"]]
OBJECT = {"id": "6001", "company": "测试服务商一"}


def read(document: object, columns: list[str] = COLUMNS, **options: str) -> list[Record | Problem]:
    data = json.dumps(document).encode()
    return RowOptions(columns=columns, **options).records(data, "changes.json", "mend it")


def only(document: object, columns: list[str] = COLUMNS, **options: str) -> Record | Problem:
    (item,) = read(document, columns, **options)
    return item


def test_a_positional_row_has_named_cells_as_they_are() -> None:
    record = only([ROW])
    assert isinstance(record, Record)
    assert (record.key, record.place) == ("6001", "changes.json:1")
    assert dict(record.items()) == {
        "id": "6001",
        "time": TIME,
        "technician": "测试管家甲",
        "company": "测试服务商一",
        "content": ["上线", "技能:防水"],
    }
    assert "_" not in record


def test_more_cells_than_named_are_no_matter() -> None:
    record = only([[*ROW, "more"]])
    assert isinstance(record, Record)
    assert record["content"] == ["上线", "技能:防水"]


def test_cells_after_the_last_named_position_may_be_missing() -> None:
    assert isinstance(only([["6001", "x"]], ["id", "name", "_", "_"]), Record)


def test_objects_bring_their_own_columns() -> None:
    first, second = read([OBJECT, {"company": None, "id": 7, "more": [1]}], [])
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert dict(first.items()) == OBJECT
    assert dict(second.items()) == {"company": None, "id": 7, "more": [1]}
    assert (second.key, second.row) == ("7", 2)


def test_objects_beside_positional_rows_must_have_the_named_columns() -> None:
    _, problem = read([["6001", "测试服务商一"], {"id": "6002"}], ["id", "company"])
    assert problem == Problem(
        place="changes.json:2",
        what="the object has no company",
        mend="add it, or correct `columns`",
        key="6002",
    )


def test_many_objects_share_their_table() -> None:
    first, second = read([OBJECT, OBJECT], [])
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert first.table is second.table


@pytest.mark.parametrize(
    ("row", "what", "mend", "key"),
    [
        (ROW[:5], "the row ends after 5 of 6 cells", "complete it, or correct `columns`", "6001"),
        ([], "there is no 'id'", "add it, or correct `key`", None),
        ({"company": "x"}, "there is no 'id'", "add it, or correct `key`", None),
        ("6001", "the row is a string", "write it as the others are", None),
        (None, "the row is null", "write it as the others are", None),
        (["", *ROW[1:]], "'id' is empty", "fill it in", None),
        ([" \t", *ROW[1:]], "'id' is empty", "fill it in", None),
        ([None, *ROW[1:]], "'id' is null", "write a string or a whole number", None),
        ([True, *ROW[1:]], "'id' is true or false", "write a string or a whole number", None),
        ([["6001"], *ROW[1:]], "'id' is an array", "write a string or a whole number", None),
        ([1.23e18, *ROW[1:]], "'id' is 1.23e+18, which may have lost digits", "write ids as strings", None),
        (
            ["6001", TIME, "\ud83d", *ROW[3:]],
            "it holds half a character (a lone \\ud8… or \\udc…)",
            "mend it at its origin",
            None,
        ),
        (
            ["6001", *ROW[1:5], {"上线": ["\udc00"]}],
            "it holds half a character (a lone \\ud8… or \\udc…)",
            "mend it at its origin",
            None,
        ),
    ],
)
def test_an_unusable_row_is_a_problem_and_the_next_is_read(row: object, what: str, mend: str, key: str | None) -> None:
    problem, good = read([row, ["6002", *ROW[1:]]])
    assert problem == Problem(place="changes.json:1", what=what, mend=mend, key=key)
    assert isinstance(good, Record)
    assert (good.key, good.row) == ("6002", 2)


def test_an_array_among_objects_is_one_problem() -> None:
    _, problem = read([OBJECT, ROW], [])
    assert str(problem) == "changes.json:2: the row is an array; write it as the others are"


def test_whole_characters_beyond_the_first_plane_are_fine() -> None:
    assert isinstance(only([["6001", TIME, "管家\U0001f600", *ROW[3:]]]), Record)


@given(st.integers(min_value=-(10**40), max_value=10**40))
def test_whole_numbers_are_ids_with_all_their_digits(number: int) -> None:
    record = only([[number, *ROW[1:]]])
    assert isinstance(record, Record)
    assert record.key == str(number)


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_text_is_an_id_as_it_is(text: str) -> None:
    item = only([[text, *ROW[1:]]])
    assert isinstance(item, Problem) or item.key == text


def test_the_key_may_be_another_column() -> None:
    record = only([ROW], key="company")
    assert isinstance(record, Record)
    assert record.key == "测试服务商一"


def test_no_rows_are_no_records() -> None:
    assert read([]) == []
    assert read([], []) == []


def test_the_array_may_lie_deeper() -> None:
    assert len(read({"data": {"rows": [ROW]}, "status": "completed", "error": None}, rows="data.rows")) == 1


@pytest.mark.parametrize(
    ("document", "rows", "text"),
    [
        (
            {"data": [], "status": "ok"},
            "",
            "the document is not an array (it has ['data', 'status']); set `rows` to where the array is, such as",
        ),
        ({"data": None}, "data", "'data' is not an array (it is null); set `rows` to where the array is"),
        ({"data": {"cols": []}}, "data.rows", "'data' has no 'rows' (it has ['cols']); correct `rows`"),
        (["data"], "data", "the document has no 'data' (it is an array); correct `rows`"),
        ({"error": "no such card"}, "", "the service reports 'no such card'; mend the query there"),
        ("x", "", "the document is not an array (it is a string)"),
        (
            {"error": "no such card", "data": {"rows": []}},
            "data.rows",
            "the service reports 'no such card'; mend the query there",
        ),
    ],
)
def test_where_there_is_no_array_the_campaign_stops(document: object, rows: str, text: str) -> None:
    with pytest.raises(CampaignError) as refused:
        read(document, rows=rows)
    assert str(refused.value).startswith(f"changes.json: {text}")


def test_positional_rows_need_names() -> None:
    with pytest.raises(CampaignError, match="nothing names their positions; set `columns`, such as"):
        read([ROW, ROW], [])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"columns": ["id", "company", "company"]}, "columns: company is named twice; use `_`"),
        ({"columns": ["company"]}, "key: no column is called 'id'; `columns` names company"),
        ({"columns": ["_"], "key": "_"}, "key: no column is called '_'"),
        ({"rows": "data..rows"}, "rows: 'data..rows' has an empty step; write it like data.rows"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text.replace("'.", "'\\.")):
        RowOptions(**options)  # type: ignore[arg-type]


def test_a_file_is_read_again_at_each_pass(tmp_path: Path) -> None:
    path = tmp_path / "changes.json"
    path.write_bytes(json.dumps([ROW], ensure_ascii=False).encode())
    source = JsonFile(path=path, columns=COLUMNS)
    assert len(source.read()) == 1
    path.write_bytes(b"[]")
    assert source.read() == []


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(CampaignError) as refused:
        JsonFile(path=tmp_path / "gone.json").read()
    assert str(refused.value) == f"{tmp_path}/gone.json: No such file or directory; correct `path`, or its permissions"


def test_a_torn_file_is_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "changes.json"
    path.write_bytes(b'[\n["6001", \n')
    with pytest.raises(CampaignError, match=r"changes\.json:3:1: not valid JSON \(Expecting value\); mend it there"):
        JsonFile(path=path).read()
