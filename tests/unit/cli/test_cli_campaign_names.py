"""One campaign under two names: a renamed file, a copy, and `notifykit campaign rename`."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import EntryPoint

import pytest
from cli_world import FINE, CliWorld, contract

from notifykit import hookimpl
from notifykit.errors import CampaignError, NotifykitError
from notifykit.operate.renaming import rename
from notifykit.outbox.values import ChannelBounds, Filter
from notifykit.pipeline.project import open_project
from notifykit.plugins import load_plugins
from notifykit.plugins.find import find_entry_points
from notifykit.testing.outbox.steps import take

RENAME = ("campaign", "rename", "beijing", "beijing-2025", "--why", "one file a year")


def rename_file(world: CliWorld, new: str = "beijing-2025") -> None:
    (world.folder / "campaigns" / "beijing.yaml").rename(world.folder / "campaigns" / f"{new}.yaml")


def copy_file(world: CliWorld, name: str, more: str = "") -> None:
    text = (world.folder / "campaigns" / "beijing.yaml").read_text(encoding="utf-8")
    world.write_campaign(name, text + more)


def queued(world: CliWorld) -> Counter[tuple[str, str]]:
    """Count the messages by key and name, whatever campaign they are of."""
    with world.outbox() as outbox:
        return Counter((task.key, task.name) for task in outbox.tasks(Filter()))


def unflag(world: CliWorld) -> None:
    world.write_rows([contract(number), f"测试管家{number}", str(number % 2), "N", FINE] for number in (1, 2))


def test_a_renamed_campaign_queues_nothing_and_everybody_says_so(world: CliWorld) -> None:
    world.invoke("generate")
    world.invoke("dispatch")
    rename_file(world)
    checked = world.invoke("check")
    assert checked.exit_code == 4
    assert 'notifykit campaign rename "beijing" "beijing-2025" --why TEXT' in checked.stdout
    generated = world.invoke("generate")
    assert generated.exit_code == 1
    assert "campaign beijing-2025" in generated.stderr
    assert world.invoke("run", "--once").exit_code == 1
    assert "no file describes any more" in world.json("generate", "--dry-run", code=1)["failures"]["beijing-2025"]
    assert "beijing" in world.json("status")["queue_nothing"]["beijing-2025"]
    assert "campaign beijing-2025 queues nothing" in world.invoke("status").stdout
    assert set(queued(world).values()) == {1}


def test_the_renamed_campaign_goes_on_where_it_stood(world: CliWorld) -> None:
    world.invoke("generate")
    world.invoke("dispatch")
    rename_file(world)
    world.invoke("run", "--once")
    renamed = world.json(*RENAME)
    assert renamed == {"old": "beijing", "new": "beijing-2025", "messages": 3}
    assert world.invoke("check").exit_code == 0
    assert world.json("status")["queue_nothing"] == {}
    assert world.invoke("run", "--once").exit_code == 0
    assert world.flags() == ["Y", "Y"]
    assert set(queued(world).values()) == {1}
    told = world.invoke("trace", contract(1)).stdout
    assert "beijing → beijing-2025: one file a year" in told
    unflag(world)
    assert world.invoke("generate").exit_code == 0
    assert set(queued(world).values()) == {1}


def test_the_old_name_in_the_file_does_as_well(world: CliWorld) -> None:
    world.invoke("generate")
    rename_file(world)
    world.edit("campaigns/beijing-2025.yaml", "source:", "name: beijing\nsource:")
    assert world.invoke("check").exit_code == 0
    assert world.json("generate")["campaigns"][0]["queued"] == 0


@pytest.mark.parametrize("copy", ["beijing - Copy", "aa-beijing", "beijing (1)"])
def test_of_a_copied_file_only_one_queues(world: CliWorld, copy: str) -> None:
    copy_file(world, copy)
    assert world.invoke("check").exit_code == 4
    result = world.json("run", "--once", code=1)
    assert list(result["failures"]) == [copy]
    assert [item["campaign"] for item in result["generated"]] == ["beijing"]
    unflag(world)
    world.invoke("run", "--once")
    assert set(queued(world).values()) == {1}


def test_a_copy_alone_is_as_much_as_the_original_with_it(world: CliWorld) -> None:
    """Which campaigns a command names makes no difference."""
    copy_file(world, "copy-of-beijing")
    assert world.invoke("generate", "copy-of-beijing").exit_code == 1
    assert world.invoke("generate", "beijing").exit_code == 0
    assert set(queued(world).values()) == {1}


def test_whoever_was_first_goes_on_whatever_its_name(world: CliWorld) -> None:
    world.invoke("generate")
    copy_file(world, "bj")
    result = world.json("run", "--once", code=1)
    assert list(result["failures"]) == ["bj"]
    assert set(queued(world).values()) == {1}


def test_one_from_before_data_were_remembered_goes_on(world: CliWorld) -> None:
    world.invoke("generate")
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("DELETE FROM campaign_data")
    copy_file(world, "bj")
    assert list(world.json("run", "--once", code=1)["failures"]) == ["bj"]
    assert set(queued(world).values()) == {1}


def test_settling_remembers_too(world: CliWorld) -> None:
    world.invoke("generate")
    world.invoke("dispatch")
    with closing(sqlite3.connect(world.store, isolation_level=None)) as db:
        db.execute("DELETE FROM campaign_data")
    world.invoke("settle")
    rename_file(world)
    unflag(world)
    assert world.invoke("generate").exit_code == 1


def test_a_disabled_original_holds_its_copy(world: CliWorld) -> None:
    world.invoke("generate")
    copy_file(world, "copy")
    world.edit("campaigns/beijing.yaml", "source:", "enabled: false\nsource:")
    assert world.invoke("generate").exit_code == 1
    assert set(queued(world).values()) == {1}


def test_an_original_that_cannot_be_loaded_holds_its_copy(world: CliWorld) -> None:
    world.invoke("generate")
    copy_file(world, "copy")
    world.edit("campaigns/beijing.yaml", "type: contract_csv", "type: nonsense_source")
    result = world.json("generate", code=1)
    assert set(result["failures"]) == {"beijing", "copy"}
    assert "was there first" in result["failures"]["copy"]
    assert set(queued(world).values()) == {1}


def test_a_newcomer_over_the_file_of_last_month_is_held(world: CliWorld) -> None:
    world.invoke("generate")
    (world.folder / "data" / "bj-sep.csv").write_bytes(world.csv.read_bytes())
    copy_file(world, "beijing-aug")
    world.edit("campaigns/beijing.yaml", "data/bj.csv", "data/bj-sep.csv")
    result = world.json("generate", code=1)
    assert list(result["failures"]) == ["beijing-aug"]
    assert [item["campaign"] for item in result["campaigns"]] == ["beijing"]


def test_next_months_file_is_the_campaigns_own(world: CliWorld) -> None:
    world.lived()
    (world.folder / "data" / "bj-sep.csv").write_text(
        world.csv.read_text(encoding="utf-8").replace("10100000000000000", "20200000000000000").replace(",Y,", ",N,"),
        encoding="utf-8",
    )
    world.edit("campaigns/beijing.yaml", "data/bj.csv", "data/bj-sep.csv")
    assert world.json("generate")["campaigns"][0]["queued"] == 3


def test_another_flag_column_of_the_same_file_is_another_campaign(world: CliWorld) -> None:
    copy_file(world, "reminders")
    world.edit("campaigns/reminders.yaml", "{type: contract}", "{type: contract, flag: 备注, unsent: '', sent: done}")
    assert world.invoke("check").exit_code == 0
    assert world.invoke("generate").exit_code == 0


@pytest.mark.parametrize("says", ["beijing", "copy"])
def test_both_queue_where_one_says_that_both_are_meant(world: CliWorld, says: str) -> None:
    copy_file(world, "copy")
    other = {"beijing": "copy", "copy": "beijing"}[says]
    world.edit(f"campaigns/{says}.yaml", "source:", f"shares_data_with: {other}\nsource:")
    assert world.invoke("check").exit_code == 0
    assert world.invoke("generate").exit_code == 0
    assert set(queued(world).values()) == {2}


def test_what_is_held_no_more_is_not_shown_any_more(world: CliWorld) -> None:
    world.invoke("generate")
    copy_file(world, "copy")
    world.invoke("generate")
    assert list(world.json("status")["queue_nothing"]) == ["copy"]
    (world.folder / "campaigns" / "copy.yaml").unlink()
    world.invoke("generate")
    assert world.json("status")["queue_nothing"] == {}


def test_rename_needs_the_file_to_be_renamed_first(world: CliWorld) -> None:
    world.invoke("generate")
    result = world.invoke(*RENAME)
    assert result.exit_code == 1
    assert 'a file still describes campaign "beijing"' in result.stderr
    rename_file(world, "other")
    result = world.invoke(*RENAME)
    assert result.exit_code == 1
    assert 'no file describes campaign "beijing-2025"' in result.stderr


def test_rename_of_what_nobody_knows(world: CliWorld) -> None:
    rename_file(world)
    assert "nothing has been queued yet" in world.invoke(*RENAME).stderr
    world.invoke("generate")
    result = world.invoke(*RENAME)
    assert result.exit_code == 1
    assert 'the store knows no campaign "beijing"' in result.stderr


def test_rename_waits_for_what_is_being_sent(world: CliWorld) -> None:
    world.invoke("generate")
    rename_file(world)
    with world.outbox() as outbox:
        (claim,) = take(outbox, "worker", 1, {"beijing-group": ChannelBounds()}, 60)
    result = world.invoke(*RENAME)
    assert result.exit_code == 1
    assert "is being sent" in result.stderr
    with world.outbox() as outbox:
        outbox.release(claim)
    assert world.invoke(*RENAME).exit_code == 0


class Keeper:
    """A plugin that keeps something by the names of campaigns, in a file."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept

    @hookimpl
    def rename_kept(self, old: str, new: str) -> bool:
        if self.kept.get(old) == "stays":
            raise CampaignError("it is carved in stone", mend="leave it")
        self.kept = {new if name == old else name: what for name, what in self.kept.items()}
        return new in self.kept


