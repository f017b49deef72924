"""`worker --metrics` answers scrapes, and workers count what they send together."""

from __future__ import annotations

import re
import sys
import urllib.request
from pathlib import Path

import pytest
from counting_server import CountingServer
from engine_world import EngineWorld, stop, workers
from processes import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PostgreSQL is not installed")


@pytest.mark.long
def test_workers_count_together_and_one_answers_scrapes(tmp_path: Path, store: str, service: CountingServer) -> None:
    world = EngineWorld(tmp_path / "world", service, store, count=10, channels=2)
    with workers(world, 2, "worker", "--metrics", "127.0.0.1:0") as processes:
        wait_until(world.settled)
        address = re.search(r"http://127\.0\.0\.1:\d+/metrics", world.said())
        assert address is not None
        with urllib.request.urlopen(address[0], timeout=30) as answer:
            scraped = answer.read().decode()
        assert 'notifykit_tasks{campaign="c-lane-0",status="queued"} 0.0' in scraped
        assert "notifykit_worker_last_seen_timestamp_seconds{worker=" in scraped
        assert stop(processes) == [0, 0]
    told = world.run("metrics").stdout
    found = re.findall(r'notifykit_attempts_total\{.*verdict="accepted"\} (\S+)', told)
    assert sum(map(float, found)) == len(world.due)
    assert 'verb="dispatch"' in told
    world.close()
