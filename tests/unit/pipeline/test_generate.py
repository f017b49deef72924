from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifykit.errors import CampaignError, RenderError
from notifykit.model import Outcome, Problem, Record, Status, Table, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import ChannelBounds, Filter, Transition
from notifykit.pipeline import generate as module
from notifykit.pipeline.generate import Generated, generate
from notifykit.pipeline.settle import settle
from notifykit.roles import Strategy
from notifykit.testing.outbox.steps import finish, take


def row(number: int, key: str, flag: str = "N", text: str = "x") -> Record:
    return Record(key, [key, flag, text], Table("list", {"id": 0, "flag": 1, "text": 2}), number)


def run(world: Any, **more: Any) -> Generated:
    return generate(world.campaign, world.outbox, **more)


def queued(world: Any) -> list[tuple[str, str]]:
    return [(task.key, task.name) for task in world.outbox.tasks(Filter())]


def send_all(world: Any) -> None:
    while claims := take(world.outbox, "w", 9, {"ch": ChannelBounds()}, 60):
        for claim in claims:
            finish(world.outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))


def test_each_due_record_gets_its_messages_in_order(world: Any) -> None:
    world.rows(row(2, "a", text="award"), row(3, "b"), row(4, "c", "Y"), row(5, "d", "备注"))
    world.rows(*world.source.items[:3])
    done = run(world)
    assert queued(world) == [("a", "group"), ("a", "award"), ("b", "group")]
    assert (done.records, done.queued, done.duplicates, done.problems) == (3, 3, 0, ())
    assert world.strategy.told == ["a", "b"]
    (first, *_) = world.outbox.tasks(Filter())
    assert (first.text, first.recipient, first.metadata) == ("单 a", "测试群", {"row": 2})


def test_a_second_pass_queues_nothing(world: Any) -> None:
    world.rows(row(2, "a", text="award"), row(3, "b"))
    run(world)
    again = run(world)
    assert (again.queued, again.duplicates) == (0, 3)
    assert world.outbox.figures()[0].duplicates_prevented == 3


