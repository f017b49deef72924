"""JSON is read whole or refused with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_technician.json_text import kind, parse_json

from notifykit.errors import CampaignError


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "f.json:1:1: empty, which is not JSON; mend it"),
        (b" \n ", "f.json:2:2: empty, which is not JSON; mend it"),
        (b'{"a": 1,\n "b": }', "f.json:2:7: not valid JSON (Expecting value); mend it"),
        ('{"甲": "通知成'.encode(), "f.json:1:7: not valid JSON (Unterminated string starting at); mend it"),
        ('{\n"甲": "通'.encode() + b"\xe7\x9f", "f.json:2:8: byte 0xe7 is not UTF-8; save it as UTF-8"),
        (b"\xef\xbb\xbf[\xff]", "f.json:1:2: byte 0xff is not UTF-8; save it as UTF-8"),
        ("[]".encode("utf-16"), "f.json:1:1: byte 0xff is not UTF-8; save it as UTF-8"),
        (b"[" * 200_000, "f.json:1:1: arrays within arrays, too deep to read; mend it"),
    ],
)
def test_what_is_no_json_is_refused_with_line_and_column(data: bytes, text: str) -> None:
    with pytest.raises(CampaignError) as refused:
        parse_json(data, "f.json", "mend it")
    assert str(refused.value) == text


def test_a_number_of_absurd_length_is_refused() -> None:
    with pytest.raises(CampaignError, match=r"^f.json:1:1: not readable \(Exceeds the limit .*; mend it$"):
        parse_json(b"[" + b"9" * 5000 + b"]", "f.json", "mend it")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_json("\ufeff{}".encode(), "f.json", "") == {}


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_whole_numbers_keep_their_digits(number: int) -> None:
    assert parse_json(json.dumps([number]).encode(), "f.json", "") == [number]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({}, "an object"),
        ([], "an array"),
        ("", "a string"),
        (True, "true or false"),
        (None, "null"),
        (1, "a number"),
        (1.5, "a number"),
    ],
)
def test_values_are_named_as_json_names_them(value: object, name: str) -> None:
    assert kind(value) == name
