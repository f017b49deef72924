from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from program_world import ProgramWorld
from shim_world import Program, shimmed


@pytest.fixture
def world(tmp_path: Path) -> ProgramWorld:
    return ProgramWorld(tmp_path / "world")


@pytest.fixture
def program(world: ProgramWorld) -> Iterator[Program]:
    """The legacy program, loaded under the shim; its CSV is filled."""
    world.fill()
    with shimmed(world) as loaded:
        yield loaded
