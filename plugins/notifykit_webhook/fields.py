"""The JSON body as YAML describes it: a mapping whose strings may hold `{text}` and the like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import Formatter

from notifykit.model import Message
from notifykit.options import OptionError
from notifykit.wording.translation import gettext, gettext_noop

WORDS = ("text", "recipient", "idempotency_key", "campaign", "key", "name")
"""What may stand in braces."""

BODY = gettext_noop("the body")

DEFAULT: Mapping[str, object] = {
    "text": "{text}",
    "recipient": "{recipient}",
    "idempotency_key": "{idempotency_key}",
}


def check_fields(value: object, place: str | None = None) -> None:
    """Raise ValueError, naming the option and the place in it, where the mapping cannot become a JSON body."""
    place = place or gettext(BODY)
    match value:
        case str():
            _pieces(value, place)
        case dict():
            if strange := [key for key in value if not isinstance(key, str)]:
                raise OptionError(
                    "fields",
                    gettext(
                        "{place} has the name {strange!r}, and JSON takes only text", place=place, strange=strange[0]
                    ),
                    mend=gettext("quote it"),
                )
            for key, inner in value.items():
                check_fields(inner, f"{place}.{key}")
        case list():
            for at, inner in enumerate(value):
                check_fields(inner, f"{place}[{at}]")
        case None | bool() | int():
            pass
        case float() if math.isfinite(value):
            pass
        case _:
            raise OptionError(
                "fields",
                gettext("{place} is {value!r}, which JSON has no form for", place=place, value=value),
                mend=gettext("quote it"),
            )


def fill(value: object, message: Message) -> object:
    """Return the value with every placeholder replaced by what the message says."""
    match value:
        case str():
            return "".join(literal + (str(getattr(message, word)) if word else "") for literal, word in _pieces(value))
        case dict():
            return {key: fill(inner, message) for key, inner in value.items()}
        case list():
            return [fill(inner, message) for inner in value]
        case _:
            return value


def _pieces(template: str, place: str = BODY) -> list[tuple[str, str | None]]:
    try:
        pieces = list(Formatter().parse(template))
    except ValueError:
        raise OptionError(
            "fields",
            gettext("{place} has a brace too many ({template!r})", place=place, template=template),
            mend=gettext("double it: {{ or }}"),
        ) from None
    for _, word, spec, conversion in pieces:
        if word is not None and (word not in WORDS or spec or conversion):
            known = ", ".join(f"{{{name}}}" for name in WORDS)
            raise OptionError(
                "fields",
                gettext("{place} has an unknown placeholder ({template!r})", place=place, template=template),
                mend=gettext("use {known}, or double the brace", known=known),
            )
    return [(literal, word) for literal, word, _, _ in pieces]
