"""Which encoding a file has, and which columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_contract.head import read_head

from notifykit.errors import CampaignError


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        ("\ufeff合同,旗\n".encode(), "utf-8"),
        ("合同,旗\n".encode(), "utf-8"),
        ("合同,旗\n".encode("gb18030"), "gb18030"),
        ("合同,旗\n1,x\n".encode("gb18030") + "2,管\n".encode(), "gb18030"),
        (b"id,flag\n1,N\n", "utf-8"),
        ("id,flag\n1,管家\n".encode(), "utf-8"),
        ("id,旗\n1,管家\n".encode() + b"2,\xff\n", "utf-8"),
        ("id,flag\n1,管家\n2,管\n".encode() + b"2,\xff\n", "utf-8"),
        ("id,flag\n1,管家\n".encode()[:-2], "utf-8"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(data: bytes, codec: str) -> None:
    key = "id" if data.startswith(b"id") else "合同"
    head = read_head(data, "x.csv", key)
    assert head is not None
    assert head.codec == codec


def test_a_header_that_reads_in_both_encodings_is_told_by_the_key_column() -> None:
    data = "郑,flag\n".encode("gb18030")
    assert data.decode() != "郑,flag\n"
    head = read_head(data, "x.csv", "郑")
    assert head is not None
    assert head.codec == "gb18030"


def test_the_campaign_may_say_the_encoding() -> None:
    gb = "合同,旗\n".encode("gb18030")
    head = read_head(gb, "x.csv", "合同", "gb18030")
    assert head is not None
    assert not head.found
    with pytest.raises(CampaignError, match=r"x\.csv:1: the header is not utf-8 text; save the file as UTF-8"):
        read_head(gb, "x.csv", "合同", "utf-8")


def test_the_body_starts_after_the_header() -> None:
    head = read_head(b'\xef\xbb\xbf\r\nid,"fl\nag"\r\n1,N\r\n', "x.csv", "id")
    assert head is not None
    assert head.names == ("id", "fl\nag")
    assert (head.header_line, head.line, head.body, head.key_at) == (2, 4, 17, 0)


def test_a_second_byte_order_mark_is_no_part_of_a_name() -> None:
    head = read_head(b"\xef\xbb\xbf\xef\xbb\xbfid,flag\n", "x.csv", "id")
    assert head is not None
    assert head.names == ("id", "flag")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"\r\n"])
def test_a_file_without_a_row_has_no_head(data: bytes) -> None:
    assert read_head(data, "x.csv", "id") is None


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"\xff\xfei\0d\0", "auto", "UTF-16 or UTF-32"),
        (b"\xfe\xff\0i\0d", "auto", "UTF-16 or UTF-32"),
        (b"\xff\xfe\0\0i\0\0\0", "auto", "UTF-16 or UTF-32"),
        (b"i\0d\0\n\0", "auto", "x.csv:1: the header holds zero bytes"),
        (b"\xef\xbb\xbfid\n", "gb18030", "the mark of UTF-8, but the campaign says `encoding: gb18030`"),
        (b'id,"flag\n1,N\n', "auto", "x.csv:1: the header is broken: a quoted cell is never closed"),
        (b"\xff,\xff\n", "auto", "x.csv:1: nothing proves which encoding it has"),
        (b"\xff,\xff\n", "utf-8", "x.csv:1: the header is not utf-8 text"),
        (
            b"ID,flag\n",
            "auto",
            r'x.csv:1: there is no column "id"; did you mean "ID"\?; correct the header, or `source.key`',
        ),
        (b"a,flag\n", "auto", 'there is no column "id"; there is a, flag; correct'),
        (b"id,flag,id\n", "auto", 'the column "id" is there 2 times; rename all but one'),
        ("合同,旗\n".encode("gb18030"), "gb18030", 'there is no column "id"; there is 合同, 旗'),
    ],
)
def test_nothing_is_read_where_nothing_could_be_trusted(data: bytes, encoding: str, text: str) -> None:
    with pytest.raises(CampaignError, match=text):
        read_head(data, "x.csv", "id", encoding)


def test_a_column_that_is_there_twice_cannot_be_asked_for() -> None:
    head = read_head(b"id,flag,flag,,\n", "x.csv", "id")
    assert head is not None
    assert head.columns == {"id": 0}
    with pytest.raises(CampaignError, match=r'x\.csv:1: the column "flag" is there 2 times'):
        head.column("flag", "x.csv", "strategy.flag")
    with pytest.raises(CampaignError, match=r'there is no column "fleg".*`strategy.flag`'):
        head.column("fleg", "x.csv", "strategy.flag")


@given(st.binary(max_size=60), st.sampled_from(["auto", "utf-8", "gb18030", "cp1252", "big5"]))
def test_no_bytes_are_a_defect_of_ours(data: bytes, encoding: str) -> None:
    try:
        head = read_head(data, "x.csv", "id", encoding)
    except CampaignError as error:
        assert str(error).startswith("x.csv")  # noqa: PT017 - either is right
    else:
        assert head is None or head.names[head.key_at] == "id"
