"""What a campaign's CSV becomes when the old program rewrites it whole, from rows that it read a while ago.

Only what the program changed is taken over: its flags are not, and rows that came meanwhile stay. A row that it did
not change keeps its bytes.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifykit_contract.encoding import codec_kept
from notifykit_contract.head import Head, read_head
from notifykit_contract.rows import cell_bytes, row_at

from notifykit.errors import CampaignError
from notifykit.legacy import FlagWords
from notifykit.wording.translation import gettext

Cells = Mapping[str, Any]
Place = tuple[str, int]
"""A row's key, and how many rows with that key stand before it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it stands in the file."""

    raw: bytes
    """With its line end."""
    cells: dict[str, str] | None
    """None for one that breaks the grammar: it stays as it is."""
    place: Place | None


def merged(
    data: bytes,
    origin: str,
    words: FlagWords,
    rows: Sequence[Cells],
    fields: Sequence[str],
    *,
    read: Collection[Place],
    delivered: Callable[[str], bool],
) -> bytes:
    """Return the file's new content.

    `rows` and `fields` are what the program writes, `read` what it read before: a row that was there then and that
    it does not write is removed. `delivered` justifies a flag of a row that is new. Raises CampaignError where the
    file tells nothing.
    """
    head = read_head(data, origin, words.key, codec_kept(words.encoding), words={words.flag, *fields})
    if head is None:
        return data + _written(rows_as_new(rows, words, delivered), fields, "utf-8-sig", header=True)
    if _differs_in_flags_at_most(data, head, words, rows, fields):
        return data
    there = list(_rows(data, head, words.key))
    present = {row.place: row for row in there if row.place is not None}
    wanted = dict(zip(_places(str(row.get(words.key, "")) for row in rows), rows, strict=True))
    same_columns = tuple(fields) == head.names
    parts = [data[: head.body] if same_columns else _mark(data) + _written((), fields, head.codec, header=True)]
    for row in there:
        if row.place is None or row.cells is None:
            parts.append(row.raw)
        elif row.place in wanted:
            cells = _with_flag(wanted[row.place], row.cells, words, delivered)
            changed = not same_columns or any(_text(cells.get(name)) != text for name, text in row.cells.items())
            parts.append(_written([cells], fields, head.codec) if changed else row.raw)
        elif row.place not in read:
            parts.append(row.raw if same_columns else _written([row.cells], fields, head.codec))
    new = [cells for place, cells in wanted.items() if place not in present and place not in read]
    if new and not parts[-1].endswith((b"\n", b"\r")):
        parts.append(b"\r\n")
    parts.append(_written(rows_as_new(new, words, delivered), fields, head.codec))
    return b"".join(parts)


def places(keys: Iterable[str]) -> frozenset[Place]:
    """Return the places of rows with these keys, in order."""
    return frozenset(_places(keys))


def rows_as_new(rows: Iterable[Cells], words: FlagWords, delivered: Callable[[str], bool]) -> list[Cells]:
    """Return rows that were not there before: flagged only where that is the truth."""
    return [
        {**row, words.flag: words.unsent}
        if row.get(words.flag) == words.sent and not delivered(str(row.get(words.key, "")))
        else row
        for row in rows
    ]


def _differs_in_flags_at_most(
    data: bytes, head: Head, words: FlagWords, rows: Sequence[Cells], fields: Sequence[str]
) -> bool:
    """Whether the program wrote what is there already, but for its flags: nearly always so, and quickly told."""
    if tuple(fields) != head.names:
        return False
    flag_at, own = head.columns[words.flag], (words.sent, words.unsent)
    try:
        there = list(csv.reader(io.StringIO(data[head.body :].decode(head.codec), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        return False
    if len(there) != len(rows):
        return False
    for cells, row in zip(there, rows, strict=True):
        if row.get(words.flag) not in own:
            return False
        wanted = [_text(row.get(name)) for name in fields]
        if cells != wanted:
            if len(cells) != len(wanted):
                return False
            wanted[flag_at] = cells[flag_at]
            if cells != wanted:
                return False
    return True


def _rows(data: bytes, head: Head, key: str) -> Iterable[_Row]:
    at, seen = head.body, Counter[str]()
    while at < len(data):
        row = row_at(data, at, len(head.names))
        raw = data[at : row.next]
        at = row.next
        if row.fault or not row.cells:
            yield _Row(raw, None, None)
            continue
        texts = [cell_bytes(data, span).decode(head.codec, "surrogateescape") for span in row.cells]
        cells = dict(zip(head.names, texts, strict=True))
        place = (cells[key], seen[cells[key]])
        seen[cells[key]] += 1
        yield _Row(raw, cells, place)


def _places(keys: Iterable[str]) -> Iterable[Place]:
    seen = Counter[str]()
    for key in keys:
        yield key, seen[key]
        seen[key] += 1


def _with_flag(wanted: Cells, there: Mapping[str, str], words: FlagWords, delivered: Callable[[str], bool]) -> Cells:
    """Keep the flag that is there, unless the program writes something of its own into its cell."""
    flag, now = wanted.get(words.flag), there.get(words.flag)
    if flag in (words.sent, words.unsent) or (now == words.sent and delivered(there[words.key])):
        return {**wanted, words.flag: now}
    return wanted


def _text(value: object) -> str:
    return value if value.__class__ is str else "" if value is None else str(value)


def _mark(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""


def _written(rows: Iterable[Cells], fields: Sequence[str], codec: str, *, header: bool = False) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=fields)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    try:
        return text.getvalue().encode(codec, "surrogateescape")
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise CampaignError(
            gettext("the program writes {letter!r}, which {codec} does not have", letter=letter, codec=codec),
            mend=gettext("save the file as UTF-8"),
        ) from None
