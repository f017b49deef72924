"""What a source keeps between two passes: how far it has read, such as the last value of a column that only rises.

It is committed with what was queued of what it read, so that neither a crash nor a failed pass skips a record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.data import options_of
from notifykit.errors import CampaignError
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext

TOPIC = "source_state"
"""Of the notes of an outbox, one a campaign."""

MOST = 65_536
"""Bytes of a state, as JSON."""


class SourceState:
    """The state of one campaign's source. `last` is what was committed latest, None where there is none.

    What a source with other options left is none: it says nothing of what is read now.
    """

    def __init__(self, outbox: Outbox, campaign: Campaign, folder: Path) -> None:
        self._outbox = outbox
        self._campaign = campaign
        self._ask = getattr(campaign.source, "cursor", None)
        self._of = ""
        self.last: Mapping[str, Any] | None = None
        if callable(self._ask):
            options = options_of(campaign.source, folder)
            self._of = hashlib.sha256(options.encode()).hexdigest()[:16]
            kept = json.loads(outbox.notes(TOPIC).get(campaign.name, "null")) or {}
            self.last = kept.get("state") if kept.get("of") == self._of else None

    def next(self) -> Mapping[str, Any] | None:
        """Ask the source how far it has read; None where that is as far as before. Raises CampaignError."""
        if not callable(self._ask):
            return None
        state = self._ask()
        text = _json(state)
        name = type(self._campaign.source).__name__
        if text is None or len(text.encode()) > MOST:
            raise CampaignError(
                gettext(
                    "cursor() of source {source} returned no mapping that fits into {most} bytes of JSON",
                    source=name,
                    most=MOST,
                ),
                mend=gettext("its author must mend that"),
                where=self._campaign.file,
            )
        return None if text == _json(self.last) else state

    def keep(self, state: Mapping[str, Any]) -> None:
        """Keep how far the source has read, in the transaction that is open."""
        text = json.dumps({"of": self._of, "state": state}, ensure_ascii=False, sort_keys=True)
        self._outbox.keep_note(TOPIC, self._campaign.name, text)


def rename_state(outbox: Outbox, old: str, new: str) -> None:
    """Give a campaign's state its other name. Where both names have one, neither stays: all is read again."""
    kept = outbox.notes(TOPIC)
    if old in kept:
        outbox.keep_note(TOPIC, old, None)
        outbox.keep_note(TOPIC, new, None if new in kept else kept[old])


def _json(state: object) -> str | None:
    """Return a mapping as JSON; None where it is none, or has no such form."""
    if not isinstance(state, Mapping):
        return None
    try:
        return json.dumps(state, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None
