"""What a person would read as the same key has one normal form; what is different has another."""

from __future__ import annotations

import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.keys.normal import LONGEST, is_plain, is_programs_number, is_spreadsheets_error, normal_form

KEY = "2040709900000000013"

UNSEEN = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\ufe0f", "\U000e0101", "\u3164", "\x07", "\x7f")
SPACES = (" ", "\u00a0", "\u3000", "\u202f", "\t", "\r\n", "\u2028")

SAME = {
    KEY: [
        f"{KEY}.0",
        f"{KEY}.",
        f"{KEY},00",
        "2.040709900000000013E18",
        "2,040709900000000013e+18",
        "20407099000000000.13E+2",
        "2,040,709,900,000,000,013",
        "2.040.709.900.000.000.013",
        "2 040 709 900 000 000 013",
        "2\u00a0040\u00a0709\u00a0900\u00a0000\u00a0000\u00a0013",
        "2'040'709'900'000'000'013.00",
        "2_040_709_900_000_000_013",
        "2040 7099 0000 0000 013",
        f"+{KEY}",
        f"000{KEY}",
        f"'{KEY}",
        f"\u2019{KEY}",
        f'="{KEY}"',
        f'"{KEY}"',
        f'="\u200b {KEY}"',
        "".join(chr(0xFF10 + int(digit)) for digit in KEY),
        "".join(chr(0x0660 + int(digit)) for digit in KEY),
        *(f"{KEY}{sign}" for sign in (*UNSEEN, *SPACES)),
        *(f"{sign}{KEY}" for sign in (*UNSEEN, *SPACES)),
        *(f"20407{sign}09900000000013" for sign in UNSEEN),
    ],
    "0": ["00", "-0", "0.0", "0.0E5", "+000"],
    "-7": ["-007", "\u22127", "-7.0"],
    "1.5": ["01.50", "1,5", "15E-1", "0.15E1"],
    "1234567": ["12,34,567"],
    "caf\u00e9-1": ["cafe\u0301-1", "caf\u00e9\u20111", "caf\u00e9\uff0d1", "\uff43\uff41\uff46\u00e9-1"],
    "\u5408\u540c-7": ["\u5408\u540c\u200b-7", "\u5408\u540c\u20147", " \u5408\u540c-7"],
    "\u30ac1": ["\uff76\uff9e1"],
    "A B": ["A  B", "A\u00a0B", " A \u200b B "],
    "": ["", " ", "\u200b", "\u3000\ufeff"],
}

DIFFERENT = [
    ("A-1", "a-1"),
    ("A-1", "A1"),
    ("A-01", "A-1"),
    ("A1", "A2"),
    ("\u0410-1", "A-1"),  # a Cyrillic letter
    ("12E5", "1200000"),
    ("0E12", "0E13"),
    ("1E3", "1000"),
    ("2.02508E+18", "2025080000000000000"),  # its last digits are lost
    ("1.234", "1234"),
    ("0,1234", "1234"),
    ("2025-01", "202501"),
    ("1/2", "12"),
    ("1", "-1"),
    ("10", "1"),
    ("1.0E+101", "1.0E+102"),
    ("3E+999999999", "3E+999999998"),
    ("x\u00b2", "x2"),
    ("\u2460", "1"),
    ("A B", "AB"),
    ("''", "'"),
    ("2040709900000000013", "2040709900000000014"),
]


@pytest.mark.parametrize(("form", "spelling"), [(form, spelling) for form in SAME for spelling in SAME[form]])
def test_spellings_of_one_key_have_one_form(form: str, spelling: str) -> None:
    assert normal_form(spelling) == form
    assert normal_form(form) == form


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_keys_have_different_forms(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    "key",
    ["1.1202508E18", "1.12E+18", "1e+5", "1,12E+18", "1001.0", "1001,00", "\uff11.\uff12E+18", "5.0E7 ", "1E+999999"],
)
def test_what_a_program_made_of_a_key_is_recognised(key: str) -> None:
    assert is_programs_number(key)


