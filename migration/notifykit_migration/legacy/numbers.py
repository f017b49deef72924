"""Finds contract numbers in the texts of the old program's messages: its rows carry no contract id.

A number counts only where it stands by itself: `…-1` is not found in `…-10`, nor in `X-…-1`. Letters, digits and
underscores continue a number, and so does a hyphen with one of them beyond it. Chinese text and punctuation do not.
Full-width letters, digits and hyphens are the same as their half-width forms; upper and lower case differ.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from notifykit.model import Record

LONG = 5
"""Characters that a number has at least where no column is said: shorter ones stand in any text."""

_words = re.compile(r"[0-9A-Za-z_]+").finditer
_LETTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")

_is_wide = re.compile("[０-９Ａ-Ｚａ-ｚ＿－‐‑−]").search
_NARROW = {ord(letter) + 0xFEE0: letter for letter in (*_LETTERS, "-")} | dict.fromkeys(map(ord, "‐‑−"), "-")


class Numbers:
    """Many numbers that are looked for at once, each found by its last word."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        """Last word to the numbers that end with it."""
        self.unusable: set[str] = set()
        """Numbers without a letter or digit: no text can be searched for them."""
        for number in numbers:
            last = None
            for last in _words(_narrow(number)):  # noqa: B007 - the last one is wanted
                pass
            if last is None:
                self.unusable.add(number)
            elif (known := self._by_word.get(last[0])) is None:
                self._by_word[last[0]] = [number]
            else:
                known.append(number)

    def found_in(self, text: str) -> set[str]:
        """Return the numbers that stand in a text."""
        found: set[str] = set()
        get = self._by_word.get
        text = _narrow(text)
        for word in _words(text):
            for number in get(word[0]) or ():
                wanted = _narrow(number)
                start = word.start() - wanted.rindex(word[0])
                if start >= 0 and text.startswith(wanted, start) and _alone(text, start, start + len(wanted)):
                    found.add(number)
        return found


def naming_cells(records: Iterable[Record]) -> list[tuple[str, dict[str, str]]]:
    """Return the columns whose cells tell most records apart, each with its cells to keys of records."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    keys = set()
    for record in records:
        keys.add(record.key)
        for column, cell in record.items():
            if len(cell := str(cell)) >= LONG:
                found[column][cell] = record.key
    return [(column, cells) for column, cells in found.items() if len(cells) * 2 > len(keys)]


def names(text: str, number: str) -> bool:
    """Whether a text names this very number. For many texts or numbers, `Numbers` is quicker."""
    return bool(Numbers([number]).found_in(text))


def _narrow(text: str) -> str:
    """Return the text with half-width letters, digits and hyphens; every character stays in its place."""
    return text.translate(_NARROW) if _is_wide(text) else text


def _alone(text: str, start: int, end: int) -> bool:
    """Whether no word, and no hyphen with a word beyond it, continues the number on either side."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (before[-1] in _LETTERS or (before[-1] == "-" and before[0] in _LETTERS and len(before) == 2)):
        return False
    return not (after and (after[0] in _LETTERS or (after[0] == "-" and after[-1] in _LETTERS and len(after) == 2)))
