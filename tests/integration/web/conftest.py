"""Worlds that are served, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from uuid import uuid4

import pytest
from cli_world import DOUBTFUL, FINE, REFUSED, CliWorld, make_world
from page_browser import chromium
from page_server import Serve, serving
from playwright.sync_api import Browser, Playwright, sync_playwright

__all__ = ["make_world"]

MOODS = (FINE, DOUBTFUL, REFUSED, DOUBTFUL, FINE, DOUBTFUL)
"""Of six contracts three are in doubt, and one failed."""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as found:
        yield found


@pytest.fixture(autouse=True)
def _closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened in the browser: pages that look anew every few seconds go on doing so."""
    found: Browser | None = request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    yield
    for context in list(found.contexts) if found else ():
        context.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
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
