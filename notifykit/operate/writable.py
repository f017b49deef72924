"""What this account could not write later: found before a message is sent whose result cannot be written back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.durable.ordinary import is_there
from notifykit.wording.translation import gettext


def unwritable_results(campaign: Campaign) -> Iterator[str]:
    """Yield what cannot be written of the file into which a campaign's results go: a file is replaced in its folder."""
    writes = getattr(campaign.strategy, "writes", None)
    file = getattr(campaign.source, "reads", None) if isinstance(writes, str) else writes
    if not isinstance(file, Path):
        return
    if is_there(file) and not os.access(file, os.W_OK):
        yield gettext("{file} cannot be written, so no result is written back; correct its owner or mode", file=file)
    if is_there(file.parent) and not os.access(file.parent, os.W_OK | os.X_OK):
        yield gettext(
            "{parent} cannot be written, where results are written back; correct its owner or mode", parent=file.parent
        )
