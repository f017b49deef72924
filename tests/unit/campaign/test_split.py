from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.lengths import Bound, cut, exceeded
from notifykit.campaign.split import split_on_line_ends

LINES = st.lists(st.text(alphabet="a恭喜\r,\t", max_size=9), min_size=1, max_size=12)


@given(lines=LINES, limit=st.integers(1, 40))
def test_the_parts_have_every_line_with_text_and_none_is_too_long(lines: list[str], limit: int) -> None:
    text = "\n".join(lines)
    parts = split_on_line_ends(text, [Bound(limit, "bytes")])
    if parts is None:
        assert max(len(line.encode()) for line in lines) > limit
    else:
        told = [line for line in text.split("\n") if line.strip()]
        assert [line for part in parts for line in part.split("\n") if line.strip()] == told
        assert not text.strip() or all(part.strip() for part in parts)
        assert max(len(part.encode()) for part in parts) <= limit


@given(lines=LINES, limit=st.integers(1, 40))
def test_neighbouring_parts_would_not_fit_together(lines: list[str], limit: int) -> None:
    lines = [line or "." for line in lines]
    parts = split_on_line_ends("\n".join(lines), [Bound(limit, "bytes")]) or []
    for first, second in pairwise(parts):
        assert len(first.encode()) + 1 + len(second.split("\n")[0].encode()) > limit


def test_a_text_that_fits_is_one_part() -> None:
    assert split_on_line_ends("一\n二", [Bound(7, "bytes")]) == ["一\n二"]
    assert split_on_line_ends("一\n二", [Bound(6, "bytes")]) == ["一", "二"]


def test_no_part_is_without_text() -> None:
    assert split_on_line_ends("x" * 9 + "\n" * 5, [Bound(9, "bytes")]) == ["x" * 9]
    assert split_on_line_ends("\n\n\na\n\n\n\nb", [Bound(2, "bytes")]) == ["a\n", "b"]
    assert split_on_line_ends("\n\n\n", [Bound(1, "bytes")]) == ["\n"]


def test_each_service_counts_in_its_own_way() -> None:
    text = "喜🎉"
    assert [Bound(1, unit).of(text) for unit in ("bytes", "characters", "utf16")] == [7, 2, 3]
    assert split_on_line_ends("🎉\n🎉", [Bound(4, "utf16")]) == ["🎉", "🎉"]
    assert split_on_line_ends("🎉\n🎉", [Bound(3, "characters")]) == ["🎉\n🎉"]


@given(lines=LINES, most=st.integers(1, 12), bytes_=st.integers(1, 24))
def test_every_bound_holds(lines: list[str], most: int, bytes_: int) -> None:
    bounds = [Bound(bytes_, "bytes"), Bound(most, "utf16")]
    parts = split_on_line_ends("\n".join(lines), bounds)
    if parts is None:
        assert any(exceeded(bounds, line) for line in lines)
    else:
        assert not any(exceeded(bounds, part) for part in parts)


@given(text=st.text(alphabet="a喜🎉", max_size=12), most=st.integers(1, 9))
def test_what_is_cut_off_is_no_more_than_need_be(text: str, most: int) -> None:
    bounds = [Bound(most, "utf16")]
    kept = cut(bounds, text)
    assert text.startswith(kept)
    assert not exceeded(bounds, kept)
    assert kept == text or exceeded(bounds, text[: len(kept) + 1])
