"""A contract number is found where it stands by itself, and nowhere else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.legacy.numbers import Numbers, names

NUMBER = "YHWX-BJ-SDHY-2025080001"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"恭喜签约合同{NUMBER}，并完成线上收款！",
        f"({NUMBER})",
        f"合同-{NUMBER}-喜报",
        f"a {NUMBER}.",
        f"{NUMBER}\n{NUMBER}",
    ],
)
def test_it_is_found(text: str) -> None:
    assert Numbers([NUMBER, f"{NUMBER}0"]).found_in(text) == {NUMBER}


@pytest.mark.parametrize(
    "text", ["", f"{NUMBER}0", f"{NUMBER}-1", f"X{NUMBER}", f"X-{NUMBER}", f"{NUMBER}_2", NUMBER.lower(), NUMBER[:-1]]
)
def test_it_is_not_found(text: str) -> None:
    assert Numbers([NUMBER]).found_in(text) == set()


def test_one_is_not_ten() -> None:
    numbers = Numbers(["A-1", "A-10", "A-1-1"])
    assert numbers.found_in("A-10") == {"A-10"}
    assert numbers.found_in("A-1-1") == {"A-1-1"}
    assert numbers.found_in("A-1, A-10 and A-1-1") == {"A-1", "A-10", "A-1-1"}


@pytest.mark.parametrize("number", ["合同（2025）第1号", "A/B/7", "#12", "第7号！"])
def test_odd_numbers_are_found_too(number: str) -> None:
    assert Numbers([number]).found_in(f"恭喜 {number} 签约") == {number}


def test_what_has_neither_letter_nor_digit_cannot_be_looked_for() -> None:
    numbers = Numbers(["合同", "A-1"])
    assert numbers.unusable == {"合同"}
    assert numbers.found_in("合同 A-1") == {"A-1"}


PROBES = [
    ("YHWX-1", True),
    ("合同YHWX-1签约", True),
    ("合同-YHWX-1-签约", True),
    ("（YHWX-1）", True),
    ("YHWX-1，YHWX-2", True),
    ("YHWX-1-", True),
    ("-YHWX-1", True),
    ("YHWX-1--2", True),
    ("YHWX-1——A座", True),
    ("YHWX-1/YHWX-2", True),
    ("YHWX-10，YHWX-1", True),
    ("ＹＨＷＸ－１签约", True),
    ("YHWX‑1签约", True),  # a hyphen at which a text processor does not break the line
    ("", False),
    ("YHWX-", False),
    ("YHWX-10", False),
    ("YHWX-1０", False),
    ("YHWX-1-2", False),
    ("YHWX-1－2", False),
    ("YHWX-1-A", False),
    ("YHWX-1_2", False),
    ("YHWX-1A", False),
    ("YHWX-1Ａ", False),
    ("BJ-YHWX-1", False),
    ("BJ－YHWX-1", False),
    ("0YHWX-1", False),
    ("_YHWX-1", False),
    ("yhwx-1", False),
]


@pytest.mark.parametrize(("text", "named"), PROBES)
def test_whether_a_text_names_a_number(text: str, named: bool) -> None:
    assert names(text, "YHWX-1") is named
    assert names(text, "ＹＨＷＸ－１") is named


def test_a_number_is_given_back_as_it_is_written() -> None:
    assert Numbers(["ＡＢ－７"]).found_in("合同AB-7") == {"ＡＢ－７"}


part = st.text(alphabet="AB1", min_size=1, max_size=2)
number = st.lists(part, min_size=1, max_size=3).map("-".join)


@given(st.lists(number, min_size=1, max_size=6, unique=True), st.text(alphabet="AB1-，_ ", max_size=30))
def test_it_agrees_with_a_plain_search(numbers: list[str], text: str) -> None:
    alone = {
        wanted
        for wanted in numbers
        if re.search(rf"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_]-){re.escape(wanted)}(?![0-9A-Za-z_])(?!-[0-9A-Za-z_])", text)
    }
    assert Numbers(numbers).found_in(text) == alone


ENDS = st.sampled_from(["", "，", "。", "合同", "——", " ", "\n", "（", "-", "签-", "-签", ":"])
CONTINUED = st.tuples(st.sampled_from(["", "-", "－", "‑"]), st.sampled_from([*"019AZaz_０９Ａｚ＿"])).map("".join)
WIDE = str.maketrans({letter: chr(ord(letter) + 0xFEE0) for letter in "AB1-"})


@given(number, ENDS, ENDS)
def test_text_and_punctuation_around_it_leave_it_what_it_is(wanted: str, before: str, after: str) -> None:
    assert names(f"{before}{wanted}{after}", wanted)


@given(number, ENDS, ENDS, CONTINUED)
def test_what_continues_it_makes_another_number_of_it(wanted: str, before: str, after: str, more: str) -> None:
    assert not names(f"{before}{wanted}{more}{after}", wanted)
    assert not names(f"{before}{more[::-1]}{wanted}{after}", wanted)


@given(number, st.text(alphabet="AB1-，_ 签", max_size=30))
def test_the_width_of_its_letters_does_not_matter(wanted: str, text: str) -> None:
    assert names(text, wanted) is names(text.translate(WIDE), wanted) is names(text, wanted.translate(WIDE))
