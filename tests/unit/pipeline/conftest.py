from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from notifykit.campaign.campaign import Campaign, Channel, MessagePlan
from notifykit.errors import CampaignError
from notifykit.model import Message, Outcome, Problem, Record, Table, Task
from notifykit.outbox import SqliteOutbox
from notifykit.roles import Decision, Ledger, SendContext, Strategy, WriteBack

TABLE = Table("list", {"id": 0, "flag": 1, "text": 2})


def row(number: int, key: str, flag: str = "N", text: str = "x") -> Record:
    return Record(key, [key, flag, text], TABLE, number)


@dataclass
class ListSource:
    items: list[Record | Problem] = field(default_factory=list)
    reads: int = 0

    def read(self) -> Iterable[Record | Problem]:
        self.reads += 1
        return self.items


@dataclass
class FlagStrategy(Strategy):
    told: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    refuse: str = ""
    broken: str = ""

    @property
    def own_columns(self) -> frozenset[str]:
        return frozenset({"flag"})

    def begin(self) -> None:
        if self.broken:
            raise CampaignError(self.broken)

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        if record["flag"] == "Y":
            return Decision.DRIFT if outbox.waiting(record.key) else Decision.SKIP
        return Decision.REPAIR if outbox.delivered(record.key) else Decision.NOTIFY

    def metadata(self, record: Record) -> dict[str, Any]:
        return {"row": record.row}

    def generated(self, records: Sequence[Record]) -> None:
        self.told += [record.key for record in records]

    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        if self.broken:
            raise CampaignError(self.broken)
        self.written += [task.key for task in tasks if task.key != self.refuse]
        return WriteBack(
            done=frozenset(task.id for task in tasks if task.key != self.refuse),
            refused={task.id: "locked" for task in tasks if task.key == self.refuse},
        )


@dataclass
class Accepting:
    seen: list[Message] = field(default_factory=list)

    def send(self, message: Message, context: SendContext) -> Outcome:
        self.seen.append(message)
        return Outcome.accepted()


@dataclass
class World:
    """A campaign over a list, and the store it runs on."""

    outbox: SqliteOutbox
    source: ListSource
    strategy: FlagStrategy
    sender: Accepting
    campaign: Campaign

    def rows(self, *items: Record | Problem) -> None:
        self.source.items = list(items)


def make_world(outbox: SqliteOutbox, folder: Path) -> World:
    sender = Accepting()
    channel = Channel.of("ch", "accepting", sender)
    source, strategy = ListSource(), FlagStrategy()
    group = MessagePlan(name="group", channel=channel, recipient=lambda _: "测试群", text=lambda r: f"单 {r.key}")
    award = MessagePlan(
        name="award",
        channel=channel,
        recipient=lambda _: "测试管家",
        text=lambda r: f"奖 {r.key}",
        when=lambda r: bool(r["text"] == "award"),
    )
    campaign = Campaign(name="c", file=folder / "c.yaml", source=source, strategy=strategy, messages=(group, award))
    return World(outbox, source, strategy, sender, campaign)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield make_world(outbox, tmp_path)


@pytest.fixture(scope="session")
def world_in() -> Callable[[SqliteOutbox, Path], World]:
    return make_world
