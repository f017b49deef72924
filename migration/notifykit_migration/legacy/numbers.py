"""Finds contract numbers in the texts of the old program's messages: its rows carry no contract id.

A number counts only where it stands by itself: `…-1` is not found in `…-10`, nor in `X-…-1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_words = re.compile(r"[0-9A-Za-z_]+").finditer
_LETTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")


class Numbers:
    """Many numbers that are looked for at once, each found by its last word."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._by_word: dict[str, list[tuple[str, int]]] = {}
        self.unusable: set[str] = set()
        """Numbers without a letter or digit: no text can be searched for them."""
        for number in numbers:
            last = None
            for last in _words(number):  # noqa: B007 - the last one is wanted
                pass
            if last is None:
                self.unusable.add(number)
            else:
                self._by_word.setdefault(last[0], []).append((number, last.start()))

    def found_in(self, text: str) -> set[str]:
        """Return the numbers that stand in a text."""
        found: set[str] = set()
        get = self._by_word.get
        for word in _words(text):
            for number, at in get(word[0]) or ():
                start = word.start() - at
                if start >= 0 and text.startswith(number, start) and _alone(text, start, start + len(number)):
                    found.add(number)
        return found


def _alone(text: str, start: int, end: int) -> bool:
    """Whether no word, and no dash with a word beyond it, continues the number on either side."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (before[-1] in _LETTERS or (before[-1] == "-" and before[0] in _LETTERS and len(before) == 2)):
        return False
    return not (after and (after[0] in _LETTERS or (after[0] == "-" and after[-1] in _LETTERS and len(after) == 2)))
