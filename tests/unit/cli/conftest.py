"""A project in a folder, and a root logger that is as before afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cli_world import FINE, CliWorld


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[Sequence[str]], CliWorld]:
    def make(moods: Sequence[str]) -> CliWorld:
        return CliWorld(tmp_path / "world", moods)

    return make


@pytest.fixture
def world(make_world: Callable[[Sequence[str]], CliWorld]) -> CliWorld:
    """Two contracts, nothing done yet."""
    return make_world((FINE, FINE))
