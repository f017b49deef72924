"""Workers on one desktop, killed and stopped: nothing is flagged that was not tried, or sent that was cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld, contract
from processes import running, wait_until

pytestmark = pytest.mark.crash

DESK = '''
import os, time


def send(recipient, text):
    """Note the call, and take as long as it is told; say nothing of what came of it."""
    with open(os.environ["DESK_BOOK"], "a") as book:
        book.write(text + "\\n")
    time.sleep(float(os.environ["DESK_SECONDS"]))
'''


@pytest.fixture
def world(tmp_path: Path) -> CliWorld:
    world = CliWorld(tmp_path / "world", (FINE,) * 8, {"DESK_BOOK": str(tmp_path / "book.txt"), "DESK_SECONDS": "0"})
    (world.folder / "slow_desk.py").write_text(DESK, encoding="utf-8")
    text = world.project.read_text(encoding="utf-8")
    start = text.index("desk_")
    world.project.write_text(text[:start] + "slow_desk" + text[text.index(":send", start) :], encoding="utf-8")
    world.edit("notifykit.yaml", "workers: 2, lease: 5", "workers: 4, lease: 2")
    world.edit("campaigns/beijing.yaml", "    template: '签约", "    on_unknown: assume_sent\n    template: '签约")
    # Without awards, so that the desk alone is at work.
    world.write_rows([contract(number), "测试管家", "0", "N", ""] for number in range(1, 9))
    assert world.run("generate").returncode == 0
    return world


def calls(world: CliWorld) -> list[str]:
    book = Path(world.environment["DESK_BOOK"])
    return book.read_text(encoding="utf-8").splitlines() if book.exists() else []


@contextmanager
def dispatching(world: CliWorld, seconds: int) -> Iterator[subprocess.Popen[str]]:
    """A dispatcher whose first call takes its time."""
    environment = {**world.in_process, "DESK_SECONDS": f"{seconds}"}
    with running([*world.command, "dispatch"], env=environment, stderr=subprocess.PIPE) as worker:
        wait_until(lambda: bool(calls(world)))
        yield worker


def test_what_a_kill_left_is_counted_as_sent_only_where_it_was_called(world: CliWorld) -> None:
    with dispatching(world, 60) as worker:
        worker.kill()
        worker.wait()
    begun = len(calls(world))
    with world.outbox() as outbox:
        assert len(outbox.on_wire()) == begun == 1
    assert world.run("run", "--once").returncode in (0, 3)
    called = {text.split()[1] for text in calls(world)}
    flagged = {row["合同ID(_id)"] for row in world.rows() if row["是否发送通知"] == "Y"}
    assert flagged == called == {contract(number) for number in range(1, 9)}
    assert len(calls(world)) == 8, "none twice"


@pytest.mark.long
def test_a_worker_that_was_stopped_sends_nothing_that_was_cancelled_meanwhile(world: CliWorld) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows stops no process")
    with dispatching(world, 3) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
        assert world.run("dispatch").returncode in (0, 3), "it takes what stands still for a lease, and sends the rest"
        sent = calls(world)
        os.kill(worker.pid, signal.SIGCONT)
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    assert sorted(calls(world)) == sorted(sent)
    assert len({text.split()[1] for text in sent}) == len(sent) == 8
