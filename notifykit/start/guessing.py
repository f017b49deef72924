"""Which columns of a file are key, flag and recipient: guessed for a person to confirm, with the reasons."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from notifykit.wording.translation import gettext, gettext_noop

Columns = Mapping[str, tuple[str, ...]]

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NUMBER = re.compile(r"\+?[\d\s()./-]{6,20}")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*")
_ROUNDED = re.compile(r"[-+]?\d\.\d+E\+?\d+|[-+]?\d+E\+\d+", re.IGNORECASE)
"""A number as spreadsheets write long ones, of which the last digits are lost."""
_AMOUNT = re.compile(r"[-+]?\d+([.,]\d+)+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")

KEY_WORDS = frozenset({"id", "key", "no", "nr", "number", "code", "uuid", "ref", "reference"})
KEY_SIGNS = ("编号", "单号", "号码", "编码", "主键")
FLAG_WORDS = frozenset(
    {"notified", "notify", "notification", "sent", "send", "flag", "told", "informed", "mailed", "emailed"}
    | {"messaged", "contacted", "delivered", "reminded"}
)
FLAG_SIGNS = ("通知", "发送", "已发", "发信", "推送", "提醒", "告知")
MAYBE_WORDS = frozenset({"status", "done", "processed", "handled"})
MAYBE_SIGNS = ("状态", "处理", "完成", "已读")
"""In the names of columns that may say who was told, and may say something else."""
TIME_WORDS = frozenset({"at", "on", "date", "time", "when", "datetime", "timestamp"})
TIME_SIGNS = ("时间", "日期", "时刻")
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
SPEAKING = frozenset(
    {"unsent", "sent", "not sent", "notified", "not notified", "told", "informed", "mailed", "delivered"}
    | {"未发送", "已发送", "未通知", "已通知", "未发", "已发", "已推送", "已提醒"}
)
"""Words that say by themselves that they are about messages, whatever their column is called."""
SHOWN = 5
"""Words of a flag that are named."""
WIDEST = 40
"""Characters of a cell that are shown."""

FIXED = "everybody"
"""The recipient where no column names one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A column, and why it may be the one."""

    column: str
    why: str
    doubt: str = ""
    """Why it is not taken unasked; empty where it may be."""


@dataclass(frozen=True, slots=True)
class FlagWordsGuess:
    """What a flag says of a record that is to be notified, and of one that was."""

    unsent: str | None
    """None: nobody can tell; likewise `sent`."""
    sent: str | None
    why: str
    doubt: str = ""
    """Why they are not taken unasked; empty where they may be."""


def key_of(columns: Columns) -> Guess | None:
    """Return the column that tells rows apart; None where none does."""
    rows = len(next(iter(columns.values()), ()))
    own = [name for name, cells in columns.items() if fault_as_key(cells) is None]
    named = [name for name in own if called_key(name) and not _reaches(name, columns[name])]
    plain = [name for name in own if not any(map(_AMOUNT.fullmatch, columns[name]))]
    found = next((name for names in (named, plain, own) for name in names), None)
    if found is None:
        return None
    each = (
        gettext("each of the {rows:,} rows has its own", rows=rows)
        if rows > 1
        else gettext("nothing speaks against it yet")
    )
    passed = passed_over(columns)
    if passed and found not in named:
        why = gettext("{passed}; {column} may be one: {each}", passed=passed, column=found, each=each)
        return Guess(found, why, passed)
    why = gettext("its name says so, and {each}", each=each) if found in named else each
    return Guess(found, gettext("{why}; {passed}", why=why, passed=passed) if passed else why)


def passed_over(columns: Columns) -> str:
    """Say which column is called a key and cannot be one, and why; empty where there is none."""
    for name, cells in columns.items():
        if called_key(name) and not _reaches(name, cells) and (fault := fault_as_key(cells)):
            return gettext("{name} is called a key, and is none: {fault}", name=name, fault=fault)
    return ""


def called_key(name: str) -> bool:
    """Whether a column is called like a key."""
    return _named(name, KEY_WORDS, KEY_SIGNS)


def fault_as_key(cells: Sequence[str]) -> str | None:
    """Return why cells tell no rows apart; None where they do."""
    empty = sum(not cell.strip() for cell in cells)
    if empty:
        return gettext("{empty:,} of {rows:,} rows have nothing there", empty=empty, rows=len(cells))
    word, number = next(iter(Counter(cells).most_common(1)), ("", 0))
    if number > 1:
        return gettext("{number:,} rows say {word}", number=number, word=shown(word))
    rounded = next(filter(_ROUNDED.fullmatch, cells), None)
    return rounded and gettext("{number} was rounded by a spreadsheet", number=rounded)


def flag_of(columns: Columns, besides: Collection[str] = ()) -> Guess | None:
    """Return the column that says who was told, by its name or by what it holds; None where none does.

    With a doubt where its words are not two clear ones, its name may say something else, or another column contradicts.
    """
    clear: dict[str, FlagWordsGuess] = {}
    doubtful: list[Guess] = []
    maybe: list[Guess] = []
    for name, cells in columns.items():
        if name in besides or _reaches(name, cells):
            continue
        plain = _named(name, FLAG_WORDS, FLAG_SIGNS) or any(cell.strip().casefold() in SPEAKING for cell in set(cells))
        maybe_called = _named(name, MAYBE_WORDS, MAYBE_SIGNS) and not _is_time(name)
        if not plain and not (maybe_called and any(map(str.strip, cells))):
            continue
        words = words_of(cells)
        if plain and words is not None and not _is_time(name):
            clear[name] = words
            continue
        what = (
            gettext("its words are not two clear ones")
            if words is None
            else gettext("it is called a time")
            if plain
            else gettext("its name does not say that")
        )
        doubt = gettext(
            "{name} may say who was told, but {what}: it holds {words}", name=name, what=what, words=held(cells)
        )
        (doubtful if plain else maybe).append(Guess(name, doubt, doubt))
    times = {guess.column: None for guess in doubtful if _is_time(guess.column)}
    for name, words in clear.items():
        why = (
            gettext("its name says so, and it holds {words}", words=held(columns[name]))
            if _named(name, FLAG_WORDS, FLAG_SIGNS)
            else gettext("its words say so, and it holds {words}", words=held(columns[name]))
        )
        doubt = _contradiction(columns, name, words.unsent, {**times, **clear})
        return Guess(name, doubt or why, doubt)
    return next(iter((*doubtful, *maybe)), None)


def _contradiction(columns: Columns, flag: str, unsent: str | None, others: Mapping[str, FlagWordsGuess | None]) -> str:
    """Say which other column tells of rows as told that the flag says are not; empty where none does.

    `others`: their words; None where any text says so, as a time does.
    """
    for name, words in others.items():
        told = sum(
            (cell == words.sent if words else bool(cell.strip()))
            for cell, said in zip(columns[name], columns[flag], strict=True)
            if said == unsent and name != flag
        )
        if told:
            one = gettext_noop(
                "{flag} and {name} contradict each other: by {name} 1 row was told, and {flag} says {word}"
            )
            more = gettext_noop(
                "{flag} and {name} contradict each other: by {name} {rows:,} rows were told, and {flag} says {word}"
            )
            return gettext(one if told == 1 else more, flag=flag, name=name, rows=told, word=shown(unsent or ""))
    return ""


def undecided(columns: Columns, besides: Collection[str] = ()) -> str:
    """Say which columns hold yes and no, or the like, and are not called a flag; empty where none does."""
    names = [
        name for name, cells in columns.items() if name not in besides and any(cells) and words_of(cells) is not None
    ]
    return gettext("{names} may be one by what stands there", names=", ".join(names[:SHOWN])) if names else ""


def called_flag(name: str) -> bool:
    """Whether a column is called like a flag, or like what may be one."""
    return _named(name, FLAG_WORDS | MAYBE_WORDS, FLAG_SIGNS + MAYBE_SIGNS)


def held(cells: Collection[str]) -> str:
    """Say which words a flag holds, the most frequent first, and which of them differ in their letters alone."""
    counted = Counter(cells).most_common()
    said = [gettext("{word} ({number:,} x)", word=shown(word), number=number) for word, number in counted[:SHOWN]]
    if len(counted) > SHOWN:
        said.append(gettext("{number:,} more", number=len(counted) - SHOWN))
    alike: dict[str, list[str]] = defaultdict(list)
    for word, _ in counted[:SHOWN]:
        alike[word.strip().casefold()].append(repr(word))
    notes = (
        gettext("; {words} are not the same word", words=gettext(" and ").join(words))
        for words in alike.values()
        if len(words) > 1
    )
    return (gettext(" and ").join(said) or gettext("nothing yet")) + "".join(notes)


def shown(word: str) -> str:
    """Return a cell's text as it may stand in a line."""
    short = word if len(word) <= WIDEST else f"{word[:WIDEST]}…"
    return short if short.isprintable() and short.strip() else repr(short) if short else gettext("nothing")


