"""Worlds that are served, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from uuid import uuid4

import pytest
from cli_world import DOUBTFUL, FINE, REFUSED, CliWorld, make_world
from page_browser import Chromium, chromium
from page_server import Serve, serving
from playwright.sync_api import sync_playwright

__all__ = ["make_world"]

MOODS = (FINE, DOUBTFUL, REFUSED, DOUBTFUL, FINE, DOUBTFUL)
"""Of six contracts three are in doubt, and one failed."""


@pytest.fixture(scope="package")
def started() -> Iterator[Chromium]:
    """A browser for all of this folder. No longer: as long as playwright is there, so is its loop of events."""
    with sync_playwright() as playwright, chromium(playwright) as found:
        yield found


@pytest.fixture
def browser(started: Chromium) -> Iterator[Chromium]:
    yield started
    started.leave()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as found:
        yield found


@pytest.fixture(scope="package")
def lived(tmp_path_factory: pytest.TempPathFactory) -> CliWorld:
    """What `doubtful` is a copy of."""
    world = CliWorld(tmp_path_factory.mktemp("lived") / "world", MOODS)
    world.edit("campaigns/beijing.yaml", "strategy:", "order: none\nstrategy:")
    return world.lived()


@pytest.fixture
def doubtful(lived: CliWorld, tmp_path: Path) -> CliWorld:
    """A world in which messages are in doubt."""
    copytree(lived.folder, tmp_path / "world")
    world = lived.at(tmp_path / "world")
    (desk,) = world.folder.glob("desk_*.py")  # two modules of one name cannot be in one process
    renamed = desk.rename(desk.with_name(f"desk_{uuid4().hex}.py"))
    world.edit("notifykit.yaml", desk.stem, renamed.stem)
    return world