Rename = Callable[[Keeper], int]


@pytest.fixture
def rename_with(world: CliWorld, monkeypatch: pytest.MonkeyPatch) -> Rename:
    """Rename `beijing`, whose file has the other name already, beside a plugin; returns how many messages it has."""
    world.invoke("generate")
    rename_file(world)

    def rename_it(keeper: Keeper) -> int:
        monkeypatch.setitem(sys.modules, "keeper", keeper)
        keepers = EntryPoint("keeper", "keeper", "notifykit")
        plugins = load_plugins(entry_points=[*find_entry_points()[0], keepers])
        project = open_project(world.project, plugins=plugins)
        with world.outbox() as outbox:
            return rename(project, outbox, "beijing", "beijing-2025", who="me", why="one a year")

    return rename_it


def test_a_plugin_takes_along_what_it_keeps(rename_with: Rename) -> None:
    keeper = Keeper(beijing="x", other="y")
    assert rename_with(keeper) == 3
    assert keeper.kept == {"beijing-2025": "x", "other": "y"}


def test_a_plugin_alone_may_know_the_campaign(world: CliWorld, rename_with: Rename) -> None:
    with world.outbox() as outbox:
        outbox.rename_campaign("beijing", "elsewhere", who="me", why="so that the store has none")
    with pytest.raises(NotifykitError, match='the store knows no campaign "beijing"'):
        rename_with(Keeper(other="y"))
    assert rename_with(Keeper(beijing="x")) == 0


