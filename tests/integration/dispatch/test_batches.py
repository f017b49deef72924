"""Senders that take several messages in one call: each has its own outcome, and no more is in doubt than is sent."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import dispatching
import pytest
from dispatching import dispatcher, queue

from notifykit.model import Claim, Message, Outcome, Status
from notifykit.outbox import SqliteOutbox
from notifykit.outbox.values import Filter
from notifykit.roles import SendContext

Says = Callable[[Sequence[Message], Sequence[SendContext]], Sequence[Outcome]]


def accept(messages: Sequence[Message], _contexts: Sequence[SendContext]) -> list[Outcome]:
    return [Outcome.accepted() for _ in messages]


@dataclass
class Post:
    """Takes up to five messages in one call."""

    batch_size: int = 5
    concurrency: int | None = None
    says: Says = accept
    calls: list[list[str]] = field(default_factory=list)
    most: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _now: int = 0

    def send(self, message: Message, context: SendContext) -> Outcome:
        raise AssertionError("a sender that takes batches is called with batches")

    def send_many(self, messages: Sequence[Message], contexts: Sequence[SendContext]) -> Sequence[Outcome]:
        with self._lock:
            self.calls.append([message.key for message in messages])
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return self.says(messages, contexts)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(tmp_path / "outbox.db") as outbox:
        yield outbox


def by_status(outbox: SqliteOutbox) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in outbox.tasks(Filter()):
        found.setdefault(task.status.value, []).append(task.key)
    return found


def test_no_call_has_more_than_the_sender_takes_and_each_message_is_in_one(store: SqliteOutbox) -> None:
    queue(store, 23, "post")
    post = Post()
    assert dispatcher(store, {"post": post}, workers=8).run(drain=True).sent == 23
    assert sorted(key for call in post.calls for key in call) == sorted(f"post{number}" for number in range(23))
    assert max(map(len, post.calls)) <= 5
    assert [len(store.attempts(task.id)) for task in store.tasks(Filter())] == [1] * 23


def test_no_more_is_under_way_than_there_are_workers(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 40, "post")
    sending: list[int] = []
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as look:
        lock = threading.Lock()

        def says(messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
            with lock:
                sending.append(sum(1 for _ in look.tasks(Filter(statuses=(Status.SENDING,)))))
            time.sleep(0.01)
            return accept(messages, contexts)

        assert dispatcher(store, {"post": Post(says=says)}, workers=7).run(drain=True).sent == 40
    assert max(sending) <= 7


def test_a_call_is_a_call_however_many_messages_it_has(store: SqliteOutbox) -> None:
    queue(store, 60, "post")
    together = threading.Barrier(2, timeout=30)

    def says(messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
        if len(post.calls) <= 2:
            together.wait()
        return accept(messages, contexts)

    post = Post(concurrency=2, says=says)
    assert dispatcher(store, {"post": post}, workers=16).run(drain=True).sent == 60
    assert post.most == 2
    assert max(map(len, post.calls)) == 5


def test_a_call_that_is_not_full_is_a_call_too(store: SqliteOutbox, tmp_path: Path) -> None:
    queue(store, 1, "post")
    with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other:

        def says(messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
            if len(post.calls) == 1:
                queue(other, 12, "post")
                time.sleep(0.6)  # others look for work meanwhile
            return accept(messages, contexts)

        post = Post(concurrency=1, says=says)
        assert dispatcher(store, {"post": post}, workers=16).run(drain=True).sent == 12
    assert (post.most, len(post.calls[0])) == (1, 1)


def test_the_order_of_a_recipient_is_kept(store: SqliteOutbox) -> None:
    queue(store, 30, "post", recipients=3)
    post = Post()
    assert dispatcher(store, {"post": post}, workers=8).run(drain=True).sent == 30
    for recipient in range(3):
        keys = [key for call in post.calls for key in call if int(key.removeprefix("post")) % 3 == recipient]
        assert keys == [f"post{number}" for number in range(recipient, 30, 3)]
    assert all(len({int(key.removeprefix("post")) % 3 for key in call}) == len(call) for call in post.calls)


def test_each_message_has_the_outcome_that_was_said_of_it(store: SqliteOutbox) -> None:
    queue(store, 8, "post")

    def says(messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
        said = {
            0: Outcome.accepted(),
            1: Outcome.rejected("no"),
            2: Outcome.unknown("lost"),
        }
        return [
            said.get(int(message.key.removeprefix("post")), Outcome.retry("busy") if one.attempt == 1 else said[0])
            for message, one in zip(messages, contexts, strict=True)
        ]

    dispatcher(store, {"post": Post(says=says)}, workers=8).run(drain=True)
    assert by_status(store) == {
        "sent": ["post0", "post3", "post4", "post5", "post6", "post7"],
        "failed": ["post1"],
        "in_doubt": ["post2"],
    }


def raising(_messages: Sequence[Message], _contexts: Sequence[SendContext]) -> list[Outcome]:
    raise OSError("in the middle")


def one_short(messages: Sequence[Message], contexts: Sequence[SendContext]) -> list[Outcome]:
    return accept(messages[1:], contexts)


@pytest.mark.parametrize("says", [raising, one_short, lambda *_: None, lambda *_: Outcome.accepted()])
def test_what_nobody_knows_of_a_call_is_in_doubt_whole(store: SqliteOutbox, says: Says) -> None:
    queue(store, 3, "post")
    dispatcher(store, {"post": Post(says=says)}, workers=8).run(drain=True)
    assert by_status(store) == {"in_doubt": ["post0", "post1", "post2"]}


def test_a_channel_that_takes_batches_and_one_that_does_not_go_on_beside_each_other(store: SqliteOutbox) -> None:
    queue(store, 20, "post")
    queue(store, 20, "single")

    @dataclass
    class Single:
        def send(self, message: Message, context: SendContext) -> Outcome:
            return Outcome.accepted()

    post = Post()
    assert dispatcher(store, {"post": post, "single": Single()}, workers=4).run(drain=True).sent == 40
    assert sum(map(len, post.calls)) == 20


def test_what_was_cancelled_while_its_worker_stood_still_is_left_out_of_the_call(
    store: SqliteOutbox, tmp_path: Path
) -> None:
    queue(store, 4, "post")
    post = Post()
    made = dispatcher(store, {"post": post}, workers=8)
    held = made._exchanges.held

    def stale(claims: Iterable[Claim]) -> list[Claim]:
        if by_status(store).get("cancelled") is None:
            with closing(SqliteOutbox.open(tmp_path / "outbox.db")) as other:
                other.decide([3], Status.CANCELLED, who="w", why="no", of=[Status.SENDING])
        return list(claims)

    held.stale = held.begin_call = stale  # type: ignore[method-assign]
    report = made.run(drain=True)
    assert (report.sent, report.taken) == (3, 1)
    assert sorted(key for call in post.calls for key in call) == ["post0", "post1", "post3"]


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from dispatching import dispatcher
from test_batches import Post, SqliteOutbox

def die(messages, contexts):
    if len(messages) == 5:
        os.kill(os.getpid(), 9)
    return [__import__("notifykit").model.Outcome.accepted() for _ in messages]

with SqliteOutbox.open(Path(sys.argv[1])) as store:
    dispatcher(store, {"post": Post(says=die)}, workers=5).run(drain=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_of_a_process_that_is_killed_in_a_call_its_messages_are_in_doubt_and_no_others(
    store: SqliteOutbox, tmp_path: Path
) -> None:
    queue(store, 12, "post")
    paths = [str(Path(__file__).parent), str(Path(dispatching.__file__).parent)]
    line = [sys.executable, "-c", KILLED, str(tmp_path / "outbox.db"), *paths]
    assert subprocess.run(line, timeout=60, check=False).returncode == -9
    assert len(by_status(store)["sending"]) == 5
    assert dispatcher(store, {"post": Post()}, workers=8).run(drain=True).sent == 7
    assert len(by_status(store)["in_doubt"]) == 5
