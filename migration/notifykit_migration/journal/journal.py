"""What a migration began and did: one line each, on disk before the next thing happens.

Each line ends with a checksum over itself and over the line before it, so that a flipped bit, a lost line and an
exchanged one are seen. Only the last line can be torn, by a process that was killed while it wrote: it says nothing
that anybody relied on, and is cut.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from notifykit.durable import mend, sync, sync_folder, write_all
from notifykit.durable.ordinary import read_ordinary
from notifykit.wording.translation import gettext
from notifykit_migration.errors import PreflightError, VerificationError

_SUM = re.compile(rb', "sum": "([0-9a-f]{16})"\}')
_SUM_LENGTH = len(', "sum": "0123456789abcdef"}')
_ENCODING = ("utf-8", "surrogatepass")  # a file name need not be text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line."""

    kind: str
    at: float
    """When it was written: seconds since the epoch."""
    fields: Mapping[str, Any]


class Journal:
    """A journal to be written. Whoever writes holds the migration's lock."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._descriptor: int | None = None
        self._entries: list[Entry] = []
        self._last = ""

    @staticmethod
    def read(path: Path) -> tuple[Entry, ...]:
        """Return what a journal says: nothing, where there is none.

        Raises VerificationError that names the line where it is damaged.
        """
        return tuple(_read(path).entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What it says until now. Raises VerificationError."""
        return self.read(self.path) if self._descriptor is None else tuple(self._entries)

    def append(self, kind: str, /, **fields: Any) -> Entry:
        """Add a line. It is on disk when this returns. Raises PreflightError where it cannot be written."""
        try:
            descriptor = self._open() if self._descriptor is None else self._descriptor
            entry = Entry(kind=kind, at=self._clock(), fields=fields)
            line, last = _line(entry, self._last)
            write_all(descriptor, line)
        except OSError as error:
            self.close()  # what was written of the line is cut when it is opened again
            raise PreflightError(
                gettext("cannot be written {mend}", mend=mend(error)),
                mend=gettext("then run the same command again: it goes on here"),
                where=self.path,
            ) from error
        self._last = last
        self._entries.append(entry)
        return entry

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> int:
        """Open it for writing, and cut or end a torn last line."""
        found = _read(self.path)
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            if found.torn:
                os.ftruncate(descriptor, found.whole)
            if found.unended:
                os.write(descriptor, b"\n")
            if found.torn or found.unended:
                sync(descriptor)
            if new:
                sync_folder(self.path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._entries = found.entries
        self._last = found.last
        return descriptor


@dataclass(frozen=True, slots=True)
class _Found:
    entries: list[Entry]
    whole: int
    """Bytes of whole lines."""
    torn: bool
    unended: bool
    """The last line is whole but for its end."""
    last: str
    """Checksum of the last whole line."""


def _read(path: Path) -> _Found:
    try:
        data = read_ordinary(path, None)
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise PreflightError(gettext("cannot be read {mend}", mend=mend(error)), where=path) from error
    *lines, tail = data.split(b"\n")
    entries: list[Entry] = []
    last = ""
    for number, line in enumerate(lines, 1):
        entry, last = _entry(path, number, line, last)
        entries.append(entry)
    whole = len(data) - len(tail)
    if not _SUM.search(tail):  # killed within the line: its checksum comes last
        return _Found(entries, whole, torn=bool(tail), unended=False, last=last)
    entry, last = _entry(path, len(lines) + 1, tail, last)
    return _Found([*entries, entry], len(data), torn=False, unended=True, last=last)


def _entry(path: Path, number: int, line: bytes, before: str) -> tuple[Entry, str]:
    body, ending = line[:-_SUM_LENGTH], line[-_SUM_LENGTH:]
    match = _SUM.fullmatch(ending)
    if match is None or match[1].decode() != _sum(body, before):
        raise VerificationError(
            gettext(
                "{path}:{number}: the journal is damaged here, or a line before it is missing", path=path, number=number
            ),
            mend=(
                gettext(
                    "keep the file, and put back a copy of it from your own backup. `notifykit docs "
                    "migration` tells what to do without one"
                )
            ),
        )
    form = json.loads((body + b"}").decode(*_ENCODING))
    return Entry(kind=form["kind"], at=form["at"], fields=form["fields"]), match[1].decode()


def _line(entry: Entry, before: str) -> tuple[bytes, str]:
    form = {"kind": entry.kind, "at": entry.at, "fields": dict(entry.fields)}
    body = json.dumps(form, ensure_ascii=False).encode(*_ENCODING)[:-1]
    last = _sum(body, before)
    return body + b', "sum": "%s"}\n' % last.encode(), last


def _sum(body: bytes, before: str) -> str:
    return hashlib.sha256(before.encode() + b"\n" + body).hexdigest()[:16]
