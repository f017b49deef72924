"""What a dedup strategy promises, as tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import cast

from notifykit.legacy import Flag, KeepsFlags
from notifykit.messages.receipts import SentOutcome
from notifykit.model import Owed, Record, Task, Verdict
from notifykit.roles import Decision, Source, Strategy, StrategyContext, WriteBack
from notifykit.testing.clock import FakeClock
from notifykit.testing.opened import Opens
from notifykit.testing.options import check_can_be_called, check_options
from notifykit.testing.promises import TellsPromises
from notifykit.testing.samples import FakeLedger, sent_task
from notifykit.wording import Reason

NEVER_SEEN = "no-such-key-anywhere"


@dataclass
class World:
    """A strategy at work on its source."""

    folder: Path
    source: Source
    strategy: Strategy

    def records(self) -> list[Record]:
        """Read the source anew: one record of each key."""
        by_key = {item.key: item for item in reversed(list(self.source.read())) if isinstance(item, Record)}
        return list(reversed(by_key.values()))

    def tasks(self) -> list[Task]:
        """Return one sent task for each record, with its outcome for a strategy that asks for it."""
        outcome = SentOutcome(verdict=Verdict.ACCEPTED, vendor_id="v-1", undelivered=("x",), sent_at=1_800_000_001.0)
        told = outcome if self.strategy.needs_outcomes else None
        return [
            replace(sent_task(record, self.strategy.metadata(record), id_=id_), outcome=told)
            for id_, record in enumerate(self.records(), 1)
        ]

    def files(self) -> dict[str, bytes]:
        """Return all files, whole."""
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


class StrategyContract(Opens, TellsPromises):
    """Subclass it as `TestMyStrategy`, and say how source and strategy are made.

    class TestMyStrategy(StrategyContract):
        def make_source(self, folder):
            (folder / "orders.csv").write_text(SAMPLE)
            return CsvSource(path=folder / "orders.csv", key="order_id")

        def make_strategy(self, folder):
            return MyStrategy(...)
    """

    def make_source(self, folder: Path) -> Source:
        """Return a source whose records all need notifying. Called once for each test."""
        raise NotImplementedError

    def make_strategy(self, folder: Path) -> Strategy:
        """Return a strategy for that source. May be called again, as a second process does: change no file here."""
        raise NotImplementedError

    def started(self, folder: Path, source: Source) -> World:
        """Start a strategy as the host does."""
        strategy = self.make_strategy(folder)
        strategy.start(StrategyContext(campaign="sample", source=source, clock=FakeClock(), folder=folder))
        return World(folder, source, self.opened(strategy))

    def world(self, folder: Path) -> World:
        """Make a source and a started strategy."""
        return self.started(folder, self.opened_source(self.make_source(folder)))

    def test_its_fields_are_options(self, tmp_path: Path) -> None:
        """A strategy is a dataclass whose fields the host can validate."""
        self.make_source(tmp_path)
        check_options("strategies", self.make_strategy(tmp_path))

    def test_its_facts_can_be_read(self, tmp_path: Path) -> None:
        """`needs_whole_tasks` is True or False."""
        strategy = self.world(tmp_path).strategy
        needs = getattr(strategy, "needs_whole_tasks", True)
        assert isinstance(needs, bool), f"`needs_whole_tasks` is {needs!r}, not True or False"
        check_can_be_called(strategy, "check_online")

    def test_its_columns_are_names(self, tmp_path: Path) -> None:
        """`own_columns` is a frozenset of column names."""
        own = self.world(tmp_path).strategy.own_columns
        assert isinstance(own, frozenset)
        assert all(isinstance(name, str) for name in own)

    def test_what_it_writes_is_said_alike_at_any_time(self, tmp_path: Path) -> None:
        """`writes` is a path, a text or None: the same before and after the start, and in another process."""
        source = self.make_source(tmp_path)
        unstarted, started = self.make_strategy(tmp_path), self.started(tmp_path, source).strategy
        assert unstarted.writes is None or isinstance(unstarted.writes, str | Path)
        assert unstarted.writes != ""
        assert started.writes == unstarted.writes == self.make_strategy(tmp_path).writes

    def test_what_nobody_knows_is_notified(self, tmp_path: Path) -> None:
        """A record that the outbox does not know, and that is not marked as sent, is notified."""
        world = self.world(tmp_path)
        assert decisions(world, FakeLedger()) == [Decision.NOTIFY] * len(world.records())

    def test_what_waits_is_left_alone(self, tmp_path: Path) -> None:
        """While messages wait, nothing is written back: they may still fail."""
        world = self.world(tmp_path)
        waiting = FakeLedger(waiting=[record.key for record in world.records()])
        assert Decision.REPAIR not in decisions(world, waiting)

    def test_deciding_changes_nothing(self, tmp_path: Path) -> None:
        """Asked twice, a strategy decides alike, and no file is touched."""
        world = self.world(tmp_path)
        before = world.files()
        assert decisions(world, FakeLedger()) == decisions(world, FakeLedger())
        assert world.files() == before

    def test_metadata_is_json(self, tmp_path: Path) -> None:
        """Metadata comes back from JSON as it was."""
        world = self.world(tmp_path)
        for record in world.records():
            kept = world.strategy.metadata(record)
            assert json.loads(json.dumps(kept, allow_nan=False)) == kept, f"not JSON: {kept!r}"

    def test_generated_may_be_repeated(self, tmp_path: Path) -> None:
        """A crash repeats `generated`, maybe in another process: nothing changes the second time."""
        world = self.world(tmp_path)
        world.strategy.begin()
        world.strategy.generated([])
        world.strategy.generated(world.records())
        after = world.files()
        world.strategy.generated(world.records())
        second = self.started(tmp_path, world.source)
        second.strategy.begin()
        second.strategy.generated(second.records())
        assert world.files() == after

    def test_every_task_is_accounted_for(self, tmp_path: Path) -> None:
        """`write_back` says of every task that it is done, or why not."""
        world = self.generated(tmp_path)
        result = write_back(world, world.tasks())
        assert result.done, "make_source() gives records whose result can be written back"

    def test_there_may_be_nothing_to_write(self, tmp_path: Path) -> None:
        """No tasks, no change."""
        world = self.generated(tmp_path)
        before = world.files()
        write_back(world, [])
        assert world.files() == before

    def test_a_record_that_vanished_is_accounted_for(self, tmp_path: Path) -> None:
        """A task whose record is gone does not stop the others."""
        world = self.generated(tmp_path)
        tasks = world.tasks()
        gone = Record(NEVER_SEEN, world.records()[0].cells, world.records()[0].table, 10**6)
        lost = sent_task(gone, world.strategy.metadata(world.records()[0]), id_=10**6)
        result = write_back(world, [lost, *tasks])
        assert {task.id for task in tasks} <= result.done

    def test_write_back_may_be_repeated(self, tmp_path: Path) -> None:
        """A crash repeats `write_back`, maybe in another process: the same is done, and nothing changes."""
        world = self.generated(tmp_path)
        tasks = world.tasks()
        first = write_back(world, tasks)
        after = world.files()
        assert write_back(world, tasks).done == first.done
        assert write_back(self.started(tmp_path, world.source), tasks).done == first.done
        assert world.files() == after

    def test_what_was_written_back_rests(self, tmp_path: Path) -> None:
        """A key that is sent and written back is neither repaired nor reported as drift, for ever after."""
        world = self.generated(tmp_path)
        write_back(world, world.tasks())
        delivered = FakeLedger(delivered=[record.key for record in world.records()])
        again = self.started(tmp_path, world.source)
        assert set(decisions(again, delivered)) <= {Decision.SKIP, Decision.NOTIFY}

    def test_its_flag_words_are_those_of_its_flags(self, tmp_path: Path) -> None:
        """Where the strategy keeps flags: words, columns and file are told as they are read and written."""
        world = self.world(tmp_path)
        keeper = world.strategy
        if not isinstance(keeper, KeepsFlags):
            return
        words, records = keeper.flag_words, world.records()
        assert all(getattr(words, item.name) or item.name == "unsent" for item in fields(words)), f"empty: {words}"
        assert words.unsent != words.sent
        assert keeper.flag_file.is_file()
        assert [record.get(words.key) for record in records] == [record.key for record in records]
        assert {(keeper.flag_of(record), record.get(words.flag)) for record in records} == {(Flag.UNSENT, words.unsent)}
        for flag, word in ((Flag.SENT, words.sent), (Flag.UNSENT, words.unsent)):
            keys = [record.key for record in records]
            expected = b"".join(keeper.with_flags(keeper.flag_file.read_bytes(), keys, flag))
            for _ in range(2):
                assert keeper.set_flags(keys, flag) == {}
                assert keeper.flag_file.read_bytes() == expected
            now = world.records()
            assert {(keeper.flag_of(record), record.get(words.flag)) for record in now} == {(flag, word)}

    def generated(self, folder: Path) -> World:
        """Make a world whose records are queued."""
        world = self.world(folder)
        world.strategy.begin()
        world.strategy.generated(world.records())
        return world


def decisions(world: World, ledger: FakeLedger) -> list[Decision]:
    """Decide on every record, in one pass."""
    world.strategy.begin()
    found = [world.strategy.decide(record, ledger) for record in world.records()]
    assert all(isinstance(each, Decision) for each in found), found
    return found


def write_back(world: World, tasks: Sequence[Task]) -> WriteBack:
    """Write back, and assert that every task is in one of the two."""
    result = world.strategy.write_back(tasks)
    assert isinstance(result, WriteBack), f"write_back() returned {result!r}"
    assert not result.done & result.refused.keys(), "a task is either done or refused"
    assert result.done | result.refused.keys() == {task.id for task in tasks}, "every task is in one of the two"
    assert all(str(reason) and isinstance(reason, Reason | str) for reason in result.refused.values()), (
        "every refusal has a reason"
    )
    if not getattr(world.strategy, "needs_whole_tasks", True):
        brief = [Owed(task.id, task.key, task.metadata) for task in tasks]
        again = world.strategy.write_back(cast("Sequence[Task]", brief))
        assert again.done == result.done, "`needs_whole_tasks` is False, so id, key and metadata are enough"
    return result
