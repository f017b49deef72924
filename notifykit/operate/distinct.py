"""Saying that two keys are different, which a person could take for the same."""

from __future__ import annotations

from notifykit.errors import NotifykitError
from notifykit.keys.normal import normal_form
from notifykit.keys.shown import shown
from notifykit.outbox.protocol import Outbox


def keep_distinct(outbox: Outbox, campaign: str, one: str, other: str, *, who: str, why: str) -> bool:
    """Release a pair of keys: neither holds the other any more. False where that was said before.

    Raises NotifykitError where it is one key, or nobody could take one for the other.
    """
    pair = f'"{shown(one)}" and "{shown(other)}"'
    if one == other:
        raise NotifykitError(f"{pair} are one and the same text", mend="name the two keys as `generate` shows them")
    if normal_form(one) != normal_form(other):
        raise NotifykitError(
            f"{pair} do not read as the same, so neither holds the other", mend="there is nothing to do"
        )
    return outbox.keep_distinct(campaign, one, other, who=who, why=why)
