"""What a sender returned, as far as it can be recorded: the verdict counts, whatever is wrong beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from notifykit.model import FOREVER, Outcome, Verdict
from notifykit.options import LONGEST
from notifykit.redaction import redact
from notifykit.wording.host import NO_OUTCOME

_ACCEPTED = Outcome.accepted()


def usable(answer: object) -> tuple[Outcome, tuple[str, ...]]:
    """Return an outcome that can be recorded, and the names of what had to be left out of the sender's.

    Without a verdict it is `unknown`. Only fields are named: what third-party code puts there may be a secret.
    """
    if answer is _ACCEPTED:  # nearly all are
        return answer, ()
    if not isinstance(answer, Outcome):
        wrong = NO_OUTCOME(kind=type(answer).__name__).text
        return Outcome.unknown("bad_outcome", wrong), (wrong,)
    if not isinstance(answer.verdict, Verdict):
        return Outcome.unknown("bad_outcome", "verdict"), ("verdict",)
    changed: dict[str, Any] = {}
    wrong_fields = []
    for field in ("code", "detail", "vendor_id"):
        value = getattr(answer, field)
        if value is None and field == "vendor_id":
            continue
        text = _text(value)
        if text is None:
            wrong_fields.append(field)
            text = None if field == "vendor_id" else ""
        if text is not value:
            changed[field] = text
    for field in ("after", "pause", "max_tries"):
        value = getattr(answer, field)
        if not (_is_delay(value) or (field == "pause" and value == FOREVER)):
            wrong_fields.append(field)
            changed[field] = None
    if not isinstance(answer.unreached, bool):
        wrong_fields.append("unreached")
        changed["unreached"] = False
    names = _names(answer.undelivered)
    if names is None:
        wrong_fields.append("undelivered")
    if names is None or names != answer.undelivered:
        changed["undelivered"] = names or ()
    return (replace(answer, **changed) if changed else answer), tuple(wrong_fields)


def _is_delay(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST)


def _text(value: object) -> str | None:
    """Return a text that can be stored: numbers as they are written, half a surrogate pair escaped, credentials
    masked; else None."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**100:
        return str(int(value))
    if not isinstance(value, str):
        return None
    value = redact(value)
    if value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value):
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _names(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    names = [_text(name) for name in value]
    return tuple(name for name in names if name is not None) if None not in names else None