def test_what_a_plugin_cannot_take_along_keeps_the_name_of_all(world: CliWorld, rename_with: Rename) -> None:
    with pytest.raises(CampaignError, match="carved in stone"):
        rename_with(Keeper(beijing="stays"))
    with world.outbox() as outbox:
        assert {task.campaign for task in outbox.tasks(Filter())} == {"beijing"}


def test_rename_lists_the_keys_that_both_have(world: CliWorld) -> None:
    copy_file(world, "beijing-2025", "shares_data_with: beijing\n")
    world.invoke("generate")
    (world.folder / "campaigns" / "beijing.yaml").unlink()
    before = queued(world)
    result = world.invoke(*RENAME)
    assert result.exit_code == 1
    assert f"both have messages of 2 keys ({contract(1)}, {contract(2)})" in result.stderr
    assert "`name: beijing`" in result.stderr
    assert queued(world) == before


def test_a_process_with_the_old_name_in_mind_queues_nothing_after_the_rename(world: CliWorld) -> None:
    world.invoke("generate")
    rename_file(world)
    world.invoke(*RENAME)
    rename_file_back = world.folder / "campaigns" / "beijing-2025.yaml"
    rename_file_back.rename(world.folder / "campaigns" / "beijing.yaml")
    assert world.invoke("generate").exit_code == 1
    assert set(queued(world).values()) == {1}
