"""A contract number is found where it stands by itself, and nowhere else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifykit_migration.legacy.numbers import Numbers

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
