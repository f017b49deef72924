"""Rows of a JSON array as records: positional rows (`[id, time, …]`) and objects alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from notifykit.model import Problem, Record, Table
from notifykit.wording.translation import gettext
from notifykit_technician.json_text import kind

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the cells of a row are."""

    positional: Table
    """Of rows that are arrays. Objects must have its columns. No columns: there are only objects."""
    key: str
    by_names: dict[tuple[str, ...], Table] = field(default_factory=dict)
    """The tables of objects seen so far, one for each sequence of names."""


class _UnusableError(ValueError):
    """A row that is held back."""

    def __init__(self, what: str, mend: str, key: str | None = None) -> None:
        super().__init__(what, mend)
        self.what = what
        self.mend = mend
        self.key = key


def read_rows(array: Iterable[object], layout: Layout, data: bytes, first: int = 1) -> Iterator[Record | Problem]:
    """Yield each row of `array` as a record, or as the problem that it has. `first`: the number of the first.

    `data` is what the array was parsed from: it tells cheaply whether any text needs a closer look.
    """
    check_text = _SURROGATE.search(data) is not None
    for number, row in enumerate(array, start=first):
        try:
            if check_text:
                _check_text(row)
            yield _record(row, number, layout)
        except _UnusableError as error:
            place = f"{layout.positional.origin}:{number}"
            yield Problem(place=place, what=error.what, mend=error.mend, key=error.key)


def _record(row: object, number: int, layout: Layout) -> Record:
    if isinstance(row, dict):
        cells: Sequence[object] = list(row.values())
        table = _table(tuple(row), layout)
        key = _key(table, cells, layout.key)
        missing = [name for name in layout.positional.columns if name not in table.columns]
        if missing:
            raise _UnusableError(
                gettext("the object has no {missing}", missing=", ".join(missing)),
                gettext("add it, or correct `columns`"),
                key,
            )
        return Record(key, cells, table, number)
    if isinstance(row, list) and layout.positional.columns:
        key = _key(layout.positional, row, layout.key)
        needed = max(layout.positional.columns.values()) + 1
        if len(row) < needed:
            what = gettext("the row ends after {number} of {needed} cells", number=len(row), needed=needed)
            raise _UnusableError(what, gettext("complete it, or correct `columns`"), key)
        return Record(key, row, layout.positional, number)
    raise _UnusableError(gettext("the row is {kind}", kind=kind(row)), gettext("write it as the others are"))


def _table(names: tuple[str, ...], layout: Layout) -> Table:
    table = layout.by_names.get(names)
    if table is None:
        columns: Mapping[str, int] = {name: at for at, name in enumerate(names)}
        table = layout.by_names[names] = Table(layout.positional.origin, columns)
    return table


def _key(table: Table, cells: Sequence[object], name: str) -> str:
    """Return the business key as text: a string as it is, a whole number with all its digits."""
    at = table.columns.get(name)
    if at is None or at >= len(cells):
        raise _UnusableError(gettext("there is no {name!r}", name=name), gettext("add it, or correct `key`"))
    value = cells[at]
    if isinstance(value, str):
        if not value.strip():
            raise _UnusableError(gettext("{name!r} is empty", name=name), gettext("fill it in"))
        return value
    if isinstance(value, float):
        raise _UnusableError(
            gettext("{name!r} is {value!r}, which may have lost digits", name=name, value=value),
            gettext("write ids as strings"),
        )
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _UnusableError(
        gettext("{name!r} is {kind}", name=name, kind=kind(value)), gettext("write a string or a whole number")
    )


def _check_text(row: object) -> None:
    """Refuse half a surrogate pair, which JSON can spell and no file, database or message can hold."""
    try:
        _text(row).encode()
    except UnicodeEncodeError:
        raise _UnusableError(
            gettext("it holds half a character (a lone \\ud8… or \\udc…)"), gettext("mend it at its origin")
        ) from None


def _text(value: object) -> str:
    """Return all text within a JSON value, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "\n".join(_text(part) for pair in value.items() for part in pair)
    return "\n".join(map(_text, value)) if isinstance(value, list) else ""
