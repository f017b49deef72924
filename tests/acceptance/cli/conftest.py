"""Worlds for real processes: a small project, and one whose group messages go to a slow service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld, make_world, world
from counting_server import counting_server
from slow_service import SlowService

__all__ = ["make_world", "service", "slow_world", "world"]


@pytest.fixture
def service() -> Iterator[SlowService]:
    with counting_server() as server:
        slow = SlowService(server)
        yield slow
        slow.gate.set()


@pytest.fixture
def slow_world(tmp_path: Path, service: SlowService) -> CliWorld:
    """Twenty contracts whose group messages are queued for the slow service; two are sent at a time."""
    slow = CliWorld(tmp_path / "world", [FINE] * 20, {"TEST_SERVICE_URL": service.server.url})
    slow.edit("notifykit.yaml", "beijing-group: ", "beijing-group: {type: webhook, url: {env: TEST_SERVICE_URL}} #")
    slow.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    slow.edit("campaigns/beijing.yaml", 'when: record["激活奖励状态"] == "1"', "when: false")
    assert slow.invoke("generate").exit_code == 0
    return slow
