"""The normal form of a business key: spellings that a person would read as the same key share it.

The exact text is the key. The normal form only guards: a new key is held where another key has the same one. Stores
keep it, so a change of it needs a step of the schema that fills `key_forms` anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST = 100
"""Digits that a number may take when it is written out. What would take more is text, not a number."""

LONGEST_KEY = 1_000
"""Characters up to which a key may be a number, or stand in quotes. A longer one is text."""

is_plain = re.compile(
    "(?!#)(?:[1-9][0-9]*+|[0-9eE_/#:.-]*+[A-DF-Za-df-z\u4e00-\u9fff][0-9A-Za-z_/#:.\u4e00-\u9fff-]*+)"
).fullmatch
"""Matches most keys that are their own normal form: digits, and what has a letter that no number has.

None that starts like a spreadsheet's error value.
"""

_UNSEEN = (
    (0x00, 0x08), (0x0E, 0x1B), (0x7F, 0x84), (0x86, 0x9F),  # controls that are no space
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Unicode's Default_Ignorable_Code_Point, with controls, interlinear annotation and the blank Braille pattern."""

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_APOSTROPHES, _QUOTES = "\u2018\u2019\u201b\u02bc", "\u201c\u201d\u201f"


def _folds() -> Mapping[int, str | None]:
    folds: dict[int, str | None] = {
        **dict.fromkeys(map(ord, _DASHES), "-"),
        **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
        **dict.fromkeys(map(ord, _QUOTES), '"'),
    }
    for code in range(0xFF01, 0xFFEF):  # the forms of one width, of ASCII, Katakana, Hangul and signs
        kind, _, target = unicodedata.decomposition(chr(code)).partition(" ")
        if kind in ("<wide>", "<narrow>"):
            folds[code] = folds.get(int(target, 16), chr(int(target, 16)))
    for first, last in _UNSEEN:
        folds |= dict.fromkeys(range(first, last + 1))
    return folds


FOLDS = _folds()
"""Code point to what it is folded to; None: it cannot be seen."""

FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")
"""A decimal digit other than those of ASCII."""

_QUOTED = re.compile(r'=?"(.*[^\s"].*)"')
"""What a spreadsheet is told to take as text, `="0012"`, or quotes that were left over."""

_NUMBER = re.compile(
    r"""(?P<sign>[+-]?)
    (?: (?P<commas>[1-9]\d{0,2}(?:,\d{2,3})*,\d{3})(?:\.(?P<commas_fraction>\d*))?
      | (?P<dots>[1-9]\d{0,2}(?:\.\d{3}){2,})(?:,(?P<dots_fraction>\d*))?
      | (?P<gaps>[1-9]\d{0,3}(?:(?P<gap>[ '_])\d{3,4})(?:(?P=gap)\d{3,4})*)(?:[.,](?P<gaps_fraction>\d*))?
      | (?P<whole>\d+)(?:[.,](?P<fraction>\d*))?
    )
    (?:[eE](?P<exponent>[+-]?\d{1,6}))?""",
    re.VERBOSE | re.ASCII,
)
"""A number as programs and people write it, with its thousands grouped or not."""

_ERROR = re.compile(r"#(?:N/A|(?:REF|VALUE|DIV/0|NULL|NUM|SPILL|CALC|ERROR)!|NAME\?)|##+")
"""What a spreadsheet shows where a formula gives nothing, or a number does not fit its column."""


@dataclass(frozen=True, slots=True)
class _Number:
    sign: str
    whole: str
    """Digits before the point, as written."""
    fraction: str | None
    """Digits behind it; None without a point."""
    exponent: int | None

    def written_out(self) -> str | None:
        """Return the exact value without an exponent or needless zeros.

        None where that takes too many digits, or where there are fewer digits than the value has: some were lost.
        """
        fraction = self.fraction or ""
        digits = (self.whole + fraction).lstrip("0")
        point = len(digits) - len(fraction) + (self.exponent or 0)  # digits before the point of the value
        if (
            self.exponent is not None
            and (point > len(digits) or not -LONGEST <= point <= LONGEST)
            and digits.strip("0")
        ):
            return None
        before, after = digits[: max(point, 0)], ("0" * max(-point, 0) + digits[max(point, 0) :]).rstrip("0")
        if not before and not after:
            return "0"
        sign = "-" if self.sign == "-" else ""
        return sign + (before or "0") + (f".{after}" if after else "")


def odd_keys(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield campaign, normal form and key of those that are not their own normal form. `keys`: campaigns with keys."""
    for campaign, key in keys:
        if not is_plain(key) and (form := normal_form(key)) != key:
            yield campaign, form, key


def normal_form(key: str) -> str:
    """Return what all spellings of a key have in common; empty where nothing of it can be seen.

    Width, dashes, quotes, the way in which accents are composed, spaces, digits of other scripts and what cannot be
    seen are folded, letters never; a number becomes its exact value, unless some of its digits were lost.
    """
    if is_plain(key):
        return key
    if key.isascii() and key.isdigit():
        return key.lstrip("0") or "0"
    text = _unquoted(_folded(key))
    number = _number(text)
    return (number.written_out() if number is not None else None) or text


def is_programs_number(key: str) -> bool:
    """Whether a program made a number of a key, and wrote it as programs do: `1.12025E+18`, `1.1202508E18`, `1001.0`.

    Its digits may be lost. `12E5`, with neither a point nor a sign, may be an identifier.
    """
    if is_plain(key) or key.isdigit():
        return False
    number = _number(_unquoted(_folded(key)))
    if number is None:
        return False
    if number.exponent is not None:
        return number.exponent >= 0
    return number.fraction is not None and number.fraction != "" and not number.fraction.strip("0")


def is_spreadsheets_error(key: str) -> bool:
    """Whether a key is what a spreadsheet writes where it has no value: `#N/A`, `#REF!`, `####`."""
    return not is_plain(key) and _ERROR.fullmatch(_unquoted(_folded(key))) is not None


def _folded(key: str) -> str:
    if key.isascii():
        text = key if key.isprintable() else key.translate(FOLDS)
    else:
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", key).translate(FOLDS))
        text = FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return " ".join(text.split())


def _unquoted(text: str) -> str:
    """Take away what tells a spreadsheet that a cell is text: an apostrophe before it, or quotes around it."""
    while len(text) <= LONGEST_KEY:
        quoted = _QUOTED.fullmatch(text)
        inner = quoted[1].strip() if quoted else text.lstrip("' ") or text
        if inner == text:
            break
        text = inner
    return text


def _number(text: str) -> _Number | None:
    if len(text) > LONGEST_KEY or (found := _NUMBER.fullmatch(text)) is None:
        return None
    part = found.groupdict()
    fraction = next((part[name] for name in part if name.endswith("fraction") and part[name] is not None), None)
    exponent = part["exponent"]
    if exponent is not None and fraction is None and exponent.isdigit():
        return None  # 12E5 may be an identifier
    whole = part["commas"] or part["dots"] or part["gaps"] or part["whole"]
    digits = re.sub(r"\D", "", whole)
    return _Number(part["sign"], digits, fraction, None if exponent is None else int(exponent))