@pytest.mark.parametrize(
    "key", ["12E5", "1e3", "1001", "1001.", "1001.5", "1.2E-5", "1,001", "A1.0", "", "E+5", "0x1E+5"]
)
def test_what_may_be_an_identifier_is_none(key: str) -> None:
    assert not is_programs_number(key)


@pytest.mark.parametrize(
    "key",
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", " #N/A ", "＃N/A", "'#N/A", "########"],
)
def test_what_a_spreadsheet_writes_for_no_value_is_its_error(key: str) -> None:
    assert is_spreadsheets_error(key)


@pytest.mark.parametrize("key", ["#7", "#", "#N/A-7", "N/A", "#ref!", "A##", "#A"])
def test_what_only_starts_like_it_is_a_key(key: str) -> None:
    assert not is_spreadsheets_error(key)
    assert normal_form(key) == key


LETTERS = st.sampled_from(
    [
        *"0123456789",
        *"0019",
        *"eE.,+-' \"=_aZ",
        *UNSEEN,
        *SPACES,
        "\u0301",
        "\u30ab",
        "\uff9e",
        "\uff11",
        "\u0664",
        "\u5408",
    ]
)
KEYS = st.lists(LETTERS, max_size=24).map("".join) | st.text(max_size=24)


@given(KEYS)
def test_the_form_of_a_form_is_itself(key: str) -> None:
    form = normal_form(key)
    assert normal_form(form) == form


@given(KEYS, st.lists(st.tuples(st.integers(0, 24), st.sampled_from(UNSEEN)), max_size=4))
def test_what_cannot_be_seen_makes_no_other_key(key: str, more: list[tuple[int, str]]) -> None:
    base = unicodedata.normalize("NFC", key)
    letters = [letter for letter in base if not unicodedata.category(letter).startswith("M")]
    plain = "".join(letters)
    for at, sign in more:
        letters.insert(min(at, len(letters)), sign)
    if plain.isascii():  # other letters may be joined by a sign between them
        assert normal_form("".join(letters)) == normal_form(plain)


@given(st.text(st.sampled_from("ABCXYZabc0123456789-/"), min_size=1, max_size=12), st.data())
def test_width_never_makes_another_key(key: str, data: st.DataObject) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if data.draw(st.booleans()) else c for c in key)
    assert normal_form(wide) == normal_form(key)


@given(st.integers(0, 10**30), st.integers(0, 6), st.booleans(), st.booleans())
def test_a_whole_number_is_the_same_however_it_is_written(value: int, zeros: int, upper: bool, signed: bool) -> None:
    text = str(value)
    mantissa = f"{text[0]}.{text[1:] or '0'}"
    exponent = f"{'E' if upper else 'e'}{'+' if signed else ''}{len(text) - 1}"
    for spelling in (f"{value:,}", "0" * zeros + text, f"{text}.{'0' * (zeros + 1)}", mantissa + exponent):
        assert normal_form(spelling) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_numbers_are_the_same_exactly_where_their_values_are(value: Decimal) -> None:
    form = normal_form(f"{value:f}")
    assert Decimal(form) == value
    assert "E" not in form


@given(st.lists(st.text(st.sampled_from("ABCDabcd0123456789-/_#"), min_size=1, max_size=10), min_size=2, max_size=2))
def test_plain_identifiers_are_never_taken_for_each_other(pair: list[str]) -> None:
    one, other = pair
    if is_plain(one) and is_plain(other) and one != other:
        assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    "key",
    [
        "9" * 200_000,
        "0" * 200_000,
        "1," * 100_000 + "1",
        "1.000" * 50_000,
        "'" * 200_000,
        '="' * 100_000,
        '="' * 240 + "1" + '"' * 240,
        " \u200b" * 100_000,
        "e\u0301" * 100_000,
        "\ufdfa" * 50_000,
        "3E999999999",
        "3.0E+999999",
        "1" * 900 + ".0E-999999",
        "1 " * 499,
        "-" + "1'111" * 190,
    ],
    ids=lambda key: f"{key[:6]!r}×{len(key)}",
)
def test_no_key_takes_long(key: str) -> None:
    begun = time.process_time()
    form = normal_form(key)
    is_programs_number(key)
    assert time.process_time() - begun < 1
    assert len(form) <= 2 * max(len(key), LONGEST)
