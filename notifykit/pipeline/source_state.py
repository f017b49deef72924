"""What a source keeps between two passes: how far it has read, such as the last value of a column that only rises.

It is committed with what was queued of what it read, so that neither a crash nor a failed pass skips a record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from notifykit.campaign.campaign import Campaign
from notifykit.campaign.data import options_of
from notifykit.errors import CampaignError
from notifykit.model import Problem
from notifykit.operate.attention import SOURCE_STATE, STANDS_FOR, standing_sources
from notifykit.outbox.protocol import Outbox
from notifykit.wording.translation import gettext

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
        self._kept: Mapping[str, Any] = json.loads(outbox.notes(SOURCE_STATE).get(campaign.name, "{}"))
        self.last: Mapping[str, Any] | None = None
        if callable(self._ask):
            options = options_of(campaign.source, folder)
            self._of = hashlib.sha256(options.encode()).hexdigest()[:16]
            self.last = self._kept.get("state") if self._kept.get("of") == self._of else None

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
        self._kept = {"of": self._of, "state": state}
        self._outbox.keep_note(SOURCE_STATE, self._campaign.name, _written(self._kept))

    def stand(self, held: Sequence[Problem]) -> None:
        """Keep for people what keeps the source from going on, where anything does. Raises CampaignError, as `next`."""
        others = {part: self._kept[part] for part in self._kept if part != STANDS_FOR}
        note = others
        if held and self.next() is not None:
            before = self._kept.get(STANDS_FOR, {})
            since = before["since"] if before.get("of") == self._of else self._outbox.now()
            note = {**others, STANDS_FOR: {"of": self._of, "since": since, "rows": len(held), "place": held[0].place}}
        if note != self._kept:
            with self._outbox.transaction():
                self._outbox.keep_note(SOURCE_STATE, self._campaign.name, _written(note) if note else None)
            self._kept = note


def rename_state(outbox: Outbox, old: str, new: str) -> None:
    """Give a campaign's state its other name. Where both names have one, neither stays: all is read again."""
    kept = outbox.notes(SOURCE_STATE)
    if old in kept:
        outbox.keep_note(SOURCE_STATE, old, None)
        outbox.keep_note(SOURCE_STATE, new, None if new in kept else kept[old])


def release_undescribed(outbox: Outbox, described: Collection[str]) -> None:
    """Have no source stand still whose campaign no file describes: nobody reads it."""
    for name in standing_sources(outbox).keys() - set(described):
        with outbox.transaction():
            kept = json.loads(outbox.notes(SOURCE_STATE)[name])
            others = {part: kept[part] for part in kept if part != STANDS_FOR}
            outbox.keep_note(SOURCE_STATE, name, _written(others) if others else None)


def _written(note: Mapping[str, object]) -> str:
    return json.dumps(note, ensure_ascii=False, sort_keys=True)


def _json(state: object) -> str | None:
    """Return a mapping as JSON; None where it is none, or has no such form."""
    if not isinstance(state, Mapping):
        return None
    try:
        return json.dumps(state, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None
