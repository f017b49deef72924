from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import pytest
from notifykit_compat.merge import Place, merged, places

from notifykit.errors import CampaignError
from notifykit.legacy import FlagWords

WORDS = FlagWords(key="id", flag="flag", unsent="N", sent="Y", encoding="auto")
FIELDS = ("id", "note", "flag")
DATA = b'\xef\xbb\xbfid,note,flag\r\n1,"a",N\r\n2,b,Y\r\n3,\xe7\x94\xb2,N\r\n'


def rows(data: bytes = DATA) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def merge(
    wanted: Sequence[Mapping[str, object]],
    data: bytes = DATA,
    *,
    fields: Sequence[str] = FIELDS,
    read: frozenset[Place] | None = None,
    delivered: str = "",
) -> bytes:
    seen = places(row["id"] for row in rows(data)) if read is None else read
    return merged(data, "x.csv", WORDS, wanted, fields, read=seen, delivered=lambda key: key in delivered.split())


def test_flags_alone_change_nothing() -> None:
    assert merge([{**row, "flag": "Y"} for row in rows()]) == DATA
    assert merge([{**row, "flag": "N"} for row in rows()]) == DATA, "one that was set meanwhile stays"
    assert merge([{**row, "flag": "Y"} for row in rows()], delivered="1 2 3") == DATA, "settle writes it"


def test_a_change_is_taken_over_and_other_rows_keep_their_bytes() -> None:
    changed = [{**row, "note": "新", "flag": "Y"} if row["id"] == "2" else {**row, "flag": "Y"} for row in rows()]
    assert merge(changed) == DATA.replace(b"2,b,Y", "2,新,Y".encode())


def test_a_flag_of_its_own_is_another_change() -> None:
    changed = [{**row, "flag": "停"} for row in rows()]
    assert rows(merge(changed)) == changed
    assert [row["flag"] for row in rows(merge(changed, delivered="2"))] == ["停", "Y", "停"], "what was sent was sent"


def test_rows_that_came_meanwhile_stay() -> None:
    grown = DATA + b"4,late,N\r\n"
    assert merge(rows(), grown, read=places("123")) == grown
    assert merge([{**row, "note": "x"} for row in rows()], grown, read=places("123")).endswith(b"3,x,N\r\n4,late,N\r\n")


def test_rows_that_it_read_and_does_not_write_are_removed() -> None:
    assert merge(rows()[1:]) == DATA.replace(b'1,"a",N\r\n', b"")
    assert merge(rows()[1:], read=frozenset()) == DATA, "it may not have seen them"


def test_rows_of_its_own_are_added_unflagged() -> None:
    new: list[dict[str, object]] = [{"id": "7", "note": "n", "flag": "Y"}, {"id": "8", "note": None, "flag": "N"}]
    assert merge([*rows(), *new]) == DATA + b"7,n,N\r\n8,,N\r\n"
    assert merge([*rows(), *new], delivered="7").endswith(b"7,n,Y\r\n8,,N\r\n")
    assert merge([*rows(), *new], DATA[:-2]) == DATA + b"7,n,N\r\n8,,N\r\n", "never into a line without an end"


def test_two_rows_of_one_id_are_told_apart() -> None:
    twice = DATA + b"1,a,N\r\n"
    changed = rows(twice)
    changed[3]["note"] = "second"
    assert merge(changed, twice) == DATA + b"1,second,N\r\n"


def test_a_new_column_is_added() -> None:
    wider = [{**row, "flag": "Y", "place": "x"} for row in rows()]
    made = merge(wider, fields=(*FIELDS, "place"))
    assert made.startswith(b"\xef\xbb\xbfid,note,flag,place\r\n1,a,N,x\r\n")
    assert [row["flag"] for row in rows(made)] == ["N", "Y", "N"]


def test_a_broken_row_stays_as_it_is() -> None:
    broken = DATA + b"5,too,many,cells\r\n"
    changed = [{**row, "note": "x"} for row in rows()]
    assert merge(changed, broken, read=places("123")).endswith(b"3,x,N\r\n5,too,many,cells\r\n")


def test_an_empty_file_is_written_as_the_program_does() -> None:
    made = merged(
        b"", "x.csv", WORDS, [{"id": "1", "note": "", "flag": "Y"}], FIELDS, read=(), delivered=lambda _: False
    )
    assert made == b"\xef\xbb\xbfid,note,flag\r\n1,,N\r\n"


def test_gb18030_stays_gb18030() -> None:
    data = "id,note,flag,备注\r\n1,甲,N,\r\n".encode("gb18030")
    changed = [{"id": "1", "note": "乙", "flag": "Y", "备注": ""}]
    made = merged(
        data, "x.csv", WORDS, changed, ("id", "note", "flag", "备注"), read=places("1"), delivered=lambda _: False
    )
    assert made == data.replace("甲".encode("gb18030"), "乙".encode("gb18030"))


def test_a_file_that_tells_nothing_is_refused() -> None:
    with pytest.raises(CampaignError, match='there is no column "id"'):
        merge(rows(), b"a,b\r\n")