def words_of(cells: Collection[str]) -> FlagWordsGuess | None:
    """Return the two words of a flag column; None where its cells are none."""
    seen = set(cells)
    if not seen:
        return FlagWordsGuess(*FLAG_PAIRS[1], gettext("no row says yet"))
    for unsent, sent in _pairs():
        if seen <= {unsent, sent}:
            other = next(iter({unsent, sent} - seen), None)
            why = (
                gettext(
                    "the flag holds {word}, of which {other} is the counterpart", word=next(iter(seen)), other=other
                )
                if other
                else gettext("the flag holds both")
            )
            return FlagWordsGuess(unsent, sent, why)
    if not seen - {""}:
        return FlagWordsGuess("", "Y", gettext("the flag is empty everywhere"))
    for _, sent in _pairs():
        if seen == {"", sent}:
            return FlagWordsGuess("", sent, gettext("the flag is empty, or {word}", word=sent))
    return None


def likely_words(cells: Collection[str]) -> FlagWordsGuess:
    """Return the two words of a flag column; with a doubt where they are not clear.

    An empty cell is a record that is to be told only where no other word says so: nobody counts as such who may
    have been told.
    """
    if (clear := words_of(cells)) is not None:
        return clear
    words = [word for word, _ in Counter(cells).most_common()]
    unsent, sent = (_first(words, side) for side in (0, 1))
    if unsent is None and "" in words:
        unsent = ""
    others = [word for word in words if word not in (unsent, "")]
    if sent is None and unsent is not None and len(others) == 1 and not _AMOUNT.fullmatch(others[0]):
        sent = others[0]
    doubt = gettext("its words are not two clear ones: it holds {words}", words=held(cells))
    return FlagWordsGuess(unsent, sent, doubt, doubt)


