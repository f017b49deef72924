"""Key, flag and recipient of a file, guessed with the reasons."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.start.guessing import FLAG_PAIRS, FlagWordsGuess, flag_of, key_of, recipient_of, words_of

ORDERS = {
    "total": ("1250.5", "80", "99000"),
    "customer": ("Ann", "Bob", "Ann"),
    "email": ("ann@shop.example", "bob@shop.example", "ann@shop.example"),
    "order_id": ("A-1", "A-2", "A-3"),
    "active": ("0", "1", "1"),
    "notified": ("0", "0", "1"),
}


def test_the_key_is_what_is_called_so_and_differs_in_each_row() -> None:
    found = key_of(ORDERS)
    assert found is not None
    assert found.column == "order_id"
    assert "its name says so" in found.why
    assert "each of the 3 rows" in found.why


def test_without_a_name_the_first_column_that_differs_and_is_no_amount() -> None:
    found = key_of({"when": ("2026-01-02", "2026-01-03"), "who": ("ann", "bob"), "total": ("1.5", "2.5")})
    assert found is not None
    assert found.column == "who"


@pytest.mark.parametrize("cells", [("a", "a"), ("a", ""), ("a", " ")])
def test_what_repeats_or_is_empty_is_no_key(cells: tuple[str, ...]) -> None:
    assert key_of({"id": cells}) is None


def test_the_flag_is_called_so_and_holds_flags() -> None:
    found = flag_of(ORDERS)
    assert found is not None
    assert found.column == "notified"
    assert "0 (2 x) and 1 (1 x)" in found.why


def test_a_column_of_zeros_and_ones_that_is_not_called_so_is_left_alone() -> None:
    assert flag_of({"active": ("0", "1")}) is None
    assert flag_of({"sent_at": ("2026-01-02", "")}) is None


@given(
    st.sampled_from(FLAG_PAIRS),
    st.sampled_from([str, str.lower, str.upper, str.capitalize]),
    st.lists(st.booleans(), min_size=1),
)
def test_both_words_are_told_in_the_letters_of_the_file(
    pair: tuple[str, str], style: type[str], rows: list[bool]
) -> None:
    unsent, sent = map(style, pair)
    found = words_of([sent if told else unsent for told in rows])
    assert found is not None
    if len(set(rows)) == 2:
        assert (found.unsent, found.sent) == (unsent, sent)
    seen = {sent if told else unsent for told in rows}
    assert seen <= {found.unsent, found.sent}
    assert found.unsent != found.sent


def test_an_empty_cell_is_a_flag_as_well() -> None:
    assert words_of([]) == FlagWordsGuess("N", "Y", "no row says yet")
    empty, half, other = words_of(["", ""]), words_of(["", "是"]), words_of(["", "maybe"])
    assert (empty and (empty.unsent, empty.sent)) == ("", "Y")
    assert (half and (half.unsent, half.sent)) == ("", "是")
    assert other is None


@given(st.lists(st.text(string.ascii_letters, min_size=3), min_size=3, unique=True))
def test_words_that_are_no_flags_are_none(cells: list[str]) -> None:
    assert words_of(cells) is None


def test_the_recipient_is_what_addresses_are_in() -> None:
    assert recipient_of(ORDERS) == recipient_of({"x": ORDERS["email"], **ORDERS}, {"x"})
    found = recipient_of(ORDERS)
    assert found is not None
    assert found.column == "email"


def test_numbers_to_call_then_names() -> None:
    columns = {"客户": ("甲",), "amount": ("13800000001",), "手机": ("13800000001",)}
    assert [found and found.column for found in (recipient_of(columns), recipient_of(columns, {"手机"}))] == [
        "手机",
        "客户",
    ]
    assert recipient_of(columns, {"手机", "客户"}) is None
