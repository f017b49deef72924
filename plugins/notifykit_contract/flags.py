"""Writes flags into a CSV file, and reports as done only what it has read back.

Each turn reads the file, finds what is still to be written, writes it, and reads the file again. So a process that
is killed leaves nothing to be mended: the next one takes its turn.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from notifykit.errors import CampaignError
from notifykit.model import Problem
from notifykit.wording import Reason
from notifykit.wording.translation import gettext
from notifykit_contract import wording
from notifykit_contract.encoding import AUTO
from notifykit_contract.files import TRIES, explain, read_whole, starts_with
from notifykit_contract.head import read_head
from notifykit_contract.patch import patch
from notifykit_contract.rows import cell_bytes, row_at
from notifykit_contract.scan import Place, find_flags, find_flags_slowly
from notifykit_contract.source import Snapshot
from notifykit_contract.swap import CannotReplaceError, finish_killed, swap

PATIENCE = 10.0
"""Seconds to wait for another process that writes flags into the same file."""

PIECE = 1 << 20
"""Bytes that are put together at once, about."""

_PAGE = 4096
"""A kill can cut a write short only at a multiple of this (mm/filemap.c looks for signals between pages)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagColumn:
    """Which cells are flags, and what they say."""

    key: str
    flag: str
    unsent: str
    sent: str
    encoding: str = AUTO
    ignore: frozenset[str] = frozenset()
    """Columns in which two rows of one key may differ, beside the flag itself."""
    expected: frozenset[str] = frozenset()
    """Columns that the campaign uses: they may prove the file's encoding."""


@dataclass(slots=True)
class Flagged:
    """What became of each key."""

    done: set[str] = field(default_factory=set)
    """All rows of the key were read back as sent."""
    refused: dict[str, Reason] = field(default_factory=dict)
    """Key to what is wrong, and the mend."""


def write_flags(path: Path, column: FlagColumn, keys: Collection[str], *, patience: float = PATIENCE) -> Flagged:
    """Set the flag of all rows with these keys from `unsent` to `sent`, and touch no other byte.

    Never raises for a file that cannot be read or written: every key is in one of the two parts of the result.
    """
    flagged = Flagged()
    real = path
    why: Reason | None
    try:
        real = Path(os.path.realpath(path))  # a link stays one
        with FileLock(lock_file(real), timeout=patience, mode=real.stat().st_mode & 0o666 | 0o600):
            why = _turns(real, column, keys, flagged)
    except Timeout:
        why = wording.OTHER_WRITER(file=str(path), seconds=patience)
    except OSError as error:
        named = os.fsdecode(error.filename or path)
        why = explain(Path(named) if Path(named).parent == real.parent else path, error)
    except CannotReplaceError as error:
        why = error.reason
    except CampaignError as error:
        why = wording.UNREADABLE(error=str(error))
    if why is not None:
        flagged.refused |= {key: why for key in keys if key not in flagged.done and key not in flagged.refused}
    return flagged


def flags_written(data: bytes, path: Path, column: FlagColumn, keys: Collection[str]) -> Iterable[bytes]:
    """Return what `write_flags` would make of a file with this content, in pieces; what it would refuse stays.

    `path` is for messages only. Raises CampaignError where nothing could be written.
    """
    if not data or not keys:
        return (data,)
    turn = _Turn(path, data, column, keys)
    return spliced(data, turn.places, column.sent.encode(turn.codec))


def lock_file(path: Path) -> Path:
    """Return the file beside a CSV that keeps its writers apart. It stays: removing it would part them."""
    return path.with_name(f".{path.name}.notifykit.lock")


def _turns(path: Path, column: FlagColumn, keys: Collection[str], flagged: Flagged) -> Reason | None:
    """Write and read back; returns why it did not come to an end for the keys that are left, None where it did."""
    finish_killed(path)
    for _ in range(TRIES):
        turn = _Turn(path, read_whole(path), column, keys)
        flagged.done, flagged.refused = turn.done, turn.refused | turn.explain_missing()
        if not turn.due or turn.write():
            flagged.done.update(turn.due)
            return None
    return wording.REWRITTEN(file=str(path), times=TRIES)


