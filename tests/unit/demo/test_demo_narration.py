"""What is told folds at word ends, in the columns that there are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from notifykit.demo.narration import Narrator, folded

WORDS = st.lists(st.text("ab通知", min_size=1, max_size=9), min_size=1, max_size=40)


@given(WORDS, st.integers(60, 120))
def test_words_stay_whole_and_lines_short(words: list[str], width: int) -> None:
    lines = folded(" ".join(words), width, further="  ")
    assert [word for line in lines for word in line.split()] == words
    assert all(cell_len(line) <= width for line in lines)


def test_a_paragraph_is_folded_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    said: list[str] = []
    Narrator(said.append).tell("word " * 60)
    assert len(said) > 3
    assert all(len(line) <= 70 and re.fullmatch(r"  word( word)*", line) for line in said)
