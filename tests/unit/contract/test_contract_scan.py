"""The quick scanner finds what the careful one finds, and both find the rows that the source yields."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from notifykit_contract.head import read_head
from notifykit_contract.rows import cell_bytes
from notifykit_contract.scan import Place, Places, find_flags, find_flags_slowly
from notifykit_contract.source import Snapshot

from notifykit.model import Record

HEADERS = st.sampled_from(
    ["id,名,flag\n", "flag,名,id\r\n", "id,flag,x\r\n", "x,id,flag\n", '"fl\nag",flag,id\r\n', "id,flag\n"]
)
PIECES = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r\n", b"1", b"N", "管".encode(), b"1,a,N\n", b'"1","a",N\r\n', b'1,"N"\n']
)


class Everything:
    """Wants every key."""

    def __contains__(self, key: object) -> bool:
        return True


def by_key(found: Places) -> dict[bytes, list[Place]]:
    assert found.several.keys() <= found.first.keys()
    return {key: found.of(key) for key in found.first}


def flags_seen_by_the_source(data: bytes) -> Iterator[tuple[str, str, int]]:
    for item in Snapshot(data, "x.csv", "id", "utf-8"):
        if isinstance(item, Record):
            yield item.key, item["flag"], item.row


@given(HEADERS, st.lists(PIECES, max_size=25))
def test_the_quick_scanner_agrees_with_the_careful_one(header: str, pieces: list[bytes]) -> None:
    data = header.encode() + b"".join(pieces)
    head = read_head(data, "x.csv", "id", "utf-8")
    assert head is not None
    at = head.columns["flag"]
    quickly, slowly = (find(data, head, at, Everything()) for find in (find_flags, find_flags_slowly))
    assert by_key(quickly) == by_key(slowly)


@given(HEADERS, st.lists(PIECES | st.sampled_from([b"\r", b"\xff", b"\0"]), max_size=25))
def test_what_the_source_yields_is_found(header: str, pieces: list[bytes]) -> None:
    data = header.encode() + b"".join(pieces)
    head = read_head(data, "x.csv", "id", "utf-8")
    assert head is not None
    found = find_flags_slowly(data, head, head.columns["flag"], Everything())
    there = {
        (key.decode(), cell_bytes(data, (start, end)).decode(), line)
        for key, places in by_key(found).items()
        for start, end, line, _ in places
        if key.isascii() and data[start:end].isascii()
    }
    for key, flag, line in flags_seen_by_the_source(data):
        if key.isascii() and flag.isascii():
            assert (key, flag, line) in there


def test_an_empty_flag_may_be_the_first_cell() -> None:
    data = b"flag,x,id\n,a,1\n"
    head = read_head(data, "x.csv", "id")
    assert head is not None
    assert by_key(find_flags(data, head, 0, {b"1"})) == {b"1": [(10, 10, 2, 10)]}


def test_only_wanted_rows_are_returned_with_their_places() -> None:
    data = b'id,flag,x\r\n1,N,\r\n2,"N",\r\n3,N,"\r\n"\r\n1,Y,"a"\r\n'
    head = read_head(data, "x.csv", "id")
    assert head is not None
    found = find_flags(data, head, 1, {b"1", b"2", b"9"})
    assert by_key(found) == {b"1": [(13, 14, 2, 11), (37, 38, 6, 35)], b"2": [(20, 21, 3, 17)]}
    assert found.several.keys() == {b"1"}
