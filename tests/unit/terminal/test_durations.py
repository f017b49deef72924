"""Durations on the command line, written as in YAML."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifykit.options import LONGEST, seconds
from notifykit.terminal.durations import DurationType


@given(st.integers(1, 9999), st.sampled_from(["", "s", "m", "h", "d", " m "]))
def test_it_is_what_yaml_means(number: int, unit: str) -> None:
    assert DurationType().convert(f"{number}{unit}", None, None) == seconds(f"{number}{unit}")


@pytest.mark.parametrize(
    ("text", "found"), [("7", 7 * 86400), (7, 7 * 86400), ("0.5", 43200), ("36h", 36 * 3600), (" 2 d", 2 * 86400)]
)
def test_a_bare_number_may_be_of_days(text: object, found: float) -> None:
    assert DurationType("d").convert(text, None, None) == found


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "3x", "soon", "nan", "inf", "1e3d", "m", "99999999999999"])
@pytest.mark.parametrize("unit", ["s", "d"])
def test_what_is_none_is_wrong_usage(text: str, unit: str) -> None:
    with pytest.raises(click.BadParameter, match=r"must be a duration such as|is no time at all|is longer"):
        DurationType(unit, longest=1e6).convert(text, None, None)


@pytest.mark.parametrize(
    ("longest", "text", "most"),
    [(7 * 86_400, "8d", "7d"), (90, "2m", "90s"), (LONGEST, "115741d", "115740d"), (LONGEST, "9" * 400, "115740d")],
)
def test_what_is_too_long_says_the_most(longest: float, text: str, most: str) -> None:
    with pytest.raises(click.BadParameter, match=f"is longer than can be: {most} at most"):
        DurationType(longest=longest).convert(text, None, None)
