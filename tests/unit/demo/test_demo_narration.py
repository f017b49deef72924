"""What is told folds at word ends, in the columns that there are."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from notifykit.demo.narration import Narrator, columned, folded
from notifykit.wording import translation

WORDS = st.lists(st.text("ab通知", min_size=1, max_size=9), min_size=1, max_size=40)


@given(WORDS, st.integers(60, 120))
@example(["a知知知", *["a知知知知知知知知"] * 3], 60)
def test_words_stay_whole_and_lines_short(words: list[str], width: int) -> None:
    lines = folded(" ".join(words), width, further="  ")
    assert [word for line in lines for word in line.split()] == words
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("language", [translation.ENGLISH, translation.CHINESE])
def test_a_line_that_is_folded_keeps_its_indent(language: str) -> None:
    translation.speak(language)
    lines = folded(f"    {'word ' * 20}".rstrip(), 60, further="  ")
    assert [len(line) - len(line.lstrip()) for line in lines] == [4, 2]


def test_a_paragraph_is_folded_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    said: list[str] = []
    Narrator(said.append).tell("word " * 60)
    assert len(said) > 3
    assert all(len(line) <= 70 and re.fullmatch(r"  word( word)*", line) for line in said)


@given(st.text("通知", min_size=80, max_size=300), st.integers(60, 120))
def test_chinese_is_folded_by_columns(text: str, width: int) -> None:
    translation.speak(translation.CHINESE)
    lines = folded(text, width, further="  ")
    assert "".join(line.removeprefix("  ") for line in lines) == text
    assert all(cell_len(line) <= width for line in lines)


def test_a_heading_is_in_both_languages_and_in_chinese_alone_where_that_is_spoken() -> None:
    said: list[str] = []
    Narrator(said.append).chapter("The proof", "证明")
    translation.speak(translation.CHINESE)
    Narrator(said.append).act("Act one: a bad day", "第一幕：多事的一天")
    assert said == ["", "== The proof · 证明", "", "==== 第一幕：多事的一天"]


@given(st.lists(st.text("ab通知", max_size=4), min_size=3, max_size=3))
def test_numbers_stand_below_one_another_in_every_language(cells: list[str]) -> None:
    line = columned(cells, (10, 9, 8))
    assert cell_len(line) == 27
    assert line.startswith(cells[0])
    assert line.endswith(cells[2])
