"""The old program's send-status file: a JSON object of key to word, perhaps torn."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from notifykit.durable.ordinary import read_ordinary
from notifykit.errors import NotifykitError
from notifykit.wording.translation import gettext, gettext_noop
from notifykit_migration.errors import PreflightError

_SPACE = " \t\r\n\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFile:
    """What can be read of a send-status file."""

    words: dict[str, object]
    torn: bool = False
    """It was cut while it was written: `words` is what stands before the cut, later keys are unknown."""
    there: bool = True


def read_status_file(path: Path, name: str) -> StatusFile:
    """Read a send-status file; `name` is what messages call it. A missing file is an empty one to the old program.

    Raises PreflightError where it cannot be read or holds something else than an object.
    """
    try:
        data = read_ordinary(path, None)
    except FileNotFoundError:
        return StatusFile(words={}, there=False)
    except OSError as error:
        raise PreflightError(
            gettext("cannot be read ({strerror})", strerror=error.strerror),
            mend=gettext("check the path and its permissions"),
            where=name,
        ) from error
    try:
        return parse_status(data)
    except NotifykitError as error:
        raise PreflightError(f"{error}", where=name) from None


def parse_status(data: bytes) -> StatusFile:
    """Read the content of a send-status file. Raises PreflightError where it is no object."""
    try:
        words = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        whole = data.decode("utf-8-sig", errors="replace")
        if (start := whole.lstrip(_SPACE)[:1]) not in ("{", ""):
            raise PreflightError(
                gettext("begins with {start!r}, which is no send-status file", start=start),
                mend=gettext("check `legacy: status_file:`"),
            ) from None
        return StatusFile(words=dict(_members(data.decode("utf-8-sig", errors="ignore"))), torn=True)
    if not isinstance(words, dict):
        raise PreflightError(
            gettext(
                "holds a JSON {kind}, not an object of key to word", kind=gettext(_KINDS.get(type(words), "value"))
            ),
            mend=gettext("check `legacy: status_file:`"),
        )
    # Keys are those of records, contracts and tasks as well, and there are few words.
    return StatusFile(
        words={sys.intern(key): sys.intern(word) if isinstance(word, str) else word for key, word in words.items()}
    )


_KINDS = {
    list: gettext_noop("array"),
    str: gettext_noop("string"),
    int: gettext_noop("number"),
    float: gettext_noop("number"),
    bool: gettext_noop("true or false"),
    type(None): "null",
}


def _members(text: str) -> Iterator[tuple[str, object]]:
    """Yield the whole members before the cut."""
    decoder = json.JSONDecoder()
    at = text.find("{") + 1
    while at > 0:
        try:
            at = _skip(text, at)
            if text[at] != '"':
                return
            key, at = decoder.raw_decode(text, at)
            at = _skip(text, at)
            if text[at] != ":":
                return
            value, at = decoder.raw_decode(text, _skip(text, at + 1))
            at = _skip(text, at)
            if text[at] not in ",}":
                return
        except (IndexError, ValueError):
            return
        yield key, value
        if text[at] == "}":
            return
        at += 1


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
