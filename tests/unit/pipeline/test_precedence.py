"""Of several campaigns over the same data, one queues messages: also where two begin at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from notifykit.campaign.campaign import Campaign
from notifykit.errors import CampaignError, HeldCampaignError
from notifykit.model import Record, Table
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.pipeline.generate import generate
from notifykit.pipeline.precedence import Precedence
from notifykit.wording.host import RENAMED_MEANWHILE

TABLE = Table("list", {"id": 0, "flag": 1, "text": 2})


@dataclass
class OneFile:
    """Ten records that need notifying, of one file."""

    path: Path

    @property
    def reads(self) -> Path:
        return self.path

    def read(self) -> Sequence[Record]:
        return [Record(f"K{number}", [f"K{number}", "N", "x"], TABLE, number) for number in range(10)]


def over_one_file(campaign: Campaign, name: str) -> Campaign:
    file = campaign.file.with_name("orders.csv")
    file.touch()
    return replace(campaign, name=name, source=OneFile(file))


def precedence(outbox: SqliteOutbox, *campaigns: Campaign) -> Precedence:
    return Precedence(outbox, campaigns, [item.name for item in campaigns], campaigns[0].file.parent)


def keys(outbox: SqliteOutbox) -> Counter[str]:
    return Counter(task.key for task in outbox.tasks(Filter()))


def generate_as(campaign: Campaign, outbox: SqliteOutbox) -> None:
    generate(campaign, outbox, before_queueing=partial(precedence(outbox, campaign).remember, campaign))


def test_of_two_that_begin_at_once_one_queues(world: Any, tmp_path: Path) -> None:
    """Each process knows its own file only, as before and after a renaming: the store decides."""
    begin = threading.Barrier(2)
    refused: list[str] = []

    def process(name: str) -> None:
        campaign = over_one_file(world.campaign, name)
        with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
            begin.wait()
            try:
                generate_as(campaign, outbox)
            except CampaignError:
                refused.append(name)

    threads = [threading.Thread(target=process, args=(name,)) for name in ("old", "new")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert keys(world.outbox) == Counter(f"K{number}" for number in range(10))
    assert [item.campaign for item in world.outbox.campaign_data()] == list({"old", "new"} - set(refused))


def test_what_is_refused_within_the_transaction_leaves_nothing(world: Any) -> None:
    def refuse() -> None:
        world.outbox.remember_data(replace(known, campaign="c"))
        raise CampaignError("somebody was first")

    generate_as(over_one_file(world.campaign, "first"), world.outbox)
    (known,) = world.outbox.campaign_data()
    before = keys(world.outbox)
    with pytest.raises(CampaignError):
        generate(over_one_file(world.campaign, "c"), world.outbox, before_queueing=refuse)
    assert keys(world.outbox) == before
    assert world.outbox.campaign_data() == [known]


def test_a_campaign_that_is_renamed_meanwhile_queues_no_more_under_the_old_name(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifykit.pipeline.generate.BATCH", 4)
    old = over_one_file(world.campaign, "old")
    renamed: list[int] = []

    def rename(_records: object) -> None:
        renamed.append(world.outbox.rename_campaign("old", "new", who="me", why="meanwhile"))

    monkeypatch.setattr(type(old.strategy), "generated", lambda _self, records: rename(records))
    with pytest.raises(HeldCampaignError) as refused:
        generate_as(old, world.outbox)
    assert refused.value.reason == RENAMED_MEANWHILE(campaign="old", known="new")
    monkeypatch.undo()
    assert len(renamed) == 1
    generate_as(over_one_file(world.campaign, "new"), world.outbox)
    assert keys(world.outbox) == Counter(f"K{number}" for number in range(10))


@pytest.mark.parametrize("names", list(permutations(["orders", "orders copy", "b", "a"])))
def test_of_unknown_ones_the_shortest_name_goes_on_in_whatever_order(world: Any, names: tuple[str, ...]) -> None:
    campaigns = [over_one_file(world.campaign, name) for name in names]
    standing = precedence(world.outbox, *campaigns)
    assert [item.name for item in campaigns if standing.refusal(item) is None] == ["a"]


def test_without_a_store_the_files_are_compared(world: Any) -> None:
    campaigns = [over_one_file(world.campaign, name) for name in ("orders", "orders copy")]
    standing = Precedence(None, campaigns, ["orders", "orders copy"], world.campaign.file.parent)
    assert standing.refusal(campaigns[0]) is None
    assert standing.refusal(campaigns[1]) is not None


def test_a_campaign_that_the_store_knows_without_data_matches_none(world: Any) -> None:
    generate(over_one_file(world.campaign, "adopted"), world.outbox)
    assert world.outbox.campaign_data() == []
    newcomer = over_one_file(world.campaign, "newcomer")
    assert precedence(world.outbox, newcomer).refusal(newcomer) is None


def test_what_was_allowed_once_needs_its_permission_for_ever(world: Any) -> None:
    first = over_one_file(world.campaign, "first")
    second = replace(over_one_file(world.campaign, "second"), shares_data_with=frozenset({"first"}))
    generate_as(first, world.outbox)
    generate(second, world.outbox, before_queueing=partial(precedence(world.outbox, first, second).remember, second))
    assert [item.campaign for item in world.outbox.campaign_data()] == ["first", "second"]
    alone = replace(second, shares_data_with=frozenset())
    assert precedence(world.outbox, first, alone).refusal(alone) is not None
    assert precedence(world.outbox, first, alone).refusal(first) is None


@dataclass
class Keyed(OneFile):
    """The same, of a source that says what its keys are taken from."""

    key: str = ""


@pytest.mark.parametrize(
    ("before", "now", "held"), [("id", "nr", True), ("id", "id", False), ("", "nr", False), ("id", "", False)]
)
def test_other_keys_are_recognised_where_the_source_tells(world: Any, before: str, now: str, held: bool) -> None:
    campaign = over_one_file(world.campaign, "orders")
    assert isinstance(campaign.source, OneFile)
    path = campaign.source.path
    generate_as(replace(campaign, source=Keyed(path, before)), world.outbox)
    other = replace(campaign, source=Keyed(path, now))
    assert (precedence(world.outbox, other).refusal(other) is not None) is held
    meant = replace(other, replaces_key=frozenset({before}))
    assert precedence(world.outbox, meant).refusal(meant) is None
