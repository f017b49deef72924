"""Chinese text is folded by columns, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from notifykit.terminal.wrapping import wrapped


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("发送已入队的消息", ["发送已", "入队的", "消息"]),
        ("发送已入。队的", ["发送已", "入。队", "的"]),
        ("发送（入队", ["发送", "（入队"]),
        ("发送已，入队", ["发送", "已，入", "队"]),
        ("发送已甲]入", ["发送已", "甲]入"]),
        ("用 run 发", ["用 run", "发"]),
        ("用 dispatch 发", ["用", "dispatch", "发"]),
        ("", [""]),
    ],
)
def test_where_a_line_ends(text: str, lines: list[str]) -> None:
    assert list(wrapped(text, 7)) == lines


def test_the_first_line_and_the_others_begin_as_they_are_told() -> None:
    assert list(wrapped("甲乙丙丁", 8, "  a ", "    ")) == ["  a 甲乙", "    丙丁"]


@given(st.text("甲乙丙，。（）“”a1-` ", max_size=60), st.integers(8, 40))
def test_nothing_is_lost_and_nothing_sticks_out_but_what_cannot_be_folded(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert line == line.rstrip()
        if cell_len(line) > width:  # one word, with the marks around it
            assert len(list(wrapped(line, 1))) == 1
