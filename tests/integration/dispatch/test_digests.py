"""Digests: several messages of a campaign to one recipient go in one call, and each has its own truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from notifykit.campaign.campaign import BatchPlan, Campaign, Channel, DispatchSettings, MessagePlan, RetryPolicy
from notifykit.campaign.digest_text import compile_digest
from notifykit.clock import SystemClock
from notifykit.model import Batch, Draft, Message, OnUnknown, Outcome, Status, Task
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.digests import is_digest
from notifykit.outbox.sqlite import digests
from notifykit.outbox.values import Filter
from notifykit.pipeline.dispatch import Dispatcher
from notifykit.pipeline.selection import EVERYTHING, Selection
from notifykit.roles import SendContext, Strategy
from notifykit.testing.outbox.steps import claim, lose

Says = Callable[[Message], Outcome]


@dataclass
class Desk:
    """Keeps what it was given, and says what it is told to."""

    says: Says = lambda _: Outcome.accepted()
    max_bytes: int | None = None
    repeatable: bool = False
    given: list[Message] = field(default_factory=list)

    def send(self, message: Message, context: SendContext) -> Outcome:
        self.given.append(message)
        return self.says(message)


class Heard:
    """Remembers what observers are told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def observed(self, hook: str) -> bool:
        return True

    def observe(self, hook: str, **facts: Any) -> None:
        self.told.append((hook, facts["task"].key, facts["task"].status.value))


