"""JSON from files and services that other programs write: parsed whole, or refused with line and column."""

from __future__ import annotations

import codecs
import json

from notifykit.errors import CampaignError
from notifykit.wording.translation import gettext


def parse_json(data: bytes, place: str, mend: str) -> object:
    """Return the document in `data`: UTF-8, with or without a byte order mark.

    Whole numbers keep all their digits. Raises CampaignError, which starts with `place:line:column` and ends
    with `mend`.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode())
        what = gettext("byte 0x{data:02x} is not UTF-8; save it as UTF-8", data=data[error.start])
        raise CampaignError(f"{place}:{line}:{column}: {what}") from None
    except json.JSONDecodeError as error:
        what = gettext("not valid JSON ({msg})", msg=error.msg) if data.strip() else gettext("empty, which is not JSON")
        raise CampaignError(f"{place}:{error.lineno}:{error.colno}: {what}", mend=mend) from None
    except RecursionError:
        raise CampaignError(
            gettext("{place}:1:1: arrays within arrays, too deep to read", place=place), mend=mend
        ) from None
    except ValueError as error:
        # What is left is a number above the interpreter's limit of digits, for which it tells no position.
        raise CampaignError(
            gettext("{place}:1:1: not readable ({error})", place=place, error=error), mend=mend
        ) from None


def kind(value: object) -> str:
    """Name the type of a JSON value as JSON does, for messages to people."""
    if value is None:
        return "null"
    names: dict[type, str] = {
        dict: gettext("an object"),
        list: gettext("an array"),
        str: gettext("a string"),
        bool: gettext("true or false"),
    }
    return names.get(type(value), gettext("a number"))


def _position(before: str) -> tuple[int, int]:
    """Return the 1-based line and column of what comes after `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
