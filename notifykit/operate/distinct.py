"""Saying that two keys are different, which a person could take for the same."""

from __future__ import annotations

from notifykit.errors import NotifykitError
from notifykit.keys.normal import normal_form
from notifykit.keys.shown import shown
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext


def keep_distinct(outbox: Outbox, campaign: str, one: str, other: str, *, who: str, why: str) -> bool:
    """Release a pair of keys: neither holds the other any more. False where that was said before.

    Raises NotifykitError where it is one key, or nobody could take one for the other.
    """
    pair = gettext('"{one}" and "{other}"', one=shown(one), other=shown(other))
    if one == other:
        raise NotifykitError(
            gettext("{pair} are one and the same text", pair=pair),
            mend=gettext("name the two keys as `generate` shows them"),
        )
    if normal_form(one) != normal_form(other):
        raise NotifykitError(
            gettext("{pair} do not read as the same, so neither holds the other", pair=pair),
            mend=gettext("there is nothing to do"),
        )
    return outbox.keep_distinct(campaign, one, other, who=who, why=why)
