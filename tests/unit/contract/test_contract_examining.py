"""What a CSV file is of which nothing is known yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from notifykit_contract.examining import examine

from notifykit.errors import CampaignError
from notifykit.start import DataFile

TEXT = "id,name\n1,测试甲\n2,测试乙\n"


def examined(folder: Path, data: bytes, encoding: str = "auto", most: int = 10) -> DataFile:
    file = folder / "data.csv"
    file.write_bytes(data)
    return examine(file, encoding, most)


@pytest.mark.parametrize(
    ("data", "named", "options", "why"),
    [
        (b"id,name\n1,Ann\n", "auto", {}, "utf-8 (it is ASCII alone)"),
        (TEXT.encode(), "auto", {}, "utf-8 (its text proves it)"),
        (TEXT.encode("utf-8-sig"), "auto", {}, "utf-8 (its byte order mark says so)"),
        (
            TEXT.replace("name", "姓名").encode("gb18030"),
            "auto",
            {"encoding": "gb18030"},
            "gb18030 (its column names prove it)",
        ),
        ("id,name\n1,José\n".encode("cp1252"), "cp1252", {"encoding": "cp1252"}, "cp1252 (--encoding cp1252 says so)"),
    ],
)
def test_the_encoding_with_what_says_so(
    tmp_path: Path, data: bytes, named: str, options: dict[str, str], why: str
) -> None:
    found = examined(tmp_path, data, named)
    assert found.options == options
    assert found.facts[0] == f"encoding: {why}"


def test_columns_and_cells_of_whole_rows(tmp_path: Path) -> None:
    found = examined(tmp_path, b'id,twice,twice,text\n1,a,b,"x, y"\ntorn,\n2,a,b,z\n3,a,b,w\n', most=3)
    assert dict(found.columns) == {"id": ("1", "2"), "text": ("x, y", "z")}
    assert found.repeated == ("twice",)
    assert found.facts[-1] == 'several columns are called "twice", and none of them is used; rename all but one'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"2,x,y\n", "3 cells where the header has 2; quote the cell"),
        (b'2,"x"y\n', "there is text between a closing quote and the next comma"),
        (b"2,\xff\xfe\n", "byte 0xFF at offset 16 is not utf-8"),
        (b"2,\0\n", "there is a zero byte at offset 16"),
    ],
)
def test_rows_that_cannot_be_read_are_counted_and_the_first_is_named(tmp_path: Path, line: bytes, why: str) -> None:
    found = examined(tmp_path, "id,who\n1,甲\n\n".encode() + line + b",\n3\n4,d\n", encoding="utf-8")
    assert dict(found.columns) == {"id": ("1", "4"), "who": ("甲", "d")}
    assert found.unread.startswith(f"2 rows cannot be read, the first: {tmp_path / 'data.csv'}:4: {why}")
    assert found.unread in found.facts


@pytest.mark.parametrize(
    ("data", "encoding", "told"),
    [
        (b"a;b;c\n1;2;3\n", "auto", r"data\.csv:1: its columns are separated by semicolons.*save it with commas"),
        (b'\n"a,b"\tc\td\n', "auto", "separated by tabs"),
        (b"", "auto", "it is empty; its first line names the columns"),
        (b"id,x\n1,Jos\xe9\n", "auto", "name the right one with --encoding"),
        (b"a,b\n", "klingon", '--encoding: there is no encoding "klingon"'),
        ("a,b\n".encode("utf-16"), "auto", "UTF-16"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_mend(tmp_path: Path, data: bytes, encoding: str, told: str) -> None:
    with pytest.raises(CampaignError, match=told):
        examined(tmp_path, data, encoding)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"none\.csv"):
        examine(tmp_path / "none.csv", "auto", 10)