def test_what_waits_already_is_counted_in_one_commit(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    world.rows(*(row(number, f"k{number}") for number in range(2, 9)))
    run(world)
    world.strategy.told.clear()
    statements: list[str] = []
    before: list[int] = []
    world.outbox.db.connection.set_trace_callback(statements.append)
    again = run(world, before_queueing=lambda: before.append(len(statements)))
    assert (again.queued, again.duplicates, len(before), statements.count("COMMIT")) == (0, 7, 1, 1)
    assert world.strategy.told == [f"k{number}" for number in range(2, 9)]
    assert world.outbox.figures()[0].duplicates_prevented == 7
    assert run(world, dry_run=True).duplicates == 7


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_was_cancelled_failed_or_is_in_doubt_is_told_apart(world: Any, dry_run: bool) -> None:
    world.rows(*(row(number, key, text="award") for number, key in enumerate("abcde", 2)))
    run(world)
    ids = {(task.key, task.name): task.id for task in world.outbox.tasks(Filter())}
    for name in ("group", "award"):  # a whole record, and a part of one that waits
        world.outbox.decide([ids["a", name]], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
    world.outbox.decide([ids["b", "award"]], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
    ends = {("c", "group"): Status.FAILED, ("d", "award"): Status.IN_DOUBT}
    while claims := take(world.outbox, "w", 9, {"ch": ChannelBounds()}, 60):
        for claim in claims:
            to = ends.get((claim.task.key, claim.task.name), Status.SENT)
            outcome = Outcome.accepted() if to is Status.SENT else Outcome.unknown("x")
            finish(world.outbox, claim, outcome, Transition(status=to))
    told = run(world, dry_run=dry_run)
    assert (told.queued, told.cancelled, told.failed, told.in_doubt) == (0, 2, 1, 1)
    assert told.duplicates == 6, "records b and e were sent whole: they need nothing"
    world.outbox.resend("c", "a", ["group"], who="w", why="y")
    assert run(world, dry_run=dry_run).cancelled == 2


def test_a_message_of_several_rounds_is_cancelled_where_all_of_them_are(world: Any) -> None:
    world.rows(row(2, "a", text="award"))
    run(world)
    send_all(world)
    (again,) = world.outbox.resend("c", "a", ["group"], who="w", why="y")
    world.outbox.decide([again.id], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
    ledger = world.outbox.ledger("c")
    ledger.load(["a", "none"])
    assert [ledger.status("a", "group"), ledger.status("a", "award"), ledger.status("none", "group")] == [
        *("sent", "sent", None)
    ]


def test_a_message_that_falls_due_later_is_added(world: Any) -> None:
    world.rows(row(2, "a"))
    run(world)
    world.rows(row(2, "a", text="award"))
    assert run(world).queued == 1
    assert queued(world) == [("a", "group"), ("a", "award")]


def test_a_dry_run_counts_and_changes_nothing(world: Any) -> None:
    world.rows(row(2, "a", text="award"))
    assert run(world, dry_run=True).queued == 2
    assert queued(world) == []
    assert world.strategy.told == []
    run(world)
    assert (run(world, dry_run=True).queued, run(world, dry_run=True).duplicates) == (0, 2)


def test_rows_of_one_key_that_differ_are_held_wherever_they_stand(world: Any) -> None:
    world.rows(row(2, "a"), row(3, "b"), row(9, "a", text="award"))
    done = run(world)
    assert queued(world) == [("b", "group")]
    (problem,) = done.problems
    assert str(problem) == (
        "list:2 and list:9: key 'a' stands in 2 rows that differ in text; "
        "nothing is queued for it; correct or remove the wrong row"
    )


def test_equal_rows_of_one_key_are_one_record(world: Any) -> None:
    world.rows(row(2, "a"), row(3, "a"))
    done = run(world)
    assert (done.queued, done.duplicates, done.problems) == (1, 0, ())


def test_a_key_that_one_row_says_was_sent_is_held_unless_the_outbox_knows_it(world: Any) -> None:
    world.rows(row(2, "a", "Y"), row(3, "a"))
    (problem,) = run(world).problems
    assert "one of which says that it was sent" in str(problem)
    assert queued(world) == []
    world.rows(row(3, "a"))
    run(world)
    world.rows(row(2, "a", "Y"), row(3, "a"))
    assert run(world).problems == ()


def test_repeated_keys_with_nothing_to_send_are_no_problem(world: Any) -> None:
    world.rows(row(2, "a", "Y", "x"), row(3, "a", "Y", "y"))
    assert run(world).problems == ()


def test_what_the_source_cannot_use_is_reported_and_holds_its_key(world: Any) -> None:
    broken = Problem(place="list:2", key="a", what="too few cells", mend="complete the row")
    world.rows(broken, row(3, "a"), row(4, "b"))
    done = run(world)
    assert queued(world) == [("b", "group")]
    assert done.problems == (broken,)


def test_sent_but_not_flagged_is_repaired_and_not_sent_again(world: Any) -> None:
    world.rows(row(2, "a"))
    run(world)
    send_all(world)
    settle(world.campaign, world.outbox)
    assert world.strategy.written == ["a"]
    done = run(world)
    assert (done.queued, done.repaired) == (0, ("a",))
    assert [task.status for task in world.outbox.tasks(Filter())] == [Status.SENT]
    settle(world.campaign, world.outbox)
    assert world.strategy.written == ["a", "a"]


def test_sent_and_not_settled_yet_is_no_drift(world: Any) -> None:
    world.rows(row(2, "a"))
    run(world)
    send_all(world)
    assert (run(world).queued, run(world).repaired) == (0, ())


def test_flagged_while_waiting_is_reported(world: Any) -> None:
    world.rows(row(2, "a"))
    run(world)
    world.rows(row(2, "a", "Y"))
    assert run(world).flagged_but_waiting == ("a",)


def test_many_records_are_read_twice_rather_than_remembered(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "BATCH", 2)
    world.rows(*(row(number, f"k{number}") for number in range(2, 9)), row(9, "k2", text="other"))
    done = run(world)
    assert done.queued == 6
    assert world.source.reads == 1
    assert world.strategy.told == [f"k{number}" for number in range(3, 9)]


@pytest.fixture
def untold(world: Any) -> Any:
    return _untold(world)


def _untold(world: Any) -> Any:
    """Give it a strategy that is not told of what was queued: what waits is then settled in the first reading."""

    class Untold(type(world.strategy)):  # type: ignore[misc]
        generated = Strategy.generated

    world.strategy = Untold()
    world.campaign = replace(world.campaign, strategy=world.strategy)
    return world


def test_what_waits_is_read_once_however_much_it_is(untold: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "BATCH", 2)
    untold.rows(*(row(number, f"k{number}") for number in range(2, 9)))
    run(untold)
    readings = []

    class Counting(list[Record]):
        def __iter__(self) -> Iterator[Record]:
            readings.append(1)
            return super().__iter__()

    untold.source.items = Counting(untold.source.items)
    again = run(untold)
    assert (again.records, again.queued, again.duplicates, len(readings)) == (7, 0, 7, 1)
    assert untold.outbox.figures()[0].duplicates_prevented == 7


_ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("NNNY"), st.sampled_from(["x", "award"])), max_size=9
)


_A = ("a", "N", "x")


@pytest.mark.long
@settings(max_examples=30, deadline=None)
@example(before=[_A], after=[_A], sent=0, dry_run=False, bad="a")
@example(before=[_A], after=[_A, _A], sent=0, dry_run=True, bad="")
@given(before=_ROWS, after=_ROWS, sent=st.integers(0, 3), dry_run=st.booleans(), bad=st.sampled_from(["", "a"]))
def test_what_is_settled_in_the_first_reading_counts_as_in_the_second(
    world_in: Any,
    before: list[tuple[str, str, str]],
    after: list[tuple[str, str, str]],
    sent: int,
    dry_run: bool,
    bad: str,
) -> None:
    found = []
    for is_told in (True, False):
        with TemporaryDirectory() as folder, SqliteOutbox.open(Path(folder) / "outbox.db") as outbox:
            world = world_in(outbox, Path(folder))
            world = world if is_told else _untold(world)
            world.rows(*(row(number, *cells) for number, cells in enumerate(before, 2)))
            run(world)
            for claim in take(outbox, "w", sent, {"ch": ChannelBounds()}, 60) if sent else ():
                finish(outbox, claim, Outcome.accepted(), Transition(status=Status.SENT))
            problems = [Problem(place="list:99", what="torn", mend="-", key=bad)] if bad else []
            world.rows(*(row(number, *cells) for number, cells in enumerate(after, 2)), *problems)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(module, "BATCH", 2)
                patch.setattr(module, "KEPT", 3)
                done = run(world, dry_run=dry_run)
            found.append((done, queued(world), [one.duplicates_prevented for one in outbox.figures()]))
    assert found[0] == found[1]


def test_a_record_that_cannot_be_rendered_is_held_whole(world: Any) -> None:
    def fail(record: Record) -> str:
        if record.key == "a":
            raise RenderError("award: no column `x`")
        return "t"

    group, award = world.campaign.messages
    world.campaign = replace(world.campaign, messages=(group, replace(award, text=fail, when=None)))
    world.rows(row(2, "a"), row(3, "b"))
    done = run(world)
    assert queued(world) == [("b", "group"), ("b", "award")]
    assert str(done.problems[0]) == "list:2: award: no column `x`; correct the template or the row"


@pytest.mark.parametrize("empty", ["text", "recipient"])
def test_a_message_to_nobody_or_about_nothing_is_held(world: Any, empty: str) -> None:
    group, award = world.campaign.messages
    blank: Any = {empty: lambda _: " \n"}
    world.campaign = replace(world.campaign, messages=(replace(group, **blank), award))
    world.rows(row(2, "a"))
    (problem,) = run(world).problems
    assert f"message `group` has an empty {empty}" in str(problem)
    assert queued(world) == []


@pytest.mark.parametrize("part", ["text", "recipient"])
def test_a_message_that_is_no_unicode_text_is_held(world: Any, part: str) -> None:
    group, award = world.campaign.messages
    half: Any = {part: lambda record: "x\ud83d" if record.key == "a" else "x"}
    world.campaign = replace(world.campaign, messages=(replace(group, **half), award))
    world.rows(row(2, "a"), row(3, "b"))
    (problem,) = run(world).problems
    assert problem.reason is not None
    assert (problem.key, problem.reason.code) == ("a", "half_character")
    assert f"its {part} holds half of a character (\\ud83d)" in problem.what
    assert queued(world) == [("b", "group")]


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("1.38E+10", "recipient_number"),
        ("13800000000.0", "recipient_number"),
        (" '1.38E+10", "recipient_number"),
        ("#N/A", "recipient_error"),
        ("13800000000", None),
        ("+86 138 0000 0000", None),
        ("a.1@example.org", None),
        ("12E5", None),
    ],
)
def test_a_recipient_that_a_spreadsheet_mangled_is_held(world: Any, recipient: str, code: str | None) -> None:
    group, _ = world.campaign.messages
    addressed = replace(group, recipient=lambda _: recipient)
    world.campaign = replace(world.campaign, messages=(addressed,))
    world.rows(row(2, "a"))
    found = [problem.reason.code for problem in run(world).problems if problem.reason is not None]
    assert found == ([code] if code else [])
    assert queued(world) == ([] if code else [("a", "group")])


