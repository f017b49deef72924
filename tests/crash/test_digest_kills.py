"""SIGKILL while digests are gathered, sent and recorded: nothing is lost, nothing doubled, and the flags are right.

Places are before system calls: between the gathering and the call (`connect`), in the call, before its result is
recorded. Doubts are no more than calls.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract_world import PASSES, ContractWorld
from counting_server import CountingServer, counting_server
from killing import STRACE, Killed, KillPoint, Sweep, kill_points, run_and_kill, sweep

from notifykit.model import Status
from notifykit.outbox.digests import is_digest
from notifykit.outbox.values import Filter
from notifykit.pipeline.run import Runner

pytestmark = pytest.mark.crash

COUNT = 12
WORKERS = 2
REDUCED = ("connect", "sendto", "pwrite64", "fdatasync")
"""Of which calls one point each is in `make test`. `make crash` has all of them."""

CAMPAIGN = """
name: contracts
source: {type: contract_csv, path: contracts.csv, key: 合同ID(_id)}
strategy: {type: contract}
retry: {attempts: 50, first: 0.05, factor: 1, jitter: 0}
messages:
  - name: group
    recipient: '群 {{ record["合同编号(contractdocNum)"] | last | int % 3 }}'
    template: '{{ record["合同编号(contractdocNum)"] }}'
    sender: service
    batch: {every: 0.05, max: 3, template: "{% for one in messages %}{{ one.text }}\\n{% endfor %}"}
"""


@dataclass
class DigestWorld(ContractWorld):
    """Contracts that are told of in digests of three."""

    campaign: str = CAMPAIGN

    def recover_digests(self, server: CountingServer) -> int:
        """Do what `recover` does, where a person decides about calls. Returns how many the start found in doubt."""
        project = self.opened()
        with closing(project.open_outbox()) as outbox:
            runner = Runner(project, outbox, project.campaigns())
            held = None
            for _ in range(PASSES):
                runner.once()
                doubts = [one for one in outbox.tasks(Filter(statuses=(Status.IN_DOUBT,))) if is_digest(one.campaign)]
                held = len(doubts) if held is None else held
                server.settle()
                for digest in doubts:
                    decision = Status.SENT if server.accepted[digest.idempotency_key] else Status.QUEUED
                    outbox.decide([digest.id], decision, who="test", why="the service says so", of=[Status.IN_DOUBT])
                if all(task.status is Status.COMPLETED for task in outbox.tasks(Filter())):
                    return held
            raise AssertionError([task for task in outbox.tasks(Filter()) if task.status is not Status.COMPLETED])

    def wrong(self, server: CountingServer) -> list[str]:
        """Say what is not as it must be."""
        told = Counter(line for body in server.bodies for line in body["text"].split())
        numbers = [f"YHWX-BJ-SDHY-{2025080000 + number}" for number in range(self.count)]
        found = [f"{number}: told {told[number]} times" for number in numbers if told[number] != 1]
        found += [f"{key}: {times} calls accepted" for key, times in server.accepted.items() if times > 1]
        return found + [f"flag of {key}: {flag}" for key, flag in self.flags().items() if flag != "Y"]


def sweep_of_dispatch(tmp_path: Path, kinds: tuple[str, ...] | None = None) -> Sweep:
    """Kill `dispatch` at one point of each of these calls; None: at all points."""
    assert STRACE is not None, "strace is missing; install it (Debian: apt-get install strace)"
    with counting_server() as server:
        world = DigestWorld(tmp_path / "world", server.url, count=COUNT, workers=WORKERS)
        subprocess.run(world.command("generate"), env=world.environment, check=True, capture_output=True)
        shutil.copytree(world.folder, tmp_path / "before")
        command = world.command("dispatch", "--once")
        points = kill_points(command, world.environment, tmp_path / "calls.log")
        if kinds is not None:
            of_each = ([point for point in points if point.call == kind] for kind in kinds)
            points = [some[len(some) // 2] for some in of_each if some]

        def kill(point: KillPoint) -> Killed:
            shutil.rmtree(world.folder)
            shutil.copytree(tmp_path / "before", world.folder)
            server.accepted.clear()
            server.bodies.clear()
            hit = run_and_kill(command, world.environment, point)
            return Killed(hit, world.recover_digests(server), world.wrong(server))

        return sweep(points, kill, most=WORKERS)


@pytest.mark.long
@pytest.mark.skipif(STRACE is None and not os.environ.get("CI"), reason="strace is missing (a failure in CI)")
def test_a_kill_at_a_call_of_each_kind(tmp_path: Path) -> None:
    done = sweep_of_dispatch(tmp_path, REDUCED)
    assert done.wrong == []
    assert "connect" in {point.call for point in done.reached}
    assert len(done.reached) >= 3


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_a_kill_at_every_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = sweep_of_dispatch(tmp_path)
    with capsys.disabled():
        print(f"\ndigests: {done} (at most {WORKERS} a kill)")
    assert done.wrong == []
    assert len(done.missed) <= len(done.reached) // 10


@pytest.mark.parametrize("accepts", [True, False])
def test_a_kill_in_the_call_leaves_one_doubt_and_loses_nothing(tmp_path: Path, *, accepts: bool) -> None:
    with counting_server() as server:
        world = DigestWorld(tmp_path / "world", server.url, count=COUNT, workers=1)
        subprocess.run(world.command("generate"), env=world.environment, check=True, capture_output=True)
        process = subprocess.Popen(world.command("dispatch", "--once"), env=world.environment)

        def kill(_: object) -> int | None:
            server.before = lambda _: None
            process.kill()
            process.wait()
            return None if accepts else 503

        server.before = kill
        assert process.wait(timeout=60) != 0
        assert world.recover_digests(server) == 1
        assert world.wrong(server) == []