class _Turn:
    """One look at the file, and what is to be written there."""

    def __init__(self, path: Path, data: bytes, column: FlagColumn, keys: Collection[str]) -> None:
        self._path = path
        self._column = column
        self._data = data
        texts = (column.key, column.flag, column.unsent, column.sent, *keys)
        head = read_head(
            data,
            str(path),
            column.key,
            column.encoding,
            words={column.flag, *column.expected},
            opaque=all(map(str.isascii, texts)),
        )
        if head is None:
            raise CampaignError(gettext("it is empty"), mend=gettext("put the rows back that it had"), where=path)
        self._head = head
        self.codec = head.codec
        self._flag_at = head.column(column.flag, str(path), "strategy.flag")
        self._unsent, self._sent = (self._encoded(word) for word in (column.unsent, column.sent))
        self.due: list[str] = []
        self.places: list[Place] = []
        """The cells that are due, in order."""
        self.done: set[str] = set()
        self.refused: dict[str, Reason] = {}
        self._missing: set[str] = set()
        self._sort(keys)

    def _encoded(self, word: str) -> bytes:
        try:
            return word.encode(self.codec)
        except UnicodeEncodeError:
            raise CampaignError(
                gettext('the flag "{word}" cannot be written in {codec}', word=word, codec=self.codec),
                mend=gettext("choose `unsent` and `sent` of the strategy in ASCII, or save the file as UTF-8"),
                where=self._path,
            ) from None

    def write(self) -> bool:
        """Write the flags that are due. True where the file, read back, has them and all else that it had."""
        places = self.places
        if len(self._unsent) == len(self._sent):
            patch(self._path, self._data, places, self._sent)
        else:
            swap(self._path, self._data, b"".join(spliced(self._data, places, self._sent)))
        return starts_with(self._path, spliced(self._data, places, self._sent))

    def _sort(self, keys: Collection[str]) -> None:
        """Tell apart what is done, due, not to be touched, and not there."""
        data, head = self._data, self._head
        wanted = {key.encode(head.codec, "backslashreplace"): key for key in keys}
        found = find_flags(data, head, self._flag_at, wanted)
        if len(found.first) < len(wanted):
            found = find_flags_slowly(data, head, self._flag_at, wanted)
            self._missing = {key for raw, key in wanted.items() if raw not in found.first}
        for raw, first in found.first.items():
            if data[first[0] : first[1]] == self._unsent and raw not in found.several:
                self.due.append(wanted[raw])  # nearly all of them
                self.places.append(first)
                continue
            places = found.of(raw)
            due = [place for place in places if data[place[0] : place[1]] != self._sent]
            if not due:
                self.done.add(wanted[raw])
            elif why := self._untouchable(places, due):
                self.refused[wanted[raw]] = why
            else:
                self.due.append(wanted[raw])
                self.places += due
        self.places.sort()

    def _untouchable(self, places: list[Place], due: list[Place]) -> Reason | None:
        for start, end, line, _ in due:
            if (cell := self._data[start:end]) != self._unsent and not self._is_cut(cell, start):
                column, text = self._column, cell.decode(self._head.codec, "replace")
                place = f"{self._path}:{line}"
                return wording.ODD_FLAG(place=place, word=text, unsent=column.unsent, sent=column.sent)
        if len(places) > 1 and len({self._content(row) for _, _, _, row in places}) > 1:
            lines = " and ".join(str(line) for _, _, line, _ in places)
            return wording.ROWS_DIFFER(place=f"{self._path}:{places[0][2]}", lines=lines)
        return None

    def _is_cut(self, cell: bytes, start: int) -> bool:
        """Whether a process was killed in the middle of this very cell."""
        cut = -start % _PAGE
        return 0 < cut < len(cell) and cell == self._sent[:cut] + self._unsent[cut:]

    def _content(self, row: int) -> tuple[bytes, ...]:
        cells = row_at(self._data, row, len(self._head.names)).cells
        own = self._column.ignore | {self._column.flag}
        return tuple(
            cell_bytes(self._data, span) for name, span in zip(self._head.names, cells, strict=True) if name not in own
        )

    def explain_missing(self) -> dict[str, Reason]:
        """Return, for each key without a usable row, what became of it."""
        if not self._missing:
            return {}
        reasons = {key: wording.ROW_GONE(file=str(self._path), key=key) for key in self._missing}
        for item in Snapshot(self._data, str(self._path), self._column.key, self.codec):
            if isinstance(item, Problem) and item.key in self._missing:
                reasons[item.key] = wording.ROW_UNUSABLE(place=item.place, what=item.what, mend=item.mend)
        return reasons


def spliced(data: bytes, places: Iterable[Place], word: bytes) -> Iterator[bytes]:
    """Yield the content with a word in place of each of these cells, in pieces: a copy of it all would be large."""
    parts: list[bytes] = []
    at = begin = 0
    for start, end, *_ in places:
        if start - begin > PIECE:
            yield b"".join(parts)
            parts.clear()
            for begin in range(at, start, PIECE):
                yield data[begin : min(begin + PIECE, start)]
            at = begin = start
        parts += (data[at:start], word)
        at = end
    yield b"".join(parts)
    for begin in range(at, len(data), PIECE):
        yield data[begin : begin + PIECE]