def test_a_key_that_is_no_unicode_text_is_held(world: Any) -> None:
    world.rows(row(2, "a\udfff"), row(3, "b"))
    (problem,) = run(world).problems
    assert "its key holds half of a character (\\udfff)" in problem.what
    assert queued(world) == [("b", "group")]


@pytest.mark.parametrize("part", ["text", "recipient"])
def test_a_message_with_a_nul_is_held(world: Any, part: str) -> None:
    """A server keeps it in no text, and a message is the same for every store."""
    group, award = world.campaign.messages
    nul: Any = {part: lambda record: "x\0" if record.key == "a" else "x"}
    world.campaign = replace(world.campaign, messages=(replace(group, **nul), award))
    world.rows(row(2, "a"), row(3, "b"))
    (problem,) = run(world).problems
    assert problem.key == "a"
    assert f"has a NUL character (U+0000) in its {part}" in problem.what
    assert queued(world) == [("b", "group")]


@pytest.mark.parametrize(("key", "what"), [("a\0", "NUL"), ("合" * 334, "1002 bytes"), ("k" * 1_001, "1001 bytes")])
def test_a_key_that_no_server_could_keep_is_held(world: Any, key: str, what: str) -> None:
    world.rows(row(2, key), row(3, "合" * 333), row(4, "k" * 1_000))
    (problem,) = run(world).problems
    assert what in problem.what
    assert [key for key, _ in queued(world)] == ["合" * 333, "k" * 1_000]


