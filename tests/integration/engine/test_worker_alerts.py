"""Alerts of several workers over one store: each is told once, whichever of them looks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from counting_server import CountingServer
from engine_world import EngineWorld, stop, workers
from processes import wait_until

from notifykit.model import FOREVER, Status
from notifykit.outbox.values import ALERTS_CAMPAIGN, Filter
from notifykit.wording import Reason

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed")

ALERTS = """
alerts:
  channel: duty
  recipient: duty
  quiet: 0
  every: 1s
  conditions: {paused: {}}
"""


@pytest.mark.long
def test_a_pause_is_told_once_and_so_is_its_end(tmp_path: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(tmp_path / "world", service, store, count=3, channels=2)
    file = world.folder / "notifykit.yaml"
    duty = f"senders:\n  duty: {{type: file, path: {world.folder}/duty.jsonl}}\n"
    file.write_text(file.read_text(encoding="utf-8").replace("senders:\n", duty) + ALERTS, encoding="utf-8")
    told = world.folder / "duty.jsonl"

    def lines() -> list[str]:
        texts = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        return [line for text in texts for line in json.loads(text)["text"].split("\n")[1:]]

    def completed() -> bool:
        return {task.status for task in outbox.tasks(Filter(campaign=ALERTS_CAMPAIGN))} == {Status.COMPLETED}

    with workers(world, 2) as processes:
        wait_until(world.settled)
        outbox = world.outbox()
        outbox.pause("lane-1", FOREVER, Reason("bad key"))
        wait_until(lambda: len(lines()) == 1)
        outbox.resume("lane-1", who="me", why="mended")
        wait_until(lambda: len(lines()) == 2)
        wait_until(completed)
        assert stop(processes) == [0, 0]
    began, over = lines()
    assert began == "paused/lane-1 began: channel lane-1 is paused (bad key)"
    assert over.startswith("paused/lane-1 is over after ")
    assert {item.campaign for item in world.outbox().figures()} == {"c-lane-0", "c-lane-1"}
    world.close()
