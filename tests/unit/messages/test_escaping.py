"""Escapers: what a record says stays a text in each format."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifykit.messages.escaping import (
    escape_commonmark,
    escape_html,
    escape_mrkdwn,
    escape_telegram_markdown,
    escape_wecom_markdown,
)

ODD = st.text(st.sampled_from("<>@&[]()!#*_~`|\\-+=.:/{}\"'a1 \n\t工"))
PAIRS = r"[*`~]|(?<![a1工])_|_(?![a1工])"
"""What makes text bold, slanted, struck or code; an underscore within a word does not."""

HOSTILE = [
    "<@all>",
    "[click](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "# heading",
    "a\n# heading\n> quote\n1. one\n- two\n---",
    '<a href="https://evil.example">x</a>',
    "<!channel> <@U1> &amp;",
    "`code` **bold** | cell |",
    "_slanted_ __bold__ ~~gone~~ ~gone~ a_b",
    "a\n=\nb\n-\nc\n--\n- - -\n__\n+",
    "[ref]: https://evil.example",
]


@given(ODD)
def test_html_gives_back_the_text_and_has_no_markup(value: str) -> None:
    escaped = escape_html(value)
    assert html.unescape(escaped) == value
    assert not set(escaped) & set("<>\"'")


@given(ODD)
def test_mrkdwn_has_no_brackets_and_no_bare_ampersand(value: str) -> None:
    escaped = escape_mrkdwn(value)
    assert not set(escaped) & set("<>")
    assert all(escaped.startswith(("&amp;", "&lt;", "&gt;"), at) for at, one in enumerate(escaped) if one == "&")


@given(ODD)
@example("1_`")
def test_mrkdwn_looks_as_the_value_does_and_has_nothing_that_pairs_or_quotes(value: str) -> None:
    escaped = escape_mrkdwn(value)
    assert html.unescape(escaped).replace("\u200b", "").translate(str.maketrans("∗ˋ∼ˍ", "*`~_")) == value
    assert not re.search(PAIRS, escaped)
    assert not [line for line in escaped.split("\n") if line.lstrip(" \t").startswith("&gt;")]


@pytest.mark.parametrize(
    ("escape", "special"),
    [(escape_telegram_markdown, "_*[]()~`>#+-=|{}.!\\"), (escape_commonmark, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")],
)
@given(value=ODD)
def test_each_special_character_has_a_backslash_of_its_own(
    escape: Callable[[str], str], special: str, value: str
) -> None:
    pairs = re.compile(r"\\(.)|([^\\])", re.DOTALL)
    escaped = escape(value)
    found = list(pairs.finditer(escaped))
    assert "".join(one[0] for one in found) == escaped
    for one in found:
        assert (one[1] or "x") in special + "x"
        assert one[2] is None or one[2] not in special
    plain = "".join(one[1] or one[2] for one in found)
    assert plain.replace("\u00a0", " ").replace("\t", " ") == value.replace("\t", " ")


def test_an_indent_makes_no_code_of_a_line() -> None:
    assert escape_commonmark("a\n    b\n\tc") == "a\n\u00a0\u00a0\u00a0\u00a0b\n\u00a0c"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("around", ["{}", "**{}**", "[{}](https://our.example)", "<{}>", "|{}|", "# {}"])
def test_nothing_of_wecoms_markdown_arises_from_a_value(value: str, around: str) -> None:
    before, _, after = around.partition("{}")
    text = before + escape_wecom_markdown(value) + after
    own = before + after
    for markup in (r"<@|<font|</", r"\]\(", r"\]:", r"`", r"\*\*", r"\|", r"~", r"\b_|_\b"):
        assert len(re.findall(markup, text)) <= len(re.findall(markup, own)), (markup, text)
    lines = text.split("\n")
    assert not [line for line in lines[1:] if re.match(r"\s*(#|>|---|[-=_+ ]+$|[-+]\s|\d+\.\s)", line)]


@given(ODD)
@example("1_`")
def test_wecoms_markdown_looks_as_the_value_does_and_has_nothing_that_pairs(value: str) -> None:
    escaped = escape_wecom_markdown(value)
    assert not re.search(PAIRS, escaped)
    seen = escaped.replace("\u200b", "").translate(str.maketrans("∗ˋ｜∼ˍ", "*`|~_"))
    assert seen == value


@given(st.lists(ODD, min_size=1))
def test_values_that_meet_make_no_mention_and_no_link(values: list[str]) -> None:
    text = "".join(map(escape_wecom_markdown, ["<", "[x]", *values, "@all>", "(https://evil.example)"]))
    assert "<@" not in text
    assert "](" not in text
