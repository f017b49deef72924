"""What stands in folded texts for more than texts: columns of the record at hand, and what only a run can tell.

A symbol is `OPEN`, a letter for its kind, what it says, and `CLOSE`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from enum import StrEnum

from notifykit_inventory.resolution.folding import Texts
from notifykit_inventory.words import HOLE

OPEN, CLOSE = "\x02", "\x03"
UNDECIDED = "undecided"
"""Stands in templates for what could not be told: nothing is called that, so `notifykit check` names the line."""
_NUMBER = re.compile(r"\d+(\.\d+)?")
_WIDE = re.compile(r"\d{4}")
"""In a format: a width that no text of a message has."""
_SYMBOL = re.compile(f"{OPEN}(.)([^{OPEN}{CLOSE}]*){CLOSE}", re.DOTALL)


class Kind(StrEnum):
    """What a symbol stands for."""

    VALUE = "="
    """A Jinja expression that gives a text, or whatever the record has there."""
    NUMBER = "#"
    """A Jinja expression that gives a number."""
    TEST = "&"
    """A Jinja expression that is true or false."""
    RECORD = "@"
    """The record of a loop."""
    ROWS = "*"
    """Records of a source, by number."""
    STATUS = "!"
    """What a send-status file says, by number."""
    UNKNOWN = "?"
    """What only a run can tell, by number."""


def symbol(kind: Kind, said: str = "") -> Texts:
    """Return a symbol as folded text."""
    return (f"{OPEN}{kind}{HOLE if kind is Kind.UNKNOWN else ''}{said}{CLOSE}",)


RECORD = symbol(Kind.RECORD)
TRUE, FALSE = symbol(Kind.TEST, "true"), symbol(Kind.TEST, "false")


def single(texts: Texts) -> tuple[Kind, str] | None:
    """Return the symbol that a folded text is; None where it is anything else."""
    found = _SYMBOL.fullmatch(texts[0]) if len(texts) == 1 else None
    return (Kind(found[1]), found[2].removeprefix(HOLE)) if found else None


def numbers(texts: Texts, kind: Kind) -> list[int]:
    """Return the numbers of all symbols of a kind in a folded text."""
    return [int(said.removeprefix(HOLE)) for text in texts for one, said in _SYMBOL.findall(text) if one == kind]


def plain(texts: Texts) -> str | None:
    """Return a text that is known as a whole; None for any other."""
    return texts[0] if len(texts) == 1 and HOLE not in texts[0] and OPEN not in texts[0] else None


def has_symbols(texts: Texts) -> bool:
    """Whether anything but text is in it."""
    return any(OPEN in text for text in texts)


def quoted(text: str) -> str:
    """Return a text as Jinja writes it."""
    return json.dumps(text, ensure_ascii=False)


def expression(texts: Texts) -> str | None:
    """Return a folded text as one Jinja expression; None where it is not known as a whole."""
    parts = _parts(texts)
    if parts is None:
        return None
    said = [part if kind else quoted(part) for kind, part in parts]
    return (said[0] if len(said) == 1 else f"({' ~ '.join(said)})") if said else '""'


def template(texts: Texts) -> str:
    """Return a folded text as a Jinja template, with `UNDECIDED` where it is not known."""
    if len(texts) != 1:
        return f"{{{{ {UNDECIDED} }}}}"
    said = "".join(
        _literal(text)
        if kind is None or _NUMBER.fullmatch(text)
        else f"{{{{ {bare(text) if kind in _TOLD else UNDECIDED} }}}}"
        for kind, text in _split(texts[0])
    )
    return f"{said}\n" if said.endswith("\n") else said  # Jinja drops one line end at the end


def written(form: str, text: str) -> Texts:
    """Return what a format makes of a text that is known, and was a number perhaps."""
    for kind in (int, float, str) if not _WIDE.search(form) else ():
        with suppress(ValueError, TypeError):
            return (form % kind(text) if form.startswith("%") else f"{{{form}}}".format(kind(text)),)
    return symbol(Kind.UNKNOWN, "-1")


def bare(text: str) -> str:
    """Return an expression without the brackets around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for at, letter in enumerate(re.sub(r'"(?:\\.|[^"\\])*"', lambda found: "_" * len(found[0]), text)):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if at == len(text) - 1 else text
    return text


_TOLD = {Kind.VALUE, Kind.NUMBER}


def _parts(texts: Texts) -> list[tuple[Kind | None, str]] | None:
    """Return the parts of a text that is known as a whole."""
    if len(texts) != 1:
        return None
    parts = list(_split(texts[0]))
    return None if any(kind is not None and kind not in _TOLD for kind, _ in parts) or HOLE in texts[0] else parts


def _split(text: str) -> list[tuple[Kind | None, str]]:
    """Return literal parts, with None, and symbols. A hole without a symbol is one of unknown number."""
    found: list[tuple[Kind | None, str]] = []
    end = 0
    for hit in _SYMBOL.finditer(text):
        found += _literals(text[end : hit.start()])
        found.append((Kind(hit[1]), hit[2]))
        end = hit.end()
    return [*found, *_literals(text[end:])]


def _literals(text: str) -> list[tuple[Kind | None, str]]:
    parts: list[tuple[Kind | None, str]] = []
    for number, part in enumerate(text.split(HOLE)):
        if number:
            parts.append((Kind.UNKNOWN, ""))
        if part:
            parts.append((None, part))
    return parts


def _literal(text: str) -> str:
    """Return a text so that Jinja writes it as it is."""
    return re.sub(r"\{\{|\{%|\{#|\{\Z|\r\n?", lambda found: f"{{{{ {quoted(found[0])} }}}}", text)
