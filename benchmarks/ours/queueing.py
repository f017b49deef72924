"""How fast notifykit queues messages, and how fast it finds that it knows them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness import Sample, timed
from benchmarks.ours.stores import drafts
from benchmarks.world import Text
from notifykit.outbox import SqliteOutbox


def in_bulk(room: Path, texts: list[Text]) -> Sample:
    """Offer messages that are all new."""
    offered = drafts(texts)
    with SqliteOutbox.open(room / "outbox.db") as outbox:
        sample = timed(lambda: outbox.enqueue(offered))
        _check(outbox, len(texts))
    return sample


def again(room: Path, texts: list[Text]) -> Sample:
    """Offer messages that are all known."""
    offered = drafts(texts)
    with SqliteOutbox.open(room / "outbox.db") as outbox:
        outbox.enqueue(offered)
        sample = timed(lambda: outbox.enqueue(offered))
        _check(outbox, len(texts))
    return sample


def _check(outbox: SqliteOutbox, queued: int) -> None:
    (figures,) = outbox.figures()
    if sum(figures.by_status.values()) != queued:
        raise RuntimeError(f"the store holds {figures.by_status}, not {queued} messages")
