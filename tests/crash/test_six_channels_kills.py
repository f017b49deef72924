"""Workers that tell six services at once are killed at random: nothing is lost, and nothing is told twice."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import pytest
from channel_world import CHANNELS, ChannelWorld, channel_world

pytestmark = pytest.mark.crash

PROCESSES = 3
THREADS = 6
PATIENCE = 60.0
"""Seconds that a busy machine may need beyond its time to tell every service something."""


def storm(folder: Path, *, seconds: float, orders: int, seed: int) -> tuple[int, int, int, list[str]]:
    """Return kills, messages, doubts, and what was wrong afterwards."""
    rng = random.Random(seed)
    kills = 0
    with channel_world(folder, count=orders, workers=THREADS) as world:
        processes: list[subprocess.Popen[bytes]] = []
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
                victim = processes.pop(rng.randrange(len(processes)))
                assert victim.poll() is None, "a worker ended by itself"
                victim.kill()
                victim.wait()
                kills += 1
        finally:
            for process in processes:
                process.kill()
                process.wait()
                kills += 1
        doubts = world.recover()
        return kills, world.count * len(CHANNELS), doubts, world.problems()


def _everywhere(world: ChannelWorld) -> bool:
    """Whether every service was told something, before anybody looks after it."""
    return {key.split("/")[2] for key in world.delivered()} == set(CHANNELS)


@pytest.mark.long
def test_a_short_storm(tmp_path: Path) -> None:
    kills, _, doubts, wrong = storm(tmp_path / "world", seconds=5, orders=40, seed=1)
    assert wrong == []
    assert kills > PROCESSES
    assert doubts <= kills * THREADS


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_a_minute_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kills, messages, doubts, wrong = storm(tmp_path / "world", seconds=60, orders=600, seed=2)
    lost = sum(problem.startswith("lost ") for problem in wrong)
    twice = sum(" x " in problem for problem in wrong)
    with capsys.disabled():
        print(
            f"\nsix channels: {kills} kills of {PROCESSES} workers with {THREADS} threads, {messages} messages;"
            f" lost {lost}, duplicates {twice}; in doubt {doubts} (at most {THREADS} a kill)"
        )
    assert wrong == []
    assert doubts <= kills * THREADS
