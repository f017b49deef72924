"""Four workers that are killed at random, over and over, while contracts keep coming."""

from __future__ import annotations

import csv
import random
import subprocess
import time
from pathlib import Path

import pytest
from contract_world import ContractWorld, contract_row, tally
from counting_server import counting_server

pytestmark = pytest.mark.crash

PROCESSES = 4
THREADS = 2


def storm(tmp_path: Path, seconds: float, contracts: int, seed: int) -> tuple[int, int, int, list[str]]:
    """Return kills, messages, doubts, and what was wrong afterwards."""
    rng = random.Random(seed)
    kills = doubts = 0
    with counting_server() as server:
        world = ContractWorld(tmp_path / "world", server.url, count=contracts, workers=THREADS)

        def slowly(_body: object) -> None:
            time.sleep(0.02)

        server.before = slowly
        command = world.command("run", "--interval", "0.3")
        processes: list[subprocess.Popen[bytes]] = []
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                while len(processes) < PROCESSES:
                    processes.append(
                        subprocess.Popen(
                            command, env=world.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                        )
                    )
                time.sleep(rng.uniform(0.2, 1.0))
                with world.csv.open("a", encoding="utf-8", newline="") as file:
                    # The legacy job appends while everybody reads and flags.
                    csv.writer(file).writerow(contract_row(world.count, award=world.count % world.award_every == 0))
                    world.count += 1
                victim = processes.pop(rng.randrange(len(processes)))
                if victim.poll() is None:
                    victim.kill()
                    kills += 1
                victim.wait()
        finally:
            for process in processes:
                process.kill()
                process.wait()
                kills += 1
        doubts = world.recover(server)
        return kills, len(world.due), doubts, world.problems(server.accepted)


def test_a_short_storm(tmp_path: Path) -> None:
    kills, _, doubts, wrong = storm(tmp_path, seconds=6, contracts=150, seed=1)
    assert wrong == []
    assert kills >= PROCESSES
    assert doubts <= kills * THREADS


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_a_minute_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kills, messages, doubts, wrong = storm(tmp_path, seconds=60, contracts=2000, seed=2)
    with capsys.disabled():
        print(
            f"\nrandom kills: {kills} of {PROCESSES} workers with {THREADS} threads, {messages} messages;"
            f" {tally(wrong)}; in doubt {doubts} (at most {THREADS} a kill)"
        )
    assert wrong == []
    assert doubts <= kills * THREADS
