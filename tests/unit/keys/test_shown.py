"""Two keys that look the same are shown so that they differ, and what is shown can be typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.keys.shown import shown, unshown

LETTERS = st.text(
    st.sampled_from(["A", "1", "\\", "u", "U", "2", "0", "b", "\u200b", "\u0301", "\U000e0101", "\u5408"])
)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("A-1", "A-1"),
        ("\u5408\u540c\u00e9", "\u5408\u540c\u00e9"),
        ("A\u200b1\u00a0", r"A\u200b1\u00a0"),
        ("e\u0301", r"e\u0301"),
        ("\uff11\u0664", r"\uff11\u0664"),
        ("\U000e0101", r"\U000e0101"),
        ("\u1112\u1161\u11ab", r"\u1112\u1161\u11ab"),
        ("\u212a", r"\u212a"),
        ("C:\\new", r"C:\\new"),
        ("a\tb", r"a\u0009b"),
    ],
)
def test_what_cannot_be_told_by_eye_is_escaped(key: str, text: str) -> None:
    assert shown(key) == text
    assert unshown(text) == key


@given(st.text() | LETTERS)
def test_what_is_shown_is_meant(key: str) -> None:
    assert unshown(shown(key)) == key


@given(st.lists(st.text() | LETTERS, min_size=2, max_size=2, unique=True))
def test_different_keys_are_shown_differently(pair: list[str]) -> None:
    assert shown(pair[0]) != shown(pair[1])


@pytest.mark.parametrize("text", [r"C\1", r"\u12", r"\Uffffffff", "\\"])
def test_a_backslash_that_begins_nothing_stays(text: str) -> None:
    assert unshown(text) == text
