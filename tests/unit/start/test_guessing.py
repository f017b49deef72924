"""Key, flag and recipient of a file, guessed with the reasons."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.start.guessing import (
    FLAG_PAIRS,
    FlagWordsGuess,
    flag_of,
    key_of,
    likely_words,
    recipient_of,
    undecided,
    words_of,
)

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
    assert undecided({"id": ("a", "b"), "active": ("0", "1")}, {"id"}) == "active may be one by what stands there"
    assert undecided({"id": ("a", "b"), "name": ("Ann", "Bob")}) == ""


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("sent", ("Yes", "No", "yes")),
        ("SENT", ("TRUE", "FALSE", "True")),
        ("isNotified", ("Y", "N", "y", "N/A")),
        ("mailed", ("maybe", "", "yes")),
        ("sent_at", ("2026-01-02", "")),
        ("sent_at", ("", "")),
        ("send_date", ("", "Y")),
        ("status", ("open", "closed")),
        ("done", ("x", "")),
        ("已发送", ("是", "否", "是的")),
        ("是否通知", ("Y", "y", "N")),
        ("发送状态", ("成功", "失败")),
        ("通知时间", ("2026-01-02 08:00", "")),
        ("处理状态", ("完成", "")),
        ("remark", ("Sent", "will not come")),
        ("备注", ("已通知", "未接电话")),
    ],
)
def test_a_record_of_sending_without_two_clear_words_is_found_and_doubted(column: str, cells: tuple[str, ...]) -> None:
    found = flag_of({"id": tuple(map(str, range(len(cells)))), column: cells})
    assert found is not None
    assert found.column == column
    assert found.doubt.startswith(f"{column} may say who was told, but ")
    assert all(f"{cell or 'nothing'} (" in found.doubt for cell in cells)


@pytest.mark.parametrize(
    ("column", "cells"),
    [("sent", ("No", "Yes")), ("是否通知", ("否", "是")), ("x", ("未发送", "已发送")), ("told", ("", ""))],
)
def test_two_clear_words_are_taken_without_a_doubt(column: str, cells: tuple[str, ...]) -> None:
    found = flag_of({"id": ("1", "2"), column: cells})
    assert found is not None
    assert (found.column, found.doubt) == (column, "")


@pytest.mark.parametrize(
    "columns",
    [
        {"发送邮箱": ("a@b.example", "c@d.example")},
        {"处理时间": ("2026-01-02", "2026-01-03")},
        {"status": ("", "")},
        {"name": ("Ann", "Bob")},
    ],
)
def test_what_is_no_record_of_sending_is_none(columns: dict[str, tuple[str, ...]]) -> None:
    assert flag_of(columns) is None


@given(st.lists(st.sampled_from(["Y", "N"]), min_size=1), st.data())
def test_a_column_that_contradicts_the_flag_makes_it_doubtful(flags: list[str], data: st.DataObject) -> None:
    times = [data.draw(st.sampled_from(["", "2026-01-02"])) for _ in flags]
    found = flag_of({"sent": tuple(flags), "sent_at": tuple(times)})
    assert found is not None
    assert found.column == "sent"
    contradicted = any(flag == "N" and time for flag, time in zip(flags, times, strict=True))
    assert bool(found.doubt) == contradicted


def test_two_flags_that_contradict_each_other_are_doubtful() -> None:
    found = flag_of({"sent": ("N", "Y"), "notified": ("Y", "Y")})
    assert found is not None
    assert found.doubt == "sent and notified contradict each other: by notified 1 row was told, and sent says N"


def test_likely_words_are_those_of_a_pair_and_never_count_a_told_record_as_untold() -> None:
    words = {
        cells: (found.unsent, found.sent, bool(found.doubt))
        for cells in (("N", "Y"), ("Yes", "No", "yes", "Yes"), ("x", ""), ("maybe", "", "yes"), ("2026-01-02", "03"))
        for found in [likely_words(cells)]
    }
    assert list(words.values()) == [
        ("N", "Y", False),
        ("No", "Yes", True),
        ("", "x", True),
        ("", "yes", True),
        (None, None, True),
    ]


def test_why_a_column_is_not_the_key_is_said() -> None:
    for cells, why in (
        (("1", "1", "2"), "2 rows say 1"),
        (("1", " ", "2"), "1 of 3 rows have nothing there"),
        (("1.12E+18", "1.13E18", "1.14E+18"), "1.12E+18 was rounded by a spreadsheet"),
    ):
        mails = ("a@b.example", "c@d.example", "e@f.example")
        found = key_of({"id": cells, "email": mails})
        assert found is not None
        assert (found.column, found.doubt) == ("email", f"id is called a key, and is none: {why}")
        beside = key_of({"customer_id": cells, "order_no": ("a", "b", "c")})
        assert beside is not None
        assert (beside.column, beside.doubt) == ("order_no", "")
        assert f"customer_id is called a key, and is none: {why}" in beside.why


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
    seen: set[str | None] = {sent if told else unsent for told in rows}
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
