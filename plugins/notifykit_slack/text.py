"""What both ways of posting have in common: length, and the words that Slack answers with."""

from __future__ import annotations

import re

from notifykit.model import Outcome
from notifykit_slack import wording

MOST_CHARACTERS = 40_000
"""Beyond which Slack cuts a text off without a word (docs.slack.dev, "chat.postMessage")."""

_WORD = re.compile(r"[a-z_]{1,64}")


def refused_unsent(text: str) -> Outcome | None:
    """Refuse what Slack would refuse or cut off; None for what may be sent."""
    if not text.strip():
        return Outcome.rejected("no_text", wording.EMPTY().text)
    if len(text) > MOST_CHARACTERS:
        return Outcome.rejected("msg_too_long", wording.TOO_LONG(size=len(text), most=MOST_CHARACTERS).text)
    return None


def word_of(found: object) -> str | None:
    """Return what Slack answers where it is one of its words, such as `channel_not_found`; None where it is none."""
    return found if isinstance(found, str) and _WORD.fullmatch(found) else None
