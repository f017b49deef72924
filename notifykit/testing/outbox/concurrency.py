"""What a store keeps while several processes use it at once: generators, dispatchers, and people who decide.

One test alone sees few races, and a store with one writer hides nearly all. Here each party is a process of its own,
and there are few recipients, so that all of them meet in the same lanes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from notifykit.clock import Clock, SystemClock
from notifykit.model import Batch, Claim, Outcome, Status
from notifykit.outbox.digests import is_digest
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.values import ChannelBounds, Filter, Finished, Rewrite, Transition
from notifykit.pipeline.watch import ClaimWatch
from notifykit.roles import Rate
from notifykit.testing.outbox.found import Found
from notifykit.testing.samples import draft

Opener = Callable[[Path, Clock], Outbox]

RECIPIENTS = 12
LEAST = 100
"""Messages that each party queues, however slow the machine is."""
LEASE = 8.0
"""Seconds: a process that lives beats within them, however much else runs."""
BEAT = 0.25
"""Seconds between two heartbeats."""
PATIENCE = 15.0
"""Seconds without a move after which what still waits is stranded: nobody would ever claim it."""

BOUNDS = {"robot": ChannelBounds()}
CHAT = Rate(2, 0.5)
"""Of each chat."""
SENT = Transition(status=Status.SENT)
LOST = Transition(status=Status.IN_DOUBT)


class ShiftedClock(SystemClock):
    """A machine whose wall clock is ahead of others, or behind."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        """UTC seconds as this machine has them."""
        return super().now() + self._seconds


@dataclass(frozen=True, slots=True)
class Party:
    """One of the processes."""

    opener: Opener
    folder: Path
    number: int
    ahead: float = 0.0
    """Seconds by which its clock differs from others'."""

    def open(self) -> Outbox:
        """Open the store as this process has it."""
        return self.opener(self.folder, ShiftedClock(self.ahead))

    def say(self, **facts: Any) -> None:
        """Append a line to what all did: whole, whenever it is killed, and in order, whatever the clocks are."""
        file = os.open(self.folder / "parties.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, json.dumps(facts).encode() + b"\n")
        finally:
            os.close(file)

    @property
    def over(self) -> bool:
        """Whether the parties that run until they are told to stop are told so."""
        return (self.folder / "over").exists()


class ConcurrencyContract:
    """Subclass it as `TestManyProcesses`, and say how your store is opened, as for `OutboxContract`.

    The class must be importable by its name: each process opens the store with it.
    """

    seconds = 2.0
    """For how long messages are queued in each test, or until there are 100 of them."""

    def open_outbox(self, folder: Path, clock: Clock) -> Outbox:
        """Open the store of this folder; make it at the first call. To be overridden."""
        raise NotImplementedError

    def test_what_two_offer_and_three_send_goes_out_once_and_in_order(self, tmp_path: Path) -> None:
        """Two generators offer the same messages in different order; three dispatchers send."""
        found = self._play(tmp_path, [_generate, _generate, _dispatch, _dispatch, _dispatch])
        assert found.left == {}, "stranded: nobody will ever claim them"
        assert found.not_sent_once() == {}, "called twice, or never"
        found.require_order()
        found.require_own_ids()

    def test_clocks_that_differ_take_no_claim_of_a_living_worker(self, tmp_path: Path) -> None:
        """By more than a lease: nobody is given up who is at work, and nothing waits for a clock to catch up."""
        found = self._play(tmp_path, [_generate, _dispatch, _dispatch, _dispatch], ahead=[0.0, 0.0, 30.0, -30.0])
        assert found.left == {}, "stranded: nobody will ever claim them"
        assert found.not_sent_once() == {}, "called twice, or never"
        assert found.said("lost") == []

    def test_decisions_and_lost_claims_meet_results(self, tmp_path: Path) -> None:
        """People cancel, put back, undo, mend and resend, and take claims away, while results come."""
        found = self._play(tmp_path, [_generate, _dispatch, _dispatch, _decide, _decide, _count, _count])
        assert found.counted == found.attempts
        assert set(found.left) <= {"in_doubt"}, "stranded: nobody will ever claim them"
        allowed = Counter(id_ for line in found.said("touched") for id_ in line["ids"])
        calls = Counter(line["id"] for line in found.said("called"))
        assert {id_: count for id_, count in calls.items() if count > 1 + allowed[id_]} == {}
        for id_, moves in found.moves().items():
            assert len(moves) == len(set(moves)), f"task {id_}: an attempt moved it twice"

    def test_a_chat_gets_no_more_than_its_limit_from_all_of_them_together(self, tmp_path: Path) -> None:
        """Each of three chats has two messages in half a second; none waits for another."""
        found = self._play(tmp_path, [_write_to_chats, _send_to_chats, _send_to_chats, _send_to_chats])
        assert found.left == {}, "stranded: nobody will ever claim them"
        assert found.not_sent_once() == {}, "called twice, or never"
        starts: dict[str, list[float]] = defaultdict(list)
        for line in found.said("called"):
            starts[found.recipients[line["id"]]].append(line["at"])
        for times in starts.values():
            assert all(sum(begin <= at < begin + CHAT.seconds for at in times) <= CHAT.count for begin in times)

    def test_digests_are_gathered_sent_and_decided_about_at_once(self, tmp_path: Path) -> None:
        """Two gather the same messages, two send; people decide about messages and about digests."""
        found = self._play(tmp_path, [_gather, _gather, _dispatch, _dispatch, _decide, _decide])
        assert set(found.left) <= {"in_doubt"}, "stranded: nobody will ever claim them"
        allowed = Counter(id_ for line in found.said("touched") for id_ in line["ids"])
        calls = Counter(id_ for line in found.said("called") for id_ in line["members"])
        assert len(calls) > RECIPIENTS
        assert {id_: count for id_, count in calls.items() if count > 1 + allowed[id_]} == {}

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
    def test_killed_at_any_moment_nothing_is_lost_and_no_more_in_doubt_than_was_called(self, tmp_path: Path) -> None:
        """Dispatchers are killed and others take their place; a claim that is in doubt is on the list."""
        found = self._play(tmp_path, [_generate, _dispatch, _dispatch, _dispatch, _count, _count], kills=True)
        assert found.counted == found.attempts
        assert set(found.left) <= {"in_doubt"}
        doubts = set(found.left.get("in_doubt", ()))
        called = Counter(line["id"] for line in found.said("called"))
        ended = Counter(line["id"] for line in found.said("recorded"))
        assert not {id_ for id_, count in called.items() if count > 1}, "sent again"
        assert not {id_ for id_ in called if id_ not in doubts and not ended[id_] and id_ not in found.sent}
        assert found.sent | doubts == found.queued

    def _play(
        self,
        folder: Path,
        parts: Sequence[Callable[[Party, float], None]],
        *,
        ahead: Sequence[float] = (),
        kills: bool = False,
    ) -> Found:
        self.open_outbox(folder, SystemClock()).close()
        (folder / "parties.jsonl").touch()
        parties = [
            Party(self.open_outbox, folder, number, ahead[number] if ahead else 0.0) for number in range(len(parts))
        ]
        context = multiprocessing.get_context("spawn")

        def start(number: int) -> Any:
            arguments = (parts[number], parties[number], self.seconds)
            process = context.Process(target=_take_part, args=arguments, daemon=True)
            process.start()
            return process

        running = [start(number) for number in range(len(parts))]
        rng = random.Random(7)  # noqa: S311 - which one is killed
        try:
            while kills and any(running[at].is_alive() for at, part in enumerate(parts) if part is _generate):
                time.sleep(rng.random() * 0.5)
                number = rng.choice([at for at, part in enumerate(parts) if part in (_dispatch, _count)])
                running[number].kill()
                running[number].join()
                running[number] = start(number)
            with closing(self.open_outbox(folder, SystemClock())) as outbox:
                told = [part in (_dispatch, _send_to_chats, _count) for part in parts]
                for process in (running[at] for at, one in enumerate(told) if not one):
                    process.join(60)
                _begun(folder, running)
                _wait(outbox)
                (folder / "over").touch()
                for process in running:
                    process.join(30)
                assert [process.exitcode for process in running] == [0] * len(running), "one of the processes failed"
                return Found.of(folder, outbox)
        finally:
            for process in running:
                process.kill()


def _take_part(part: Callable[[Party, float], None], party: Party, seconds: float) -> None:
    party.say(what="began", process=os.getpid())
    part(party, time.time() + seconds)  # from now on: a process takes a while to start


def _begun(folder: Path, running: Sequence[Any]) -> None:
    """Wait until all processes have begun, which takes a while where much else runs, or have failed to."""
    while True:
        lines = map(json.loads, (folder / "parties.jsonl").read_text().splitlines())
        began = {line["process"] for line in lines if line["what"] == "began"}
        if all(process.pid in began or process.exitcode is not None for process in running):
            return
        time.sleep(0.1)


def _wait(outbox: Outbox) -> None:
    """Wait until nothing moves any more, whatever is left."""
    before: Counter[Status] = Counter()
    moved = time.monotonic()
    while time.monotonic() - moved < PATIENCE:
        now = Counter(task.status for task in outbox.tasks(Filter()))
        if not any(now[status] for status in (Status.QUEUED, Status.SENDING)):
            return
        if now != before:
            before, moved = now, time.monotonic()
        time.sleep(0.1)


def _generate(party: Party, until: float) -> None:
    """Offer messages that others offer, too, in an order of its own."""
    rng = random.Random(party.number)  # noqa: S311 - an order
    with closing(party.open()) as outbox:
        start = 0
        while start < LEAST or time.time() < until:
            numbers = list(range(start, start + 20))
            rng.shuffle(numbers)
            offered = [draft(key=f"K{number}", recipient=f"to {number % RECIPIENTS}") for number in numbers]
            made = outbox.enqueue(offered)
            party.say(what="queued", ids=list(made.ids))
            start += 20
            time.sleep(rng.random() * 0.02)


def _gather(party: Party, until: float) -> None:
    """Offer messages that go in digests, and that others offer, too."""
    rng = random.Random(party.number)  # noqa: S311 - an order
    batch = Batch(wait=0.1, most=4)
    with closing(party.open()) as outbox:
        start = 0
        while start < LEAST or time.time() < until:
            numbers = list(range(start, start + 20))
            rng.shuffle(numbers)
            to = [f"to {number % RECIPIENTS}" for number in numbers]
            offered = [draft(key=f"K{at}", recipient=to, batch=batch) for at, to in zip(numbers, to, strict=True)]
            party.say(what="queued", ids=list(outbox.enqueue(offered).ids))
            start += 20
            time.sleep(rng.random() * 0.02)


def _fixed(outbox: Outbox, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Fix the digests among claims that gather."""
    for one in claims:
        members = outbox.members(one.task.id) if is_digest(one.task.campaign) else []
        if not is_digest(one.task.campaign) or one.task.text:
            yield one
        elif fixed := outbox.fix(one, [task.id for task in members[:3]], "a digest"):
            yield fixed


def _write_to_chats(party: Party, until: float) -> None:  # noqa: ARG001 - once
    """Queue some messages for three chats, which keep no order."""
    chats = [f"chat {number % 3}" for number in range(24)]
    with closing(party.open()) as outbox:
        outbox.enqueue(
            [draft(key=f"K{at}", recipient=chat, limit_key=chat, ordered=False) for at, chat in enumerate(chats)]
        )


def _send_to_chats(party: Party, until: float) -> None:
    """Send what is due within the limits of chats."""
    _dispatch(party, until, {"robot": ChannelBounds(key_rates=(CHAT,))})


def _dispatch(party: Party, until: float, bounds: Mapping[str, ChannelBounds] | None = None) -> None:  # noqa: ARG001
    """Send what is due until it is told to stop, whenever that is: renew its claims, give up those of the dead."""
    worker = f"{party.number}-{os.getpid()}"
    with closing(party.open()) as outbox, outbox.enlist(worker):
        watch = ClaimWatch(SystemClock(), outbox.ended)
        claims: list[Claim] = []
        looked = 0.0
        while not (party.over and not claims):
            finished = [Finished(claim=one, outcome=Outcome.accepted(), then=SENT) for one in claims]
            slots = 0 if party.over else 4
            with outbox.transaction():
                done = outbox.exchange(finished, worker, slots, bounds or BOUNDS, LEASE)
                taken = list(_fixed(outbox, done.claims))
            for result, moved in zip(finished, done.moved, strict=True):
                facts = {"id": result.claim.task.id, "token": result.claim.token, "moved": moved}
                party.say(what="recorded", **facts)
            claims = taken
            if time.monotonic() - looked > BEAT:
                looked = time.monotonic()
                outbox.heartbeat(claims)
                _give_up(party, outbox, worker, watch)
            for one in claims:
                members = outbox.members(one.task.id) if is_digest(one.task.campaign) else []
                party.say(what="called", id=one.task.id, at=one.started_at, members=[task.id for task in members])
            if not claims:
                time.sleep(0.005)


def _give_up(party: Party, outbox: Outbox, worker: str, watch: ClaimWatch) -> None:
    outbox.mend_times()
    for lost in watch.look([one for one in outbox.on_wire() if one.worker != worker]):
        if outbox.expire(lost, Outcome.unknown("lease_expired"), LOST):
            party.say(what="lost", id=lost.task.id)


def _count(party: Party, until: float) -> None:  # noqa: ARG001 - it ends when it is told to
    """Count what has ended, a few at a time, until it is told to stop."""
    with closing(party.open()) as outbox:
        while not party.over:
            if not outbox.roll_up(7):
                time.sleep(0.01)


def _decide(party: Party, until: float) -> None:
    """Cancel, put back, undo, mend and resend at random, and take claims away as from the dead."""
    rng = random.Random(party.number)  # noqa: S311 - decisions
    with closing(party.open()) as outbox:
        while time.time() < until:
            tasks = list(outbox.tasks(Filter()))[-60:]
            for one in rng.sample(tasks, min(3, len(tasks))):
                party.say(what="touched", ids=_touch(outbox, one.id, one.key, rng))
            time.sleep(0.005)


def _touch(outbox: Outbox, id_: int, key: str, rng: random.Random) -> list[int]:
    """Do something to a task; returns the tasks that may be called once more for it."""
    what = rng.choice(["cancel", "resend", "take away", "put back", "undo", "rewrite"])
    if what == "cancel":
        outbox.decide([id_], Status.CANCELLED, who="w", why="y", of=[Status.QUEUED, Status.IN_DOUBT])
    elif what == "resend":
        outbox.resend("sample", key, ["group"], who="w", why="y")
    elif what == "undo":
        for decision in outbox.decisions(1, task=id_):
            outbox.undo(decision.id, who="w", why="y")
    elif what == "rewrite":
        to = f"to {rng.randrange(RECIPIENTS)}"
        wanted = [[Rewrite(task=task, recipient=to, text="mended")] for task in outbox.tasks(Filter(ids=(id_,)))]
        outbox.rewrite(wanted, who="w", why="y")
    elif what == "put back":
        moved = outbox.decide([id_], Status.QUEUED, who="w", why="y", of=[Status.IN_DOUBT, Status.CANCELLED])
        return [task.id for task in moved]
    else:
        for one in _on_wire(outbox, id_):
            outbox.expire(one, Outcome.unknown("lease_expired"), LOST)
    return []


def _on_wire(outbox: Outbox, id_: int) -> Iterator[Claim]:
    return (one for one in outbox.on_wire() if one.task.id == id_)
