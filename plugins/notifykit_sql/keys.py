"""Business keys as databases hold them: to text and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from notifykit.wording.translation import gettext

LONGEST = 100
"""Digits of a number that is a key."""


class KeyFaultError(ValueError):
    """A value that can be no key."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


def key_text(value: object) -> str:
    """Return a key as text: texts as they are, numbers with all their digits, dates as ISO 8601 has them.

    Raises KeyFaultError for what is empty, and for what has no text that is certainly its own.
    """
    match value:
        case str():
            if value and not value.isspace():
                return value
            raise KeyFaultError(gettext("the key is empty"), gettext("fill it in, or leave the row out of `query`"))
        case None:
            raise KeyFaultError(gettext("the key is NULL"), gettext("fill it in, or leave the row out of `query`"))
        case bool():
            pass
        case int() | UUID():
            return str(value)
        case Decimal() if value.is_finite():
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case float() if math.isfinite(value):
            raise KeyFaultError(
                gettext("the key is {value!r}, a floating-point number, which may have lost digits", value=value),
                gettext("cast it to a text or a whole number in `query`"),
            )
    raise KeyFaultError(
        gettext("the key is a value of type {kind}, which is no key", kind=type(value).__name__),
        gettext("cast it to a text in `query`"),
    )


def _whole(text: str) -> int:
    if len(text) > LONGEST or str(found := int(text)) != text:
        raise ValueError(text)
    return found


_FROM_TEXT: Mapping[type, Callable[[str], object]] = {
    int: _whole,
    Decimal: Decimal,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    str: str,
}


def any_value(text: str) -> object:
    """Return a key for a column that may hold values of any type: as the number that it is written as, or the text."""
    try:
        number = _whole(text)
    except ValueError:
        return text
    return number if abs(number) < 2**63 else text


def key_value(text: str, python_type: type) -> object:
    """Return a key as a column of this type compares it. Raises ValueError where no value of the type is written so."""
    read = _FROM_TEXT.get(python_type)
    if read is None:
        raise ValueError(python_type.__name__)
    try:
        return read(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
