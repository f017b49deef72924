"""What this account could not write later: found before a message is sent whose result cannot be written back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from notifykit.campaign.campaign import Campaign
from notifykit.durable.ordinary import is_there


def unwritable_store(store: Path) -> Iterator[str]:
    """Yield what of a store, or where it is to be made, cannot be written."""
    if not is_there(store):
        above = next(folder for folder in store.parents if is_there(folder))
        if not above.is_dir():
            yield f"{store} cannot be made: {above} is a file; correct `store:`"
        elif not os.access(above, os.W_OK | os.X_OK):
            yield f"{store} cannot be made: {above} cannot be written; correct its owner or mode"
        return
    parts = [part for suffix in ("", "-wal", "-shm") if is_there(part := store.with_name(store.name + suffix))]
    if locked := [str(part) for part in parts if not os.access(part, os.W_OK)]:
        yield f"{', '.join(locked)} cannot be written; correct its owner or mode"
    if not os.access(store.parent, os.W_OK | os.X_OK):
        yield f"{store.parent} cannot be written, where the outbox is; correct its owner or mode"


def unwritable_results(campaign: Campaign) -> Iterator[str]:
    """Yield what cannot be written of the file into which a campaign's results go: a file is replaced in its folder."""
    writes = getattr(campaign.strategy, "writes", None)
    file = getattr(campaign.source, "reads", None) if isinstance(writes, str) else writes
    if not isinstance(file, Path):
        return
    if is_there(file) and not os.access(file, os.W_OK):
        yield f"{file} cannot be written, so no result is written back; correct its owner or mode"
    if is_there(file.parent) and not os.access(file.parent, os.W_OK | os.X_OK):
        yield f"{file.parent} cannot be written, where results are written back; correct its owner or mode"
