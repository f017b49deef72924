"""Workers that tell six services at once are killed at random: nothing is lost, and nothing is told twice.

What is in doubt then are the calls that were on the wire at a kill, and no others: the store says which these were
while the worker is stopped, the services which of them came.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from channel_world import CHANNELS, HOLDING, ChannelWorld, channel_world

from notifykit.model import Claim, Verdict
from notifykit.outbox.protocol import Outbox
from notifykit.outbox.sqlite.store import SqliteOutbox
from notifykit.outbox.values import Filter

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no process"),
]

PROCESSES = 3
THREADS = 6
PATIENCE = 60.0
"""Seconds that a busy machine may need beyond its time to tell every service something."""

Worker = subprocess.Popen[bytes]


@dataclass
class Storm:
    """What was done and seen."""

    kills: int = 0
    messages: int = 0
    on_wire: dict[tuple[int, int], str] = field(default_factory=dict)
    """The calls that were under way at a kill, by task and number: how far they had come."""
    doubts: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    """Those on the wire that cannot be repeated."""
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = Counter(self.on_wire.values())
        lost = sum(problem.startswith("lost ") for problem in self.wrong)
        twice = sum(" x " in problem for problem in self.wrong)
        ways = ", ".join(f"{kinds[kind]} {kind}" for kind in ("not there yet", "not answered", "answered too late"))
        return (
            f"six channels: {self.kills} kills of {PROCESSES} workers with {THREADS} threads, {self.messages} messages;"
            f" lost {lost}, duplicates {twice}; on the wire {len(self.on_wire)} ({ways}),"
            f" in doubt {len(self.doubts)} of {len(self.held)} that cannot be repeated"
        )


def storm(folder: Path, *, seconds: float, orders: int, seed: int) -> Storm:
    rng = random.Random(seed)
    seen = Storm()
    with (
        channel_world(folder, count=orders, workers=THREADS) as world,
        closing(SqliteOutbox.open(world.store)) as outbox,
    ):
        processes: list[Worker] = []
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end or not _everywhere(world):
                assert time.monotonic() < end + PATIENCE, "a service was told nothing"
                while len(processes) < PROCESSES:
                    processes.append(
                        subprocess.Popen(
                            world.command,
                            env=world.environment,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL,
                        )
                    )
                time.sleep(rng.uniform(0.2, 1.0))
                world.append()
                kill(processes.pop(rng.randrange(len(processes))), world, outbox, seen)
        finally:
            while processes:
                kill(processes.pop(), world, outbox, seen)
        seen.messages = world.count * len(CHANNELS)
        seen.doubts = world.recover()
        seen.wrong = [*world.problems(), *_unaccounted(world, outbox, seen)]
    return seen


def kill(victim: Worker, world: ChannelWorld, outbox: Outbox, seen: Storm) -> None:
    """Kill a worker, and keep which of its calls were under way."""
    assert victim.poll() is None, "a worker ended by itself"
    victim.send_signal(getattr(signal, "SIGSTOP"))  # noqa: B009 - not on Windows
    os.waitpid(victim.pid, getattr(os, "WUNTRACED"))  # noqa: B009 - it is stopped, and has not ended
    for claim in outbox.on_wire():
        if f":{victim.pid}:" in claim.worker:
            seen.on_wire[claim.task.id, claim.token] = _how_far(claim, world, outbox)
            if claim.task.channel in HOLDING:
                seen.held.add(claim.task.id)
    victim.kill()
    victim.wait()
    seen.kills += 1


def _how_far(claim: Claim, world: ChannelWorld, outbox: Outbox) -> str:
    before = sum(one.verdict not in (None, Verdict.UNKNOWN) for one in outbox.attempts(claim.task.id))
    if world.answered(claim.task) > before:
        return "answered too late"
    return "not answered" if world.came(claim.task) > before else "not there yet"


def _unaccounted(world: ChannelWorld, outbox: Outbox, seen: Storm) -> Iterator[str]:
    """Say which calls the store does not know, or does not know to be doubtful."""
    given_up: set[tuple[int, int]] = set()
    for task in outbox.tasks(Filter()):
        attempts = outbox.attempts(task.id)
        lost = {(task.id, one.number) for one in attempts if one.verdict is Verdict.UNKNOWN}
        given_up |= lost
        came, known = world.came(task), len(attempts) - len(lost)
        if not known <= came <= len(attempts):
            yield f"task {task.id}: {came} calls came, {known} outcomes and {len(lost)} doubts are known"
    for task_id, number in given_up ^ seen.on_wire.keys():
        yield f"task {task_id}, attempt {number}: on the wire at a kill, or given up, and not both"


def _everywhere(world: ChannelWorld) -> bool:
    """Whether every service was told something, before anybody looks after it."""
    return {key.split("/")[2] for key in world.delivered()} == set(CHANNELS)


@pytest.mark.long
def test_a_short_storm(tmp_path: Path) -> None:
    seen = storm(tmp_path / "world", seconds=5, orders=40, seed=1)
    assert seen.wrong == []
    assert seen.kills > PROCESSES
    assert seen.doubts == seen.held


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_a_minute_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = storm(tmp_path / "world", seconds=60, orders=600, seed=2)
    with capsys.disabled():
        print(f"\n{seen}")
    assert seen.wrong == []
    assert seen.doubts == seen.held