class AheadClock(SystemClock):
    """A machine's clock, which the test sets forward."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def queue(
    store: SqliteOutbox,
    count: int,
    recipients: int = 1,
    *,
    wait: float = 0.0,
    most: int = 100,
    expires_at: float | None = None,
) -> None:
    store.enqueue(
        [
            Draft(
                campaign="c",
                key=f"k{number:02}",
                name="group",
                recipient=f"r{number % recipients}",
                text=f"line {number:02}",
                channel="desk",
                task_type="x",
                batch=Batch(wait=wait, most=most),
                expires_at=expires_at,
            )
            for number in range(count)
        ]
    )


def dispatcher(
    store: SqliteOutbox,
    desk: Desk,
    template: str | None = None,
    *,
    most: int = 100,
    escape: Callable[[str], str] | None = None,
    on_unknown: OnUnknown = OnUnknown.HOLD,
    observers: Any = None,
    only: Selection = EVERYTHING,
    clock: SystemClock | None = None,
) -> Dispatcher:
    channels = {"desk": Channel.of("desk", "desk", desk)}
    text = None if template is None else compile_digest(template, where="c.yaml:3", escape=escape, campaign="c")
    plan = MessagePlan(
        name="group",
        channel=channels["desk"],
        recipient=lambda record: record.key,
        text=lambda record: record.key,
        on_unknown=on_unknown,
        retry=RetryPolicy(attempts=3, first=0.01, factor=1, jitter=0),
        batch=BatchPlan(batch=Batch(wait=0.0, most=most), template=text),
    )
    source: Any = None
    campaign = Campaign(name="c", file=Path("c.yaml"), source=source, strategy=Strategy(), messages=(plan,))
    settings = DispatchSettings(workers=2, lease=60.0)
    return Dispatcher(
        store, channels, {"c": campaign}, settings, clock or SystemClock(), observers=observers, only=only
    )


def messages(store: SqliteOutbox) -> list[Task]:
    return [task for task in store.tasks(Filter()) if not is_digest(task.campaign)]


def by_status(store: SqliteOutbox) -> dict[Status, list[str]]:
    found: dict[Status, list[str]] = {}
    for task in messages(store):
        found.setdefault(task.status, []).append(task.key)
    return found


def test_each_recipient_gets_one_call_with_all_messages_in_order(store: SqliteOutbox) -> None:
    queue(store, 40, recipients=4)
    desk, heard = Desk(), Heard()
    done = dispatcher(
        store,
        desk,
        "{{ count }} of {{ campaign }}:{% for m in messages %}\n- {{ m.text }} ({{ m.key }}){% endfor %}",
        observers=heard,
        only=Selection(campaigns=("c",)),
    ).run(drain=True)
    assert done.sent == 40
    assert sorted(given.recipient for given in desk.given) == ["r0", "r1", "r2", "r3"]
    (first,) = (given for given in desk.given if given.recipient == "r0")
    lines = [f"- line {number:02} (k{number:02})" for number in range(0, 40, 4)]
    assert first.text == "\n".join(["10 of c:", *lines])
    assert (first.campaign, first.name) == ("c", "group")
    assert by_status(store) == {Status.SENT: [f"k{number:02}" for number in range(40)]}
    assert sorted(heard.told) == [("task_sent", f"k{number:02}", "sent") for number in range(40)]


def test_messages_are_counted_where_nobody_is_told_of_them(store: SqliteOutbox) -> None:
    queue(store, 40, recipients=4)
    asked: list[str] = []
    store.db.connection.set_trace_callback(asked.append)
    assert dispatcher(store, Desk()).run(drain=True).sent == 40
    members = digests._MEMBERS.partition(":digest")[0].strip()
    assert len([sql for sql in asked if sql.strip().startswith(members)]) == 4, "each is read once, for its text"


def test_without_a_template_messages_stand_one_below_the_other(store: SqliteOutbox) -> None:
    queue(store, 2)
    desk = Desk()
    dispatcher(store, desk).run(drain=True)
    assert [given.text for given in desk.given] == ["line 00\n\nline 01"]


def test_a_digest_that_would_be_too_long_takes_fewer_messages(store: SqliteOutbox) -> None:
    queue(store, 10)
    desk = Desk(max_bytes=35)
    dispatcher(store, desk).run(drain=True)
    assert [given.text.split("\n\n") for given in desk.given] == [
        [f"line {number:02}" for number in part] for part in (range(4), range(4, 8), range(8, 10))
    ]
    assert by_status(store).keys() == {Status.SENT}


def test_one_message_that_is_too_long_with_its_frame_fails_alone(store: SqliteOutbox) -> None:
    queue(store, 3)
    desk, heard = Desk(max_bytes=12), Heard()
    template = (
        "{% if messages[0].key == 'k00' %}a long frame {% endif %}{% for m in messages %}{{ m.text }} {% endfor %}"
    )
    dispatcher(store, desk, template, observers=heard).run(drain=True)
    assert by_status(store) == {Status.FAILED: ["k00"], Status.SENT: ["k01", "k02"]}
    (failed,) = (task for task in messages(store) if task.key == "k00")
    assert failed.reason is not None
    assert "12 bytes" in failed.reason.text
    assert ("task_failed", "k00", "failed") in heard.told


def test_a_template_that_cannot_be_rendered_is_no_call_and_is_tried_again_with_the_same_messages(
    store: SqliteOutbox,
) -> None:
    queue(store, 2)
    desk = Desk()
    dispatcher(store, desk, "{{ messages[7].text }}").run(drain=True)
    assert desk.given == []
    assert by_status(store) == {Status.FAILED: ["k00", "k01"]}
    assert "c.yaml:3, line 1" in str(messages(store)[0].reason)
    ids = [task.id for task in messages(store)]
    store.decide(ids, Status.QUEUED, who="w", why="mended", of=[Status.FAILED])
    dispatcher(store, desk, "{% for m in messages %}{{ m.text }};{% endfor %}").run(drain=True)
    assert [given.text for given in desk.given] == ["line 00;line 01;"]
    assert by_status(store).keys() == {Status.SENT}


def test_what_comes_from_a_record_is_escaped_and_texts_are_not_escaped_again(store: SqliteOutbox) -> None:
    queue(store, 1)
    desk = Desk()
    dispatcher(
        store,
        desk,
        "{{ messages | map(attribute='text') | join }} {{ messages[0].key }}",
        escape=lambda text: text.replace("0", "\\0"),
    ).run(drain=True)
    assert [given.text for given in desk.given] == ["line 00 k\\0\\0"]


def test_a_repeat_has_the_same_messages_text_and_key(store: SqliteOutbox) -> None:
    queue(store, 3)
    answers = iter([Outcome.unknown("lost"), Outcome.retry("busy"), Outcome.accepted()])
    desk = Desk(repeatable=True)

    def says(message: Message) -> Outcome:
        if len(desk.given) == 1:
            queue(store, 4)  # the fourth is another digest's
        return next(answers) if message.text.startswith("line 00") else Outcome.accepted()

    desk.says = says
    dispatcher(store, desk, on_unknown=OnUnknown.RESEND).run(drain=True)
    repeats = [given for given in desk.given if given.text.startswith("line 00")]
    assert len(repeats) == 3
    assert len({(given.text, given.idempotency_key) for given in repeats}) == 1
    assert by_status(store) == {Status.SENT: ["k00", "k01", "k02", "k03"]}


def test_a_retry_goes_without_what_has_expired_meanwhile(store: SqliteOutbox) -> None:
    clock = AheadClock()
    queue(store, 2)
    queue(store, 3, expires_at=clock.now() + 3600)  # two of them are known

    def busy(_: Message) -> Outcome:
        desk.says = Desk().says
        clock.ahead = 3601.0
        return Outcome.retry("503")

    desk = Desk(busy)
    with SqliteOutbox.open(store.db.path, clock) as moved:
        report = dispatcher(moved, desk, clock=clock).run(drain=True)
    assert [one.text.count("line") for one in desk.given] == [3, 2]
    assert len({one.idempotency_key for one in desk.given}) == 2
    assert by_status(store) == {Status.SENT: ["k00", "k01"], Status.CANCELLED: ["k02"]}
    assert report.by_status[Status.CANCELLED] == 1
    assert report.sent == 2


def test_a_doubt_is_one_of_each_message_and_a_resend_policy_is_kept(store: SqliteOutbox) -> None:
    queue(store, 3)
    done = dispatcher(store, Desk(says=lambda _: Outcome.unknown("lost"))).run(drain=True)
    assert done.by_status[Status.IN_DOUBT] == 3
    assert by_status(store) == {Status.IN_DOUBT: ["k00", "k01", "k02"]}


def test_a_claim_that_was_lost_is_a_doubt_of_each_message(store: SqliteOutbox) -> None:
    queue(store, 2)
    (one,) = claim(store, channels={"desk": ()}, worker="gone")
    fixed = store.fix(one, [task.id for task in store.members(one.task.id)], "text")
    assert fixed is not None
    assert lose(store, fixed)
    assert by_status(store) == {Status.IN_DOUBT: ["k00", "k01"]}


def test_more_messages_than_a_digest_takes_are_several_calls(store: SqliteOutbox) -> None:
    queue(store, 25, most=10)
    desk = Desk()
    dispatcher(store, desk, most=10).run(drain=True)
    assert [len(given.text.split("\n\n")) for given in desk.given] == [10, 10, 5]
    assert len({given.idempotency_key for given in desk.given}) == 3


def test_a_digest_of_a_smaller_bound_than_when_it_was_queued_keeps_to_the_bound_of_now(store: SqliteOutbox) -> None:
    queue(store, 7)
    desk = Desk()
    dispatcher(store, desk, most=3).run(drain=True)
    assert [len(given.text.split("\n\n")) for given in desk.given] == [3, 3, 1]


def test_a_whole_message_in_the_place_of_its_text_is_a_mistake(store: SqliteOutbox) -> None:
    queue(store, 1)
    desk = Desk()
    dispatcher(store, desk, "{{ messages[0] }}").run(drain=True)
    assert desk.given == []
    assert "write message.text" in str(messages(store)[0].reason)


def test_an_empty_digest_keeps_nobody_behind_it_waiting(store: SqliteOutbox) -> None:
    queue(store, 2, most=1)
    store.decide([1], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED])
    desk = Desk()
    assert dispatcher(store, desk, most=1).run(drain=False).sent == 1
    assert [given.text for given in desk.given] == ["line 01"]
