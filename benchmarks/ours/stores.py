"""notifykit's outbox, filled in the ways that the measurements begin with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.ours.campaign import CAMPAIGN, CHANNEL, dispatcher
from benchmarks.world import Text, texts
from notifykit.model import Draft
from notifykit.outbox import SqliteOutbox

_BATCH = 10_000


def drafts(of: Iterable[Text], *, ordered: bool = True) -> list[Draft]:
    """Drafts as generate makes them."""
    return [
        Draft(
            campaign=CAMPAIGN,
            key=text.key,
            name=text.name,
            recipient=text.recipient,
            text=text.text,
            channel=CHANNEL,
            task_type="send_wecom_message",
            ordered=ordered,
            metadata={
                "contract_id": text.key,
                "csv_file": "contracts.csv",
                "created_by": "contract_notification",
            },
        )
        for text in of
    ]


def fill(path: Path, waiting: int, *, done: int = 0, ordered: bool = True) -> None:
    """Make a store with `done` completed messages, and `waiting` ones queued behind them."""
    offered = drafts(texts(done + waiting), ordered=ordered)
    with SqliteOutbox.open(path) as outbox:
        for start in range(0, done, _BATCH):
            outbox.enqueue(offered[start : min(start + _BATCH, done)])
        if done:
            dispatcher(outbox, workers=64).run(drain=True)
            while owed := outbox.owed(CAMPAIGN):
                outbox.complete(task.id for task in owed)
        for start in range(done, done + waiting, _BATCH):
            outbox.enqueue(offered[start : start + _BATCH])
