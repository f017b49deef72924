"""The byte grammar is that of csv.reader."""

from __future__ import annotations

import csv
import io

from hypothesis import assume, example, given
from hypothesis import strategies as st
from notifykit_contract.rows import Fault, cell_bytes, row_at, skip_lines

CODECS = st.sampled_from(["utf-8", "gb18030"])
CELLS = st.text(
    st.sampled_from(['"', ",", "\n", "\r", "a", "1", " ", "管", "家", "|", "\\", "🙂", "丂", "\x85"]), max_size=6
)


def parsed(data: bytes, codec: str) -> list[list[str]]:
    rows, at = [], 0
    while at < len(data):
        row = row_at(data, at)
        assert row.fault is None
        assert row.next > at
        rows.append([cell_bytes(data, span).decode(codec) for span in row.cells])
        at = row.next
    return rows


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5)), CODECS, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_csv_writes_is_read_as_csv_reads_it(
    rows: list[list[str]], codec: str, line_end: str, quote_all: bool
) -> None:
    # before Python 3.13 the writer leaves a lone CR unquoted where lines end in LF
    assume(quote_all or line_end == "\r\n" or not any("\r" in cell for row in rows for cell in row))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(rows)
    assert parsed(text.getvalue().encode(codec), codec) == rows


@given(st.text(st.sampled_from('",\n\rab管'), max_size=40))
@example("a\r\r\nb")
@example('""\n')
@example('a"b,c""d\n')
def test_any_text_that_strict_csv_takes_is_read_alike(text: str) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        expected = list(reader)
    except csv.Error:
        return
    assert [row for row in parsed(text.encode(), "utf-8") if row] == [row for row in expected if row]


def test_a_row_says_where_everything_is() -> None:
    data = b'x\r\na,"b""c",\r\n'
    row = row_at(data, 3, 3)
    assert (row.start, row.end, row.next, row.fault) == (3, 12, 14, None)
    assert [data[slice(*span)] for span in row.cells] == [b"a", b'b""c', b""]


def test_a_blank_line_has_no_cells() -> None:
    assert row_at(b"\r\n", 0, 2).cells == []
    assert row_at(b'""\n', 0).cells == [(1, 1)]


def test_a_wrong_number_of_cells_is_a_fault() -> None:
    assert row_at(b"a,b,c\n", 0, 2).fault is Fault.CELLS
    assert row_at(b"a\n", 0, 2).fault is Fault.CELLS


def test_an_open_quote_ends_with_its_line() -> None:
    data = b'a,"b\nc,d\n'
    row = row_at(data, 0, 2)
    assert (row.fault, row.end, row.next) == (Fault.OPEN_QUOTE, 4, 5)
    assert row_at(data, row.next, 2).fault is None


def test_text_after_a_quote_ends_the_row_with_its_line() -> None:
    row = row_at(b'a,"b"c\r\nd,e\r\n', 0, 2)
    assert (row.fault, row.end, row.next) == (Fault.TEXT_AFTER_QUOTE, 6, 8)


def test_a_quote_that_swallows_a_row_and_gets_the_count_wrong_ends_with_its_line() -> None:
    data = b'1,"torn\n2,N,"x"\n'
    assert row_at(data, 0, 3).next == 8
    swallowing = b'1,"torn\n2,N",y,z\n'
    row = row_at(swallowing, 0, 3)
    assert (row.fault, row.next) == (Fault.CELLS, 8)


def test_lines_are_skipped_up_to_the_end() -> None:
    assert skip_lines(b"a\nb\nc", 0, 0) == 0
    assert skip_lines(b"a\nb\nc", 0, 2) == 4
    assert skip_lines(b"a\nb\nc", 0, 9) == 5


def test_no_multibyte_character_holds_a_separator() -> None:
    """The claim on which everything in bytes stands, for every character there is."""
    separators = set(b',"\r\n')
    for code in range(0x80, 0x110000):
        if not 0xD800 <= code <= 0xDFFF:
            character = chr(code)
            assert not separators.intersection(character.encode()), hex(code)
            assert not separators.intersection(character.encode("gb18030")), hex(code)
