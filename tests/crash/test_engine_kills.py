"""Three workers over PostgreSQL, with clocks that differ by hours: killed, cut off, their server restarted.

Nothing is lost, nothing is sent twice.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from counting_server import counting_server
from engine_world import EngineWorld, cut, standing_still, stop, workers
from postgres_server import own_server
from processes import wait_until

from notifykit.demo.server import QUICK, Server
from notifykit.errors import StoreError

pytestmark = [
    pytest.mark.crash,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed"),
]

PROCESSES = 3
CHANNELS = 4
THREADS = 4
ON_WIRE = CHANNELS * THREADS
"""Calls of one process at once."""


Processes = list[subprocess.Popen[str]]
Blow = Callable[[EngineWorld, Server, random.Random, Processes], None]


CLOCKS = (-3600.0, 0.0, 3600.0)
"""Seconds by which the clock of a process is ahead."""


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of it."""

    blows: int
    messages: int
    doubts: int
    problems: Sequence[str]

    def __str__(self) -> str:
        return f"{self.blows} blows, {self.messages} messages, {self.doubts} in doubt, wrong: {len(self.problems)}"


def storm(
    folder: Path,
    blow: Blow,
    *,
    blows: int,
    count: int,
    command: Sequence[str] = ("worker",),
) -> Storm:
    """Strike so often while messages are sent, then wait until nothing is left to do."""
    rng = random.Random(7)
    # Where the server itself is stopped as by a crash, what it has promised must be on the disk.
    with own_server(() if blow is restart else QUICK) as server, counting_server() as service:
        service.before = lambda _body: time.sleep(0.02)
        # A worker that lives renews its claims within a lease, also where the machine has much else to do.
        lease = 8.0 if blow in (restart, cut_off) else 2.0
        world = EngineWorld(folder, service, server.address, count, CHANNELS, THREADS, lease)

        def begun() -> subprocess.Popen[str]:
            return world.begin(world.fast_command(rng.choice(CLOCKS), *command))

        with workers(world, 0) as processes:
            processes += [begun() for _ in range(PROCESSES)]
            wait_until(lambda: len(service.accepted) > 20)
            for _ in range(blows):
                time.sleep(rng.uniform(0.1, 0.6))
                blow(world, server, rng, processes)
                processes[:] = [one if one.poll() is None else begun() for one in processes]
            doubts = 0

            def at_rest() -> bool:
                nonlocal doubts
                try:
                    doubts += world.doubts()
                    return world.settled()
                except StoreError as error:
                    if not error.passing:
                        raise
                    return False

            wait_until(at_rest, patience=300, every=0.5)
            codes = stop(processes)
            assert set(codes) == {0} or "worker" not in command, world.said()
        return Storm(blows, len(world.due), doubts, world.problems())


def kill(world: EngineWorld, server: Server, rng: random.Random, processes: Processes) -> None:
    victim = rng.choice(processes)
    victim.kill()
    victim.wait()


def restart(world: EngineWorld, server: Server, rng: random.Random, processes: Processes) -> None:
    server.restart("immediate")


def cut_off(world: EngineWorld, server: Server, rng: random.Random, processes: Processes) -> None:
    cut(server.address, 3)


def stand_still(world: EngineWorld, server: Server, rng: random.Random, processes: Processes) -> None:
    """One sleeps beyond its lease, and wakes."""
    with standing_still(rng.choice(processes)):
        time.sleep(world.lease * 1.5)
    # What was on its way to the wire goes out now: who asks the service what arrived waits for that.
    time.sleep(1.0)


@pytest.mark.long
@pytest.mark.parametrize(
    ("blow", "blows", "most"), [(kill, 5, ON_WIRE), (restart, 2, ON_WIRE * PROCESSES), (cut_off, 6, 0)]
)
def test_a_short_storm(tmp_path: Path, blow: Blow, blows: int, most: int) -> None:
    """`most`: calls on the wire at a blow, and so doubts."""
    came = storm(tmp_path / "world", blow, blows=blows, count=150)
    assert came.problems == []
    assert came.doubts <= blows * most, came


@pytest.mark.long
def test_processes_of_run_without_workers(tmp_path: Path) -> None:
    came = storm(tmp_path / "world", kill, blows=3, count=80, command=("run", "--interval", "1"))
    assert came.problems == []
    assert came.doubts <= 3 * ON_WIRE, came


@pytest.mark.deep
@pytest.mark.parametrize(
    ("blow", "blows", "most"),
    [
        (kill, 100, ON_WIRE),
        (restart, 20, ON_WIRE * PROCESSES),
        (cut_off, 80, 0),
        (stand_still, 10, ON_WIRE),
    ],
)
@pytest.mark.parametrize("command", [("worker",), ("run", "--interval", "1")], ids=["worker", "run"])
def test_a_long_storm(
    tmp_path: Path, blow: Blow, blows: int, most: int, command: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    came = storm(tmp_path / "world", blow, blows=blows, count=3_000, command=command)
    with capsys.disabled():
        print(f"\n{command[0]}, {blow.__name__}: {came}")
    assert came.problems == []
    assert came.doubts <= blows * most, came
