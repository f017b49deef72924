"""A project in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[Sequence[str]], CliWorld]:
    def make(moods: Sequence[str]) -> CliWorld:
        return CliWorld(tmp_path / "world", moods)

    return make


@pytest.fixture
def world(make_world: Callable[[Sequence[str]], CliWorld]) -> CliWorld:
    """Two contracts, nothing done yet."""
    return make_world((FINE, FINE))
