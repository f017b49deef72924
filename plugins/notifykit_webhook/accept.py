"""Receivers that answer 200 and say in the body whether they took the message."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from notifykit.http import Reply
from notifykit.model import Outcome
from notifykit.options import OptionError, Seconds
from notifykit.secrets import redact
from notifykit.wording.translation import gettext
from notifykit_webhook import wording

_CODE = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Where in a JSON reply the verdict stands, and what it must be."""

    path: str
    """Names joined by dots: `errcode`, `result.status`."""
    equals: str
    """What says that the message was taken, as JSON writes it: `0`, `true`, `ok`. `0` and `"0"` are equal."""
    retry: list[str] = field(default_factory=list)
    """What says that it was certainly not taken and may be later. Anything else is a refusal for good."""
    throttled: list[str] = field(default_factory=list)
    """What says that the channel sends too much: it is paused, as after a status of 429, and no try is used up."""
    pause: Seconds = 60.0
    """For how long it is paused then."""

    def __post_init__(self) -> None:
        if self.pause <= 0:
            raise OptionError("pause", gettext("must be more than 0 seconds"))
        if both := sorted({self.equals} & {*self.retry, *self.throttled} or set(self.retry) & set(self.throttled)):
            raise ValueError(gettext("{both!r} is named for two things; say it once", both=both[0]))
        if not all(self.path.split(".")):
            raise ValueError(gettext("must be names joined by dots, such as result.code, not {path!r}", path=self.path))

    def judge(self, reply: Reply) -> Outcome | None:
        """Say what the body proves; None where it holds no verdict."""
        found: object = reply.json()
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, bool | int | float | str):
            return None
        word = _word(found)
        if word == self.equals:
            return Outcome.accepted() if reply.ok else None
        # A receiver may give back what it was sent, the credential included.
        code = word if _CODE.fullmatch(redact(word)) else "refused"
        if word in self.throttled:
            what = wording.TOO_MUCH(name=self.path, word=code).text
            return Outcome.retry(code, what, after=self.pause, pause=self.pause)
        if word in self.retry:
            return Outcome.retry(code, wording.SAYS(name=self.path, word=code).text)
        return Outcome.rejected(code, wording.SAYS(name=self.path, word=code).text)


def _word(value: bool | float | str) -> str:
    return value if isinstance(value, str) else json.dumps(value)