def with_limit(world: Any, limit: int, *, split: bool, text: Callable[[Record], str]) -> None:
    group, award = world.campaign.messages
    channel = replace(group.channel, max_bytes=limit)
    world.campaign = replace(world.campaign, messages=(replace(group, channel=channel, split=split, text=text), award))


def test_a_text_that_is_too_long_is_held_with_the_mend(world: Any) -> None:
    with_limit(world, 5, split=False, text=lambda _: "123456")
    world.rows(row(2, "a"))
    (problem,) = run(world).problems
    assert "message `group` has 6 bytes, channel `ch` takes 5; shorten the template" in str(problem)
    assert queued(world) == []


def test_a_text_is_held_and_split_by_the_length_that_the_service_counts(world: Any) -> None:
    with_limit(world, 1000, split=False, text=lambda _: "🎉🎉")
    group, award = world.campaign.messages
    counted = replace(group.channel, max_length=3, length_unit="utf16")
    world.campaign = replace(world.campaign, messages=(replace(group, channel=counted), award))
    world.rows(row(2, "a"))
    (problem,) = run(world).problems
    assert "message `group` has 4 UTF-16 units, channel `ch` takes 3; shorten the template" in str(problem)
    group = replace(world.campaign.messages[0], split=True, text=lambda _: "🎉\n喜")
    world.campaign = replace(world.campaign, messages=(group, award))
    run(world)
    assert [task.text for task in world.outbox.tasks(Filter())] == ["🎉", "喜"]


def test_a_line_that_is_too_long_cannot_be_split(world: Any) -> None:
    with_limit(world, 5, split=True, text=lambda _: "12\n123456")
    world.rows(row(2, "a"))
    assert run(world).problems[0].mend == "shorten the longest line"


def test_a_long_text_becomes_parts_and_never_grows_one_later(world: Any) -> None:
    with_limit(world, 5, split=True, text=lambda _: "1234\n5678\n9")
    world.rows(row(2, "a"))
    run(world)
    tasks = list(world.outbox.tasks(Filter()))
    assert [(task.name, task.text) for task in tasks] == [("group", "1234"), ("group.2", "5678"), ("group.3", "9")]
    with_limit(world, 5, split=True, text=lambda _: "1234\n5678\n9012\n3456")
    assert run(world).queued == 0
    assert world.campaign.message("group.3") is world.campaign.messages[0]
    assert world.campaign.message("other") is None


def test_a_state_that_cannot_be_read_ends_the_pass_before_anything(world: Any) -> None:
    world.rows(row(2, "a"))
    world.strategy.broken = "status.json:3: torn"
    with pytest.raises(CampaignError, match="torn"):
        run(world)
    assert queued(world) == []


class Listening:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def observed(self, hook: str) -> bool:
        return hook == "task_queued"

    def observe(self, hook: str, **arguments: object) -> None:
        task = arguments["task"]
        assert isinstance(task, Task)
        self.heard.append((hook, task.idempotency_key))


def test_observers_hear_of_new_tasks_only(world: Any) -> None:
    listening = Listening()
    world.rows(row(2, "a"))
    run(world)
    world.rows(row(2, "a"), row(3, "b", text="award"))
    run(world, observers=listening)
    assert listening.heard == [("task_queued", "c/b/group/1"), ("task_queued", "c/b/award/1")]


def test_progress_is_told(world: Any) -> None:
    told: list[int] = []
    world.rows(row(2, "a"), row(3, "b"))
    run(world, progress=told.append)
    assert sum(told) == 2
