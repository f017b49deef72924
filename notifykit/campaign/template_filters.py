"""The filters that templates have beside Jinja's own: numbers as people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import wraps
from typing import Any

from jinja2 import Undefined

from notifykit.campaign.template_bounds import require_output
from notifykit.wording.translation import gettext


def thousands(value: object, digits: int | None = None) -> str:
    """Group the digits: `1234567.5` becomes `1,234,567.5`; with `digits`, rounded to so many decimals."""
    return f"{_rounded(_decimal('thousands', value), digits):,f}"


def percent(value: object, digits: int | None = None) -> str:
    """Write a share as a percentage: `0.136` becomes `13.6%`; with `digits`, rounded to so many decimals."""
    share = _decimal("percent", value) * 100
    return f"{_rounded(share, digits) if digits is not None else _shortest(share):f}%"


def number(value: object) -> int | float:
    """Read a cell as a number, to compare or calculate with."""
    found = _decimal("number", value)
    return int(found) if found == found.to_integral_value() else float(found)


DIGITS = 100
"""Places before and behind the point that a number may take when it is written out."""

TAKING_ANYTHING = frozenset({"default", "d"})
"""Filters that are there for what is undefined."""

TAKING_OBJECTS = frozenset({"attr"})
"""Filters that are there for what is no text; the sandbox says what they may give."""


def defined_filters(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the filters, of which each but `default` raises UndefinedError for what is undefined, in its own words.

    It raises ValueError for a record or a method.

    Some of Jinja's make a text of it, and others complain of its type.
    """
    return {
        name: each if name in TAKING_ANYTHING else _defined(each, objects=name in TAKING_OBJECTS)
        for name, each in filters.items()
    }


def _defined(each: Callable[..., Any], *, objects: bool) -> Callable[..., Any]:
    at = 1 if hasattr(each, "jinja_pass_arg") else 0  # behind the context or environment that it asks for

    @wraps(each)
    def checked(*arguments: Any, **options: Any) -> Any:
        if len(arguments) > at:
            if isinstance(arguments[at], Undefined):
                str(arguments[at])
            if not objects:
                require_output(arguments[at])
        return each(*arguments, **options)

    return checked


FILTERS = {"thousands": thousands, "percent": percent, "number": number}

_NUMBERS = (int, float, Decimal, str)


def _decimal(name: str, value: object) -> Decimal:
    # bool is an int to Python, and Decimal reads "1_000" and "NaN": no person means these as numbers.
    if isinstance(value, _NUMBERS) and not isinstance(value, bool) and "_" not in (text := str(value)):
        try:
            found = Decimal(text)
        except InvalidOperation:
            pass
        else:
            if found.is_finite():
                if len(text) > DIGITS or "e" in text or "E" in text:  # others have no more digits than characters
                    _check_digits(name, found)
                return found
    raise ValueError(gettext("the filter {name} takes a number, not {value!r}", name=name, value=value))


def _check_digits(name: str, found: Decimal) -> None:
    exponent = found.as_tuple().exponent
    if found.adjusted() > DIGITS or (isinstance(exponent, int) and abs(exponent) > DIGITS):
        raise ValueError(
            gettext(
                "the filter {name} takes a number of at most {digits} digits, not one with the exponent {value}",
                name=name,
                digits=DIGITS,
                value=found.adjusted(),
            )
        )


def _rounded(value: Decimal, digits: int | None) -> Decimal:
    return value if digits is None else value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _shortest(value: Decimal) -> Decimal:
    """Drop the zeros that multiplying left behind the point."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
