"""The pictures in the manual: made here, of the demonstration's world. `NOTIFYKIT_TEST_PICTURES=1` writes them anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from page_browser import Chromium, Watched, needs_chromium
from page_server import ANNA, Serve, Served, serving
from playwright.sync_api import Page, expect

from notifykit.demo import opening
from notifykit.demo.narration import Narrator
from notifykit.demo.world import OPENING, claimed

pytestmark = [needs_chromium, pytest.mark.long]

DOCS = Path(__file__).parents[3] / "docs"

LANGUAGES = {"en-GB": "", "zh-CN": ".zh-CN"}
"""What a browser asks for, and what is in the names of that manual's pages and pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page of the manual."""

    name: str
    path: str
    shows: tuple[str, str]
    """A text that must be there, in each language."""
    before: Callable[[Page], object] = lambda _: None
    """What is done before it is taken."""


PICTURES = (
    Picture(name="status", path="/", shows=("1 in doubt", "1 条存疑")),
    Picture(
        name="in-doubt",
        path="/in-doubt",
        shows=("P-06", "P-06"),
        before=lambda page: page.get_by_text(re.compile("What is known|已知情况")).first.click(),
    ),
    Picture(name="pictures", path="/pictures", shows=("Messages by hour and outcome", "按小时和结果的消息数")),
    Picture(
        name="trace",
        path="/trace?key=P-06",
        shows=("P-06 in campaign", "结果不明 lease_expired 第 1 次尝试的进程已不在"),
    ),
    Picture(name="wall", path="/?wall=1", shows=("A person is needed.", "需要人处理。")),
    Picture(
        name="decide",
        path="/decide?do=sent&status=in_doubt&back=/in-doubt",
        shows=("1 message would change:", "将改变 1 条消息："),
    ),
)


@dataclass
class Opening:
    """The project of the demonstration's opening, in which one message is in doubt."""

    project: Path


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("demo")
    with claimed(home):
        opening.play(home, Narrator(lambda _: None))
    with serving() as serve:
        yield _served(serve, home)


def _served(serve: Serve, home: Path) -> Served:
    return serve(Opening(home / OPENING / opening.FOLDERS[opening.OURS] / "notifykit.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_manual_has_a_picture_of_the_page(
    browser: Chromium, opened: Served, picture: Picture, language: str
) -> None:
    watched = Watched.of(browser, viewport={"width": 1_280, "height": 640}, device_scale_factor=1, locale=language)
    page = watched.page
    page.goto(opened.url(ANNA))
    page.goto(f"{opened.origin}{picture.path}")
    expect(page.get_by_text(picture.shows[language == "zh-CN"]).first).to_be_visible()
    picture.before(page)
    taken = page.screenshot(full_page=True)
    watched.require_quiet(opened.origin)
    file = DOCS / "images" / f"page-{picture.name}{LANGUAGES[language]}.png"
    if os.environ.get("NOTIFYKIT_TEST_PICTURES"):
        file.write_bytes(taken)
    assert file.read_bytes().startswith(taken[:8]), "NOTIFYKIT_TEST_PICTURES=1 makes it"
    assert f"](images/{file.name})" in (DOCS / f"page{LANGUAGES[language]}.md").read_text(encoding="utf-8")
