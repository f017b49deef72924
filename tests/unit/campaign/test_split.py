from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from notifykit.campaign.split import split_on_line_ends

LINES = st.lists(st.text(alphabet="a恭喜\r,\t", max_size=9), min_size=1, max_size=12)


@given(lines=LINES, limit=st.integers(1, 40))
def test_the_parts_have_every_line_with_text_and_none_is_too_long(lines: list[str], limit: int) -> None:
    text = "\n".join(lines)
    parts = split_on_line_ends(text, limit)
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
    parts = split_on_line_ends("\n".join(lines), limit) or []
    for first, second in pairwise(parts):
        assert len(first.encode()) + 1 + len(second.split("\n")[0].encode()) > limit


def test_a_text_that_fits_is_one_part() -> None:
    assert split_on_line_ends("一\n二", 7) == ["一\n二"]
    assert split_on_line_ends("一\n二", 6) == ["一", "二"]


def test_no_part_is_without_text() -> None:
    assert split_on_line_ends("x" * 9 + "\n" * 5, 9) == ["x" * 9]
    assert split_on_line_ends("\n\n\na\n\n\n\nb", 2) == ["a\n", "b"]
    assert split_on_line_ends("\n\n\n", 1) == ["\n"]
