"""What a bot's server answers, and what that means for a message.

Source: core.telegram.org/bots/api, "Making requests" and "ResponseParameters". What `description` says is for people
and may change: only `error_code` and `parameters` count.
"""

from __future__ import annotations

from collections.abc import Mapping

from notifykit.http import Reply, classify_status
from notifykit.model import FOREVER, Outcome
from notifykit_telegram import wording

LONGEST_WAIT = 3600.0
"""Seconds: a longer `retry_after` is taken as this."""


def judge(reply: Reply, *, now: float) -> Outcome:
    """Say what an answer to `sendMessage` proves. `now`: seconds since the epoch, as for `classify_status`."""
    answer = reply.json_object()
    code = answer.get("error_code")
    if reply.status == 429 or code == 429:
        # It limits each chat and each bot, and does not say which limit was met: the channel's other chats go on.
        return Outcome.retry("429", wording.TOO_FAST().text, after=_wait(answer))
    if answer.get("ok") is True and reply.ok and (number := _number(answer)) is not None:
        return Outcome.accepted(vendor_id=str(number))
    if answer.get("ok") is False and type(code) is int:
        if code >= 500:
            return Outcome.unknown(str(code), wording.FAILED().text)
        if code in (401, 404):
            return Outcome.rejected(str(code), wording.TOKEN().text, pause=FOREVER)
        return Outcome.rejected(str(code), (wording.CLOSED if code == 403 else wording.REFUSED)().text)
    return classify_status(reply, now=now) or Outcome.unknown("no_verdict", wording.UNSAID().text)


def moved_to(reply: Reply) -> int | None:
    """Return the supergroup that the chat has become, where that is why the message was refused."""
    answer = reply.json_object()
    found = _parameters(answer).get("migrate_to_chat_id")
    return found if answer.get("ok") is False and type(found) is int else None


def _wait(answer: Mapping[str, object]) -> float | None:
    found = _parameters(answer).get("retry_after")
    return min(max(1.0, found), LONGEST_WAIT) if isinstance(found, int | float) else None


def _parameters(answer: Mapping[str, object]) -> Mapping[str, object]:
    found = answer.get("parameters")
    return found if isinstance(found, dict) else {}


def _number(answer: Mapping[str, object]) -> int | None:
    result = answer.get("result")
    found = result.get("message_id") if isinstance(result, dict) else None
    return found if type(found) is int else None
