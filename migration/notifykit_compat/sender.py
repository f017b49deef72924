"""Sends through a function of the old program that returns nothing, and raises where it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from notifykit_builtin.python import Python

from notifykit.model import Message, Outcome, Verdict
from notifykit.roles import SendContext
from notifykit_compat.wording import RETURNED


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyFunction(Python):
    """As `python`, for a function whose return the old scheduler took for *sent*.

    What `python` calls unknown is told apart here: a return without a word counts as accepted, and only an
    exception or a kill leaves a doubt. So a campaign may say `on_unknown: hold` and still send without a person.
    """

    on_raise: Literal["hold", "retry"] = "hold"
    """What an exception means: `hold`, it may have come after the click; `retry`, nothing was sent, as the old
    scheduler believed."""

    def send(self, message: Message, context: SendContext) -> Outcome:
        """Call the function once."""
        outcome = Python.send(self, message, context)
        if outcome.verdict is not Verdict.UNKNOWN:
            return outcome
        if outcome.code == "returned_none":
            return Outcome.accepted(detail=RETURNED().text)
        if self.on_raise == "retry" and not outcome.code.startswith("returned_"):
            return Outcome.retry(outcome.code, outcome.detail)
        return outcome
