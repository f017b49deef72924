"""Each promise of a contract is broken once, and the contract's test must see it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from notifykit.errors import CampaignError
from notifykit.model import Message, Outcome, Problem, Record, Table, Task
from notifykit.roles import Decision, Ledger, Rate, SendContext, Sender, Source, Strategy, WriteBack
from notifykit.testing import SenderContract, SourceContract, StrategyContract, records

Options = dict[str, Any]


def contract(base: type, **makers: Callable[..., object]) -> Any:
    """Make a contract class with these make_… methods."""
    return type("Made", (base,), {name: staticmethod(maker) for name, maker in makers.items()})()


PROBLEM = Problem(place="x:4", what="no id", mend="write one")


# sources --------------------------------------------------------------------------------------------------


@dataclass
class Orders:
    """A good source, unless told otherwise."""

    items: list[Any] = field(default_factory=lambda: [*records({"id": "A"}, {"id": "B"}), PROBLEM])

    def read(self) -> Iterable[Record | Problem]:
        return list(self.items)


TABLE = Table("x", {"id": 0, "name": 1})


class NoDataclass:
    def read(self) -> Iterable[Record | Problem]:
        return records({"id": "A"}, {"id": "B"})


@dataclass
class OddOption:
    hook: json.JSONDecoder | None = None

    def read(self) -> Iterable[Record | Problem]:
        return records({"id": "A"}, {"id": "B"})


@dataclass
class Declared(Orders):
    def __init__(self, **facts: object) -> None:
        super().__init__()
        self.__dict__.update(facts)


class Late(Orders):
    async def read(self) -> Iterable[Record | Problem]:  # type: ignore[override]
        return []


class Iterating(Orders):
    def read(self) -> Iterable[Record | Problem]:
        return iter(self.items)


class UsingUp(Orders):
    def read(self) -> Iterable[Record | Problem]:
        taken, self.items = self.items, self.items[1:]
        return taken


class Silent(Orders):
    def read(self) -> Iterable[Record | Problem]:
        return []


class Loud(Orders):
    def read(self) -> Iterable[Record | Problem]:
        raise CampaignError("orders.json:1: it is torn; wait for the next export")


def with_items(*items: object) -> Orders:
    return Orders([*records({"id": "A"}, {"id": "B"}), *items])


BAD_SOURCES: list[tuple[str, Callable[[], Source]]] = [
    ("its_fields_are_options", NoDataclass),
    ("its_fields_are_options", OddOption),
    ("it_yields_records_and_problems", lambda: with_items("a row")),
    ("it_yields_records_and_problems", lambda: with_items(Record(" ", ["", ""], TABLE, 9))),
    ("it_yields_records_and_problems", lambda: with_items(Record(7, [7, ""], TABLE, 9))),  # type: ignore[arg-type]
    ("it_yields_records_and_problems", lambda: with_items(Record("C", ["C", ""], TABLE, 0))),
    ("it_yields_records_and_problems", lambda: with_items(Record("C", ["C"], TABLE, 9))),
    ("it_yields_records_and_problems", lambda: with_items(Record("C", ["C"], Table("", {"id": 0}), 9))),
    ("it_yields_records_and_problems", lambda: with_items(Problem(place="", what="w", mend="m"))),
    ("it_yields_records_and_problems", lambda: with_items(Problem(place="p", what="", mend="m"))),
    ("it_yields_records_and_problems", lambda: with_items(Problem(place="p", what="w", mend=""))),
    ("it_yields_records_and_problems", lambda: with_items(Problem(place="p", what="w", mend="m", key=""))),
    ("it_yields_records_and_problems", lambda: Orders(records({"id": "A"}))),
    ("its_facts_can_be_read", lambda: Declared(reads=7)),
    ("its_facts_can_be_read", lambda: Declared(key=["id"])),
    ("its_facts_can_be_read", lambda: Declared(expects="id")),
    ("its_facts_can_be_read", lambda: Declared(check_online=True)),
    ("its_fields_are_options", cast("type[Source]", Late)),
    ("rows_are_in_order", lambda: Orders(list(reversed(records({"id": "A"}, {"id": "B"}))))),
    ("one_reading_can_be_walked_twice", Iterating),
    ("two_readings_are_equal", UsingUp),
]


@pytest.mark.parametrize(("promise", "make"), BAD_SOURCES)
def test_a_bad_source_is_caught(tmp_path: Path, promise: str, make: Callable[[], Source]) -> None:
    test = getattr(contract(SourceContract, make_source=lambda folder: make()), f"test_{promise}")
    with pytest.raises(AssertionError):
        test(tmp_path)


@pytest.mark.parametrize("promise", sorted({promise for promise, _ in BAD_SOURCES}))
def test_a_good_source_is_passed(tmp_path: Path, promise: str) -> None:
    getattr(contract(SourceContract, make_source=lambda folder: Orders()), f"test_{promise}")(tmp_path)


def test_a_source_that_hides_a_failure_is_caught(tmp_path: Path) -> None:
    made = contract(SourceContract, make_broken_source=lambda folder: Silent())
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        made.test_a_source_that_cannot_be_read_says_so(tmp_path)
    contract(SourceContract, make_broken_source=lambda folder: Loud()).test_a_source_that_cannot_be_read_says_so(
        tmp_path
    )
    with pytest.raises(pytest.skip.Exception):
        SourceContract().test_a_source_that_cannot_be_read_says_so(tmp_path)


# strategies -----------------------------------------------------------------------------------------------


@dataclass
class Remembering(Strategy):
    """A good strategy: one line in a file for each key that was written back."""

    folder: Path

    def begin(self) -> None:
        self.known = set(self.lines())

    def lines(self) -> list[str]:
        file = self.folder / "done.txt"
        return file.read_text().splitlines() if file.exists() else []

    def decide(self, record: Record, outbox: Ledger) -> Decision:
        if record.key in self.known:
            return Decision.SKIP
        return Decision.REPAIR if outbox.delivered(record.key) else Decision.NOTIFY

    def metadata(self, record: Record) -> dict[str, Any]:
        return {"id": record.key}

    def write(self, keys: Iterable[str]) -> None:
        (self.folder / "done.txt").write_text("".join(f"{key}\n" for key in keys))

    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        if tasks:
            self.write(sorted({*self.lines(), *(task.key for task in tasks)}))
        return WriteBack(done=frozenset(task.id for task in tasks))


class AnyAnswer(Remembering):
    def decide(self, record: Record, outbox: Ledger) -> Any:
        return True


class Eager(Remembering):
    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.SKIP


class RepairsWhatWaits(Remembering):
    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.REPAIR if outbox.known(record.key, "group") else Decision.NOTIFY


class WritesWhileDeciding(Remembering):
    def decide(self, record: Record, outbox: Ledger) -> Decision:
        (self.folder / "seen.txt").write_text(f"{next(COUNTER)}")
        return Decision.NOTIFY


COUNTER = itertools.count()


class NoJson(Remembering):
    def metadata(self, record: Record) -> dict[str, Any]:
        return {"id": (1, 2)}


class Appends(Remembering):
    def generated(self, records: Sequence[Record]) -> None:
        with (self.folder / "log.txt").open("a") as log:
            log.write("generated\n" * len(records))

    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        self.write([*self.lines(), *(task.key for task in tasks)])
        return WriteBack(done=frozenset(task.id for task in tasks))


class Forgets(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        return WriteBack(done=frozenset(task.id for task in tasks))


class WritesNothing(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        return WriteBack(refused={task.id: "no" for task in tasks})


class LeavesOut(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        return WriteBack(done=frozenset(task.id for task in tasks[1:]))


class Both(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        return WriteBack(done=frozenset(task.id for task in tasks), refused={task.id: "no" for task in tasks[:1]})


class NoReason(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        return WriteBack(done=frozenset(task.id for task in tasks[1:]), refused={task.id: "" for task in tasks[:1]})


class NoAnswer(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> Any:
        return None


class TouchesOnNothing(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        (self.folder / "touched.txt").write_text(f"{next(COUNTER)}")
        return WriteBack(done=frozenset(task.id for task in tasks))


class StopsAtTheVanished(Remembering):
    def write_back(self, tasks: Sequence[Task]) -> WriteBack:
        if any("no-such-key" in task.key for task in tasks):
            return WriteBack(refused={task.id: "a key vanished" for task in tasks})
        return super().write_back(tasks)


class OwnList(Remembering):
    @property
    def own_columns(self) -> Any:
        return ["flag"]


class WantsMuch(Remembering):
    needs_whole_tasks = "id"  # type: ignore[assignment]


class NoOptions(Strategy):
    def decide(self, record: Record, outbox: Ledger) -> Decision:
        return Decision.NOTIFY


BAD_STRATEGIES: list[tuple[str, Callable[[Path], Strategy]]] = [
    ("its_fields_are_options", lambda folder: NoOptions()),
    ("its_columns_are_names", OwnList),
    ("its_facts_can_be_read", WantsMuch),
    ("what_nobody_knows_is_notified", AnyAnswer),
    ("what_nobody_knows_is_notified", Eager),
    ("what_waits_is_left_alone", RepairsWhatWaits),
    ("deciding_changes_nothing", WritesWhileDeciding),
    ("metadata_is_json", NoJson),
    ("generated_may_be_repeated", Appends),
    ("every_task_is_accounted_for", WritesNothing),
    ("every_task_is_accounted_for", LeavesOut),
    ("every_task_is_accounted_for", Both),
    ("every_task_is_accounted_for", NoReason),
    ("every_task_is_accounted_for", NoAnswer),
    ("there_may_be_nothing_to_write", TouchesOnNothing),
    ("a_record_that_vanished_is_accounted_for", StopsAtTheVanished),
    ("write_back_may_be_repeated", Appends),
    ("what_was_written_back_rests", Forgets),
]


@pytest.mark.parametrize(("promise", "make"), BAD_STRATEGIES)
def test_a_bad_strategy_is_caught(tmp_path: Path, promise: str, make: Callable[[Path], Strategy]) -> None:
    made = contract(StrategyContract, make_source=lambda folder: Orders(), make_strategy=make)
    with pytest.raises(AssertionError):
        getattr(made, f"test_{promise}")(tmp_path)


@pytest.mark.parametrize("promise", sorted({promise for promise, _ in BAD_STRATEGIES}))
def test_a_good_strategy_is_passed(tmp_path: Path, promise: str) -> None:
    made = contract(StrategyContract, make_source=lambda folder: Orders(), make_strategy=Remembering)
    getattr(made, f"test_{promise}")(tmp_path)


# senders --------------------------------------------------------------------------------------------------


@dataclass
class Pigeon:
    """A good sender, unless told otherwise."""

    says: Any = field(default_factory=Outcome.accepted)

    def send(self, message: Message, context: SendContext) -> Outcome:
        return self.says  # type: ignore[no-any-return]


class PlainPigeon:
    def send(self, message: Message, context: SendContext) -> Outcome:
        return Outcome.accepted()


@dataclass
class Declaring(Pigeon):
    def __init__(self, **facts: object) -> None:
        super().__init__()
        self.__dict__.update(facts)


class Coroutine(Pigeon):
    async def send(self, message: Message, context: SendContext) -> Outcome:  # type: ignore[override]
        return self.says  # type: ignore[no-any-return]


@dataclass
class Choosy(Pigeon):
    def send(self, message: Message, context: SendContext) -> Outcome:
        message.text.encode()
        return self.says  # type: ignore[no-any-return]


@dataclass
class Once(Pigeon):
    def send(self, message: Message, context: SendContext) -> Outcome:
        said, self.says = self.says, Outcome.retry("used_up")
        return said  # type: ignore[no-any-return]


@dataclass
class Clumsy(Pigeon):
    busy: list[int] = field(default_factory=list)

    def send(self, message: Message, context: SendContext) -> Outcome:
        self.busy.append(1)
        if len(self.busy) > 10:
            raise RuntimeError
        return self.says  # type: ignore[no-any-return]


BAD_SENDERS: list[tuple[str, Callable[[], Sender]]] = [
    ("its_fields_are_options", PlainPigeon),
    ("its_facts_can_be_read", lambda: Declaring(repeatable="yes")),
    ("its_facts_can_be_read", lambda: Declaring(limits=((20, 60),))),
    ("its_facts_can_be_read", lambda: Declaring(limits=(Rate(0, 60),))),
    ("its_facts_can_be_read", lambda: Declaring(limits=(Rate(20, 0),))),
    ("its_facts_can_be_read", lambda: Declaring(max_bytes=0)),
    ("its_facts_can_be_read", lambda: Declaring(escape=len)),
    ("its_facts_can_be_read", lambda: Declaring(writes="sent.jsonl")),
    ("its_facts_can_be_read", lambda: Declaring(probe=True)),
    ("its_facts_can_be_read", lambda: Declaring(check_online="yes")),
    ("its_fields_are_options", cast("type[Sender]", Coroutine)),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(True)),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(Outcome.rejected("no"))),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(Outcome.retry(""))),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(Outcome.accepted(detail="http://127.0.0.1/?key=1"))),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(Outcome.rejected("no", pause=-1))),
    ("an_ordinary_message_is_accepted", lambda: Pigeon(Outcome.retry("no", max_tries=0))),
    ("a_second_attempt_is_sent_like_the_first", Once),
    ("several_threads_send_at_once", Clumsy),
]


@pytest.mark.parametrize(("promise", "make"), BAD_SENDERS)
def test_a_bad_sender_is_caught(tmp_path: Path, promise: str, make: Callable[[], Sender]) -> None:
    test = getattr(contract(SenderContract, make_sender=lambda folder: make()), f"test_{promise}")
    with pytest.raises(AssertionError):
        test(tmp_path)


@pytest.mark.parametrize("promise", sorted({promise for promise, _ in BAD_SENDERS}))
def test_a_good_sender_is_passed(tmp_path: Path, promise: str) -> None:
    made = contract(SenderContract, make_sender=lambda folder: Declaring(limits=(Rate(20, 60),), escape=str.strip))
    getattr(made, f"test_{promise}")(tmp_path)


def test_a_sender_that_breaks_on_an_odd_text_is_caught(tmp_path: Path) -> None:
    made = contract(SenderContract, make_sender=lambda folder: Choosy())
    with pytest.raises(UnicodeEncodeError):
        made.test_an_odd_text_gets_an_outcome(tmp_path, "a\ud800b")
    made.test_an_odd_text_gets_an_outcome(tmp_path, "ab")


@pytest.mark.parametrize(
    ("name", "promise", "good", "bad"),
    [
        ("unreachable", "what_was_not_sent_is_not_in_doubt", Outcome.retry("x"), Outcome.unknown("x")),
        ("unreachable", "what_was_not_sent_is_not_in_doubt", Outcome.rejected("x"), Outcome.accepted()),
        (
            "unanswered",
            "what_was_sent_and_not_answered_is_unknown",
            Outcome.unknown("x"),
            Outcome.retry("x"),
        ),
        (
            "unanswered",
            "what_was_sent_and_not_answered_is_unknown",
            Outcome.unknown("x"),
            Outcome.accepted(),
        ),
    ],
)
def test_guesses_about_a_dead_service_are_caught(
    tmp_path: Path, name: str, promise: str, good: Outcome, bad: Outcome
) -> None:
    maker = f"make_{name}_sender"
    getattr(contract(SenderContract, **{maker: lambda folder: Pigeon(good)}), f"test_{promise}")(tmp_path)
    with pytest.raises(AssertionError):
        getattr(contract(SenderContract, **{maker: lambda folder: Pigeon(bad)}), f"test_{promise}")(tmp_path)
    with pytest.raises(pytest.skip.Exception):
        getattr(SenderContract(), f"test_{promise}")(tmp_path)


def test_a_contract_must_be_told_what_to_test(tmp_path: Path) -> None:
    for call in (
        lambda: SourceContract().make_source(tmp_path),
        lambda: StrategyContract().make_source(tmp_path),
        lambda: StrategyContract().make_strategy(tmp_path),
        lambda: SenderContract().make_sender(tmp_path),
    ):
        with pytest.raises(NotImplementedError):
            call()
