"""Which columns of a file are key, flag and recipient: guessed for a person to confirm, with the reasons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

Columns = Mapping[str, tuple[str, ...]]

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NUMBER = re.compile(r"\+?[\d\s()./-]{6,20}")
_WORDS = re.compile(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])")
_AMOUNT = re.compile(r"[-+]?\d+([.,]\d+)+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")

KEY_WORDS = frozenset({"id", "key", "no", "nr", "number", "code", "uuid", "ref", "reference"})
KEY_SIGNS = ("编号", "单号", "号码", "编码", "主键")
FLAG_WORDS = frozenset({"notified", "notify", "sent", "flag", "told", "informed", "mailed", "emailed", "messaged"})
FLAG_SIGNS = ("通知", "发送", "已发")
PHONE_WORDS = frozenset({"phone", "mobile", "tel", "telephone", "cell"})
PHONE_SIGNS = ("手机", "电话")
PEOPLE_WORDS = frozenset({"recipient", "to", "email", "mail", "contact", "customer", "name", "user", "group", "owner"})
PEOPLE_SIGNS = ("收件", "接收", "联系", "客户", "姓名", "管家", "邮箱")

FLAG_PAIRS = (
    ("0", "1"),
    ("N", "Y"),
    ("no", "yes"),
    ("false", "true"),
    ("F", "T"),
    ("unsent", "sent"),
    ("pending", "sent"),
    ("否", "是"),
    ("未发送", "已发送"),
    ("未通知", "已通知"),
)
"""What flags say where a message is to be sent, and where it was."""

FIXED = "everybody"
"""The recipient where no column names one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A column, and why it may be the one."""

    column: str
    why: str


@dataclass(frozen=True, slots=True)
class FlagWordsGuess:
    """What a flag says of a record that is to be notified, and of one that was."""

    unsent: str
    sent: str
    why: str


def key_of(columns: Columns) -> Guess | None:
    """Return the column that tells rows apart; None where none does."""
    rows = len(next(iter(columns.values()), ()))
    own = [name for name, cells in columns.items() if all(map(str.strip, cells)) and len(set(cells)) == len(cells)]
    named = [name for name in own if _named(name, KEY_WORDS, KEY_SIGNS) and not _reaches(name, columns[name])]
    plain = [name for name in own if not any(map(_AMOUNT.fullmatch, columns[name]))]
    found = next((name for names in (named, plain, own) for name in names), None)
    if found is None:
        return None
    each = f"each of the {rows:,} rows has its own" if rows > 1 else "nothing speaks against it yet"
    return Guess(found, f"{'its name says so, and ' if found in named else ''}{each}")


def flag_of(columns: Columns, besides: Collection[str] = ()) -> Guess | None:
    """Return the column that says who was told: its name says so, and it holds flags. None where there is none."""
    for name, cells in columns.items():
        if name not in besides and _named(name, FLAG_WORDS, FLAG_SIGNS) and words_of(cells) is not None:
            counted = Counter(cells).most_common()
            holds = " and ".join(f"{word or 'nothing'} ({number:,} x)" for word, number in counted) or "nothing yet"
            return Guess(name, f"its name says so, and it holds {holds}")
    return None


def words_of(cells: Collection[str]) -> FlagWordsGuess | None:
    """Return the two words of a flag column; None where its cells are none."""
    seen = set(cells)
    if not seen:
        return FlagWordsGuess(*FLAG_PAIRS[1], "no row says yet")
    for unsent, sent in _pairs():
        if seen <= {unsent, sent}:
            other = next(iter({unsent, sent} - seen), None)
            why = (
                f"the flag holds {next(iter(seen))}, of which {other} is the counterpart"
                if other
                else "the flag holds both"
            )
            return FlagWordsGuess(unsent, sent, why)
    if not seen - {""}:
        return FlagWordsGuess("", "Y", "the flag is empty everywhere")
    for _, sent in _pairs():
        if seen == {"", sent}:
            return FlagWordsGuess("", sent, f"the flag is empty, or {sent}")
    return None


def recipient_of(columns: Columns, besides: Collection[str] = ()) -> Guess | None:
    """Return the column that says whom to reach; None where none seems to."""
    others = {name: cells for name, cells in columns.items() if name not in besides}
    for name, cells in others.items():
        if _mostly(ADDRESS, cells):
            return Guess(name, "it holds mail addresses")
    for name, cells in others.items():
        if _reaches(name, cells):
            return Guess(name, "its name says so, and it holds numbers to call")
    for name, cells in others.items():
        if _named(name, PEOPLE_WORDS, PEOPLE_SIGNS) and any(map(str.strip, cells)):
            return Guess(name, "its name says so")
    return None


def _reaches(name: str, cells: Collection[str]) -> bool:
    """Whether a column holds mail addresses or telephone numbers."""
    return _mostly(ADDRESS, cells) or (_named(name, PHONE_WORDS, PHONE_SIGNS) and _mostly(NUMBER, cells))


def _mostly(pattern: re.Pattern[str], cells: Collection[str]) -> bool:
    """Whether four of five cells that are not empty look so, and there are any."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and sum(map(bool, map(pattern.fullmatch, filled))) * 5 >= len(filled) * 4


def _named(name: str, words: Collection[str], signs: Collection[str]) -> bool:
    """Whether a name has one of the words, or one of the signs in it."""
    return any(word.lower() in words for word in _WORDS.findall(name)) or any(sign in name for sign in signs)


def _pairs() -> Iterator[tuple[str, str]]:
    """Yield the pairs in small letters, in capitals, and with capital initials."""
    for unsent, sent in FLAG_PAIRS:
        yield unsent, sent
        for style in (str.lower, str.upper, str.capitalize):
            yield style(unsent), style(sent)
