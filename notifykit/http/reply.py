"""What a service answered, and what its status code alone proves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from notifykit.model import Outcome
from notifykit.wording.host import (
    ASKED_TO_WAIT,
    PERHAPS_TAKEN,
    REDIRECTED,
    REFUSED,
    SIZE_NOT_NOW,
    TOO_LARGE,
)

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0
"""Bounds in seconds: a `Retry-After` outside of them is taken as the nearer one."""

THROTTLED = 5.0
"""Seconds that a channel pauses after a 429 that does not say how long."""

_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10})?", re.ASCII)
_DATE = re.compile(r"[A-Za-z]{3,9},? [A-Za-z0-9 :+-]{15,28}(?=\s*(?:,|$))", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:+-]{1,40})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, its body cut off at a limit."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Names in lower case. Several headers of one name are joined by `, `."""
    body: bytes = field(default=b"", repr=False)
    """As it was before the content coding that the reply declares."""
    complete: bool = True
    """False where the body went on beyond the limit, or cannot be decoded."""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status <= 299

    def json(self) -> object:
        """Return the parsed body; None where it is not JSON, which proves as little as a JSON null."""
        if not self.complete:
            return None
        charset = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return json.loads(self.body.decode(charset[1]) if charset else self.body)
        except (ValueError, LookupError, RecursionError):
            return None

    def json_object(self) -> Mapping[str, object]:
        """Return the parsed body where it is a JSON object, else an empty mapping."""
        parsed = self.json()
        return parsed if isinstance(parsed, dict) else {}


def retry_after(reply: Reply, *, now: float) -> float | None:
    """Return the seconds that the service asks us to wait, clamped to 1 s to 1 h; None where it does not say.

    `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3); a date is counted from `now`,
    in seconds since the epoch. Where there are several, as behind a gateway that adds its own, the longest counts.
    """
    text = reply.headers.get("retry-after", "")
    waits = [wait for date in _DATE.findall(text) if (wait := _until(date, now)) is not None]
    waits += [float(part) for part in map(str.strip, _DATE.sub("", text).split(",")) if _SECONDS.fullmatch(part)]
    return min(max(*waits, SHORTEST_WAIT), LONGEST_WAIT) if waits else None


def _until(text: str, now: float) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None


def throttle(reply: Reply, *, now: float) -> Outcome | None:
    """Say how long the channel is to be paused where the status asks for that; None where it does not.

    429 does, and so does 503 with a `Retry-After`, whatever the body says. `now`: as for `classify_status`.
    """
    wait = retry_after(reply, now=now)
    if reply.status == 429 or (reply.status == 503 and wait is not None):
        return Outcome.retry(f"HTTP {reply.status}", ASKED_TO_WAIT().text, after=wait, pause=wait or THROTTLED)
    return None


def classify_status(reply: Reply, *, now: float) -> Outcome | None:
    """Say what the status proves; None for 2xx, where the body decides.

    429 refuses, and so does 503 with a `Retry-After`: the whole channel is paused for as long as the service
    says, because its other messages would only be refused, too (for a vendor that limits each recipient apart:
    `dataclasses.replace(outcome, pause=None)`).
    413 refuses this message, for good unless it comes with a `Retry-After`. 408, the other 5xx, and a 503
    that says nothing may come from a gateway behind which the message was accepted. 3xx is not followed and,
    as other 4xx, rejects.

    `now` is in seconds since the epoch, for a `Retry-After` that is a date.
    """
    if reply.ok:
        return None
    if (asked := throttle(reply, now=now)) is not None:
        return asked
    status, code = reply.status, f"HTTP {reply.status}"
    if status == 413:
        if (wait := retry_after(reply, now=now)) is not None:
            return Outcome.retry(code, SIZE_NOT_NOW().text, after=wait)
        return Outcome.rejected(code, TOO_LARGE().text)
    if 300 <= status <= 399:
        return Outcome.rejected(code, REDIRECTED().text)
    if 400 <= status <= 499 and status != 408:
        return Outcome.rejected(code, REFUSED().text)
    return Outcome.unknown(code, PERHAPS_TAKEN().text)
