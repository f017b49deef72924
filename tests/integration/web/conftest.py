"""Worlds that are served, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
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


HERE = Path(__file__).parent

KEPT = pytest.StashKey[tuple[Chromium, ExitStack]]()


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """One for all tests of this folder, as it is begun."""
    stash = request.session.stash
    if KEPT not in stash:
        ending = ExitStack()
        stash[KEPT] = ending.enter_context(chromium(ending.enter_context(sync_playwright()))), ending
        request.config.add_cleanup(ending.close)  # where the run is given up
    found, _ = stash[KEPT]
    yield found
    found.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End the browser before a test elsewhere: while playwright is there, no other loop of events runs here."""
    yield
    if KEPT in item.session.stash and (nextitem is None or not nextitem.path.is_relative_to(HERE)):
        _, ending = item.session.stash[KEPT]
        del item.session.stash[KEPT]
        ending.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
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
