"""The CSV source: formats, row numbers, and what is held back."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from notifykit_contract.source import CsvSource, Snapshot

from notifykit.errors import CampaignError
from notifykit.model import Problem, Record
from notifykit.roles import Source
from notifykit.testing import SourceContract

KEY = "合同ID(_id)"
HEAD = b"id,name,flag\r\n"


def records(items: Iterable[Record | Problem]) -> list[tuple[int, str]]:
    return [(item.row, item.key) for item in items if isinstance(item, Record)]


def problems(items: Iterable[Record | Problem]) -> list[str]:
    return [str(item) for item in items if isinstance(item, Problem)]


def snapshot(data: bytes, key: str = "id") -> Snapshot:
    return Snapshot(data, "x.csv", key, words={"管", "名", f"管家{'x' * 30}"})


@pytest.mark.parametrize("width", [27, 29])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_every_format_of_the_old_job_is_read(
    contract_file: Callable[..., Path], width: int, encoding: str, line_end: str
) -> None:
    rows = [(f"30000000000000000{number:02}", "N") for number in range(10)]
    path = contract_file(rows, width=width, encoding=encoding, line_end=line_end)
    source = CsvSource(path=path, key=KEY)
    assert isinstance(source, Source)
    items = list(source.read())
    assert [item.key for item in items] == [key for key, _ in rows]
    first = items[0]
    assert isinstance(first, Record)
    assert first["管家(serviceHousekeeper)"] == "测试管家1"
    assert first.place == f"{path}:2"
    extra = 3 if width == 29 else 0  # the line breaks in the remarks of rows 3, 6 and 9
    assert [item.row for item in items if isinstance(item, Record)][-1] == 11 + extra


def test_a_view_may_be_read_again_and_does_not_change_with_the_file(contract_file: Callable[..., Path]) -> None:
    path = contract_file([("1", "N"), ("2", "Y")])
    view = CsvSource(path=path, key=KEY).read()
    first = [(item.key, item.row) for item in view if isinstance(item, Record)]
    path.write_bytes(b"")
    assert [(item.key, item.row) for item in view if isinstance(item, Record)] == first
    assert list(CsvSource(path=path, key=KEY).read()) == []


def test_records_of_one_view_share_their_table() -> None:
    one, two = snapshot(HEAD + b"1,a,N\r\n2,b,N\r\n")
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert one.table is two.table


def test_a_line_number_is_where_the_row_starts() -> None:
    data = HEAD + b'1,"a\r\nb\nc",N\r\n\r\n2,b,N\r\nx,y\r\n3,"\n",N'
    assert records(snapshot(data)) == [(2, "1"), (6, "2"), (8, "3")]
    assert problems(snapshot(data)) == ["x.csv:7: 2 cells where the header has 3; complete the row"]


@pytest.mark.parametrize(
    ("row", "text", "key"),
    [
        (b",a,N", "the key is empty; fill it in", None),
        (b" ,a,N", "the key is empty; fill it in", None),
        (b"7,a", "2 cells where the header has 3; complete the row", "7"),
        (b"7", "1 cells where the header has 3", None),
        (b"7,a,b,N", "4 cells where the header has 3; quote the cell that contains a comma", "7"),
        (b"7,\xff,N", "byte 0xFF at offset 23 is not utf-8; type the cell again and save the file as utf-8", "7"),
        (b"\xff,a,N", "byte 0xFF at offset 21 is not utf-8", None),
        (b"7,\0\0,N", "there is a zero byte at offset 23; restore the row", "7"),
        (b"\0,a,N", "there is a zero byte at offset 21", "\0"),
        (b'7,"a" b,N', "there is text between a closing quote and the next comma", "7"),
        (b'7,x,"N', "a quoted cell is never closed", "7"),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_bad_row_is_named_and_holds_nothing_else(row: bytes, text: str, key: str | None, line_end: bytes) -> None:
    data = (
        HEAD[:-2]
        + b"\r\n"
        + b"1,a,N\r\n"
        + row
        + line_end
        + "2,管家,N".encode()
        + line_end
        + "3,管,N".encode()
        + line_end
    )
    items = list(snapshot(data))
    assert records(items) == [(2, "1"), (4, "2"), (5, "3")]
    (problem,) = (item for item in items if isinstance(item, Problem))
    assert text in str(problem)
    assert str(problem).startswith("x.csv:3: ")
    assert problem.key == key


@pytest.mark.parametrize("key", ["1.5", "E+18", "12E5", "1001.5", 'a"b', "a\\b", "合同-1", "0", "%"])
def test_a_key_that_only_looks_odd_is_a_key(key: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["id", "flag"], [key, "N"]])
    assert records(snapshot(text.getvalue().encode())) == [(2, key)]


def test_rows_without_anything_in_them_are_passed_over() -> None:
    data = HEAD + b"\r\n,,\r\n1,a,N\r\n,,\r\n\r\nbad\r\n,,\r\n\n"
    assert records(snapshot(data)) == [(4, "1")]
    assert len(problems(snapshot(data))) == 1


@pytest.mark.parametrize(
    "tail", [b"2,b", b"2", b'2,"b', b'2,"b\r\nc', "2,b,管".encode()[:-1], b"2,", '2,"b",N,"管'.encode()[:-1], b'2,"b"x']
)
def test_a_torn_last_line_waits_for_the_next_pass(tail: bytes) -> None:
    items = list(snapshot(HEAD + b"1,a,N\r\n" + tail))
    assert records(items) == [(2, "1")]
    assert "is probably being written and the next pass sees it whole" in problems(items)[-1]


def test_a_last_line_without_its_end_is_whole_when_its_cells_are() -> None:
    assert records(snapshot(HEAD + b"1,a,N")) == [(2, "1")]
    assert records(snapshot(HEAD + b"1,a,N\r")) == [(2, "1")]


def test_bad_rows_may_follow_each_other() -> None:
    items = list(snapshot(HEAD + b"1\r\n2\r\n,,\r\n\r\n ,a,N\r\n,a,N\r\n3,c,N\r\n"))
    assert records(items) == [(8, "3")]
    assert [problem.split(":")[1] for problem in problems(items)] == ["2", "3", "6", "7"]


def test_a_key_at_the_end_of_a_line_without_its_end_may_be_cut_short() -> None:
    data = b"flag,id\nN,1001\nN,10"
    assert records(snapshot(data)) == [(2, "1001")]
    assert "".join(problems(snapshot(data))) == (
        "x.csv:3: the last line has no line end, and its last cell may be cut short; it is probably "
        "being written and the next pass sees it whole; if not, complete it and end the line"
    )
    assert records(snapshot(data + b"\n")) == [(2, "1001"), (3, "10")]


def test_a_torn_row_that_was_written_on_does_not_swallow_those_below() -> None:
    """A job was killed in the middle of a row; the next one appended to what was there."""
    torn = b'2,"half a rem' + b'3,"whole",N\r\n' + b'4,"d\r\ne",N\r\n5,e,N\r\n'
    items = list(snapshot(HEAD + b"1,a,N\r\n" + torn))
    assert records(items) == [(2, "1"), (4, "4"), (6, "5")]
    assert "".join(problems(items)) == (
        "x.csv:3: there is text between a closing quote and the next comma; quote the cell rightly, or part the row "
        "from what was written after it when it broke off"
    )


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    rows = b"".join(b"%d,a,N\r\n" % number for number in range(2, 30_000))
    items = list(snapshot(HEAD + b'1,"a,N\r\n' + rows))
    assert len(records(items)) == 29_998
    assert [str(item).split("; ")[0] for item in items if isinstance(item, Problem)] == [
        "x.csv:2: a quoted cell is never closed"
    ]


def test_a_cell_longer_than_csv_allows_is_read() -> None:
    long = b"x" * (csv.field_size_limit() + 1)
    data = HEAD + b"1,a,N\r\n2," + long + b",N\r\n3,c,N\r\n"
    assert records(snapshot(data)) == [(2, "1"), (3, "2"), (4, "3")]


def test_zero_bytes_at_the_end_of_a_crashed_file_hold_nothing_else() -> None:
    items = list(snapshot(HEAD + b"1,a,N\r\n" + bytes(5000) + b"\r\n2,b,N\r\n" + bytes(100)))
    assert records(items) == [(2, "1"), (4, "2")]
    assert len(problems(items)) == 2


def test_lines_that_end_in_cr_alone_are_rows() -> None:
    assert records(snapshot(b"id,flag\r1,N\r2,N\r\r3,N")) == [(2, "1"), (3, "2"), (5, "3")]
    assert records(snapshot(b"id,flag\n1,N\r2,N\n3,N\n")) == [(2, "1"), (3, "2"), (4, "3")]
    assert records(snapshot(b"id,flag\r\r\n1,N\r\r\n2,N\r\r\n")) == [(2, "1"), (3, "2")]


def test_a_utf8_row_in_a_gb18030_file_is_held() -> None:
    """It would often decode, into other characters; and be sent so."""
    row = "2,管家管家,N\r\n".encode()
    assert row.decode("gb18030") != row.decode()
    data = (
        f"id,管家{'x' * 30},flag\r\n1,{'测试' * 40},N\r\n".encode("gb18030")
        + row
        + "3,测试,N\r\n4,e,N\r\n".encode("gb18030")
    )
    items = list(snapshot(data))
    assert records(items) == [(2, "1"), (4, "3"), (5, "4")]
    assert "".join(problems(items)) == (
        "x.csv:3: the row is UTF-8 in a file that is otherwise GB18030; save the whole file as UTF-8, or say "
        "`encoding: gb18030` in the campaign if the row reads well so"
    )
    assert len(records(Snapshot(data, "x.csv", "id", "gb18030"))) == 4


def test_a_row_just_before_one_that_is_held_is_not() -> None:
    gb = "id,管,flag\r\n1,试\r\n2,试,N\r\n".encode("gb18030")
    items = list(snapshot(gb + "3,试,N\r\n".encode() + "4,试,N\r\n".encode("gb18030")))
    assert records(items) == [(3, "2"), (5, "4")]
    assert [problem.split(": ")[0] for problem in problems(items)] == ["x.csv:2", "x.csv:4"]


def test_a_last_line_whose_end_is_broken_is_no_torn_one() -> None:
    assert problems(snapshot(HEAD + b'1,a,"N"x'))[0].startswith("x.csv:2: there is text between a closing quote")


def test_many_bad_rows_among_good_ones_take_no_more_than_linear_time() -> None:
    data = HEAD + b"".join(b"%d,a,N\r\n%d,a\r\n" % (number, number) for number in range(10_000))
    items = list(snapshot(data))
    assert len(records(items)) == len(problems(items)) == 10_000


def with_care(view: Snapshot) -> list[Record | Problem]:
    """Every row through the careful path."""
    head = view._head
    if head is None:
        return []
    items: list[Record | Problem] = []
    at, line = head.body, head.line
    while at < len(view._data):
        careful = view._with_care(head, at, line)
        while True:
            try:
                items.append(next(careful))
            except StopIteration as end:
                at, line = end.value
                break
    return items


def shown(items: Iterable[Record | Problem]) -> list[object]:
    return [(item.row, item.key, tuple(item.cells)) if isinstance(item, Record) else str(item) for item in items]


PIECES = st.sampled_from(
    [b'"', b",", b"\n", b"\r\n", b"\r", b"a", b"1", b"\0", "管".encode(), b"\xff", "管".encode("gb18030"), b"1,a,N\n"]
)


@given(
    st.lists(PIECES, max_size=30), st.sampled_from(["id,name,flag\n", "id,管,flag\r\n", "flag,名,id\n"]), st.booleans()
)
@example([b'"', b"\r", b"a", b'"', b",", b"1,a,N\n", b"1", b"\n", b"1,a,N\n"], "id,name,flag\n", False)
def test_the_quick_path_and_the_careful_one_agree_on_any_bytes(pieces: list[bytes], header: str, gb: bool) -> None:
    try:
        view = snapshot(header.encode("gb18030" if gb else "utf-8") + b"".join(pieces))
    except CampaignError as error:
        assert "nothing proves which encoding it has" in str(error)  # noqa: PT017 - either is right
        return
    assert shown(view) == shown(with_care(view))
    assert shown(view) == shown(view)


CELLS = st.text(st.sampled_from([",", '"', "\n", "x", "管", " ", "\u2028", "\x85", "\x1c"]), max_size=4)


@given(st.lists(st.tuples(st.integers(0, 10**18), CELLS, CELLS)), st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
def test_a_sound_file_is_read_as_csv_reads_it(rows: list[tuple[int, str, str]], encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("合同", "b", "c"), *rows])
    items = list(snapshot(text.getvalue().encode(encoding), "合同"))
    assert [tuple(item.cells) for item in items if isinstance(item, Record)] == [(str(k), b, c) for k, b, c in rows]
    assert [item.key for item in items] == [str(key) for key, _, _ in rows]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"gone.csv: there is no such file; put it back, or correct the path"):
        CsvSource(path=tmp_path / "gone.csv", key="id").read()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="it is a folder or a device; name a CSV file"):
        CsvSource(path=tmp_path, key="id").read()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(CampaignError, match="it is a folder or a device"):
        CsvSource(path=tmp_path / "pipe.csv", key="id").read()


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(CampaignError, match="its symbolic links lead nowhere but to themselves"):
        CsvSource(path=tmp_path / "a.csv", key="id").read()


class TestCsvSource(SourceContract):
    """The source keeps the promises of every source."""

    def make_source(self, folder: Path) -> CsvSource:
        (folder / "x.csv").write_bytes(HEAD + b"1,a,N\r\n,b,N\r\n2\r\n" + "3,管,N\r\n4".encode())
        return CsvSource(path=folder / "x.csv", key="id")

    def make_broken_source(self, folder: Path) -> CsvSource:
        return CsvSource(path=folder / "gone.csv", key="id")
