"""Worlds for real processes: a small project, and one whose group messages go to a slow service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld
from counting_server import counting_server
from slow_service import SlowService


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[Sequence[str]], CliWorld]:
    def make(moods: Sequence[str]) -> CliWorld:
        return CliWorld(tmp_path / "world", moods)

    return make


@pytest.fixture
def world(make_world: Callable[[Sequence[str]], CliWorld]) -> CliWorld:
    """Two contracts, nothing done yet."""
    return make_world((FINE, FINE))


@pytest.fixture
def service() -> Iterator[SlowService]:
    with counting_server() as server:
        slow = SlowService(server)
        yield slow
        slow.gate.set()


@pytest.fixture
def slow_world(tmp_path: Path, service: SlowService) -> CliWorld:
    """Twenty contracts whose group messages are queued for the slow service; two are sent at a time."""
    world = CliWorld(tmp_path / "world", [FINE] * 20, {"TEST_SERVICE_URL": service.server.url})
    world.edit("notifykit.yaml", "beijing-group: ", "beijing-group: {type: webhook, url: {env: TEST_SERVICE_URL}} #")
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    world.edit("campaigns/beijing.yaml", 'when: record["激活奖励状态"] == "1"', "when: false")
    assert world.invoke("generate").exit_code == 0
    return world