def _first(words: Collection[str], side: int) -> str | None:
    """Return the first word that is one of a pair's sides, whatever its letters."""
    known = {pair[side].casefold() for pair in FLAG_PAIRS}
    return next((word for word in words if word.strip().casefold() in known), None)


def called_recipient(name: str) -> bool:
    """Whether a column is called like a recipient."""
    return _named(name, PEOPLE_WORDS | PHONE_WORDS, PEOPLE_SIGNS + PHONE_SIGNS)


def recipient_of(columns: Columns, besides: Collection[str] = ()) -> Guess | None:
    """Return the column that says whom to reach; None where none seems to."""
    others = {name: cells for name, cells in columns.items() if name not in besides}
    for name, cells in others.items():
        if _mostly(ADDRESS, cells):
            return Guess(name, gettext("it holds mail addresses"))
    for name, cells in others.items():
        if _reaches(name, cells):
            return Guess(name, gettext("its name says so, and it holds numbers to call"))
    for name, cells in others.items():
        if _named(name, PEOPLE_WORDS, PEOPLE_SIGNS) and any(map(str.strip, cells)):
            return Guess(name, gettext("its name says so"))
    return None


def _reaches(name: str, cells: Collection[str]) -> bool:
    """Whether a column holds mail addresses or telephone numbers."""
    return _mostly(ADDRESS, cells) or (_named(name, PHONE_WORDS, PHONE_SIGNS) and _mostly(NUMBER, cells))


def _is_time(name: str) -> bool:
    """Whether a column is called like a point in time."""
    return _named(name, TIME_WORDS, TIME_SIGNS)


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
